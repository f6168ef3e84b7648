"""Counts log-ins of an account from a source, in the database, so that all processes know.

Clients and staff share the table. A row has a bounded size: it holds digests and addresses, nothing that was submitted.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from sms.models import LoginSource
from sms.services.database import clock

TRUSTED_FOR = timedelta(days=30)
"""How long a log-in makes its source known to the account."""


def count_failure(account: str, source: str, window: timedelta) -> int:
    """Count the failure; returns how many there were within the window."""
    now = clock.now()
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sms_loginsource AS s (account, source, failures, failures_since) VALUES (%s, %s, 1, %s) "
            "ON CONFLICT (account, source) DO UPDATE SET "
            "failures = CASE WHEN s.failures_since > %s THEN s.failures + 1 ELSE 1 END, "
            "failures_since = CASE WHEN s.failures_since > %s THEN s.failures_since ELSE excluded.failures_since END "
            "RETURNING failures",
            [account, source, adapt(now), adapt(now - window), adapt(now - window)],
        )
        return cursor.fetchone()[0]


def failures_of(row: LoginSource | None, window: timedelta) -> int:
    """How many failures there were within the window."""
    if row is None or row.failures_since is None or row.failures_since <= clock.now() - window:
        return 0
    return row.failures


def is_known(row: LoginSource | None) -> bool:
    """Whether the account has lately logged in from this source."""
    return row is not None and row.succeeded_at is not None and row.succeeded_at > clock.now() - TRUSTED_FOR


def record_success(account: str, source: str) -> None:
    LoginSource.objects.update_or_create(account=account, source=source, defaults={"succeeded_at": clock.now()})
