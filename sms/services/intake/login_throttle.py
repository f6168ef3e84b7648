"""Log-ins of callers that fail: counted per user name and place, in the database, so that all processes know.

From a place with too many failures a user name is let in no more for a while, with the right secret neither; a place
from which the client has logged in before is never shut out, so nobody can lock a genuine caller out from beside it.
Names that nobody has are counted alike, in a few buckets, and cost the same time.
"""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta

import structlog
from django.db import Error, connection

from sms.models import LoginSource
from sms.services.configuration.snapshot import ClientFacts
from sms.services.database import clock

from .client_ip import Address, throttle_address

MOST_FAILURES = 20
WINDOW = timedelta(minutes=10)
TRUSTED_FOR = timedelta(days=30)
"""How long a log-in speaks for its place."""
BUCKETS = 4096
REMEMBERED = 10_000
"""Places that a process keeps in mind at the most."""
LOOK_AGAIN_AFTER = 3600.0
"""Seconds for which a process trusts what it knows of a genuine place."""

Source = Address | None

log = structlog.get_logger(__name__)
_genuine: dict[tuple[int, Source], float] = {}


def succeeded(client: ClientFacts, source: Source) -> bool:
    """The secret is right. May the caller in? Asked of the database once an hour per place and process."""
    known = _genuine.get((client.id, source))
    if known is not None and time.monotonic() - known < LOOK_AGAIN_AFTER:
        return True
    if _is_shut_out(str(client.id), source):
        return False
    _remember(client, source)
    return True


def failed(username: str, client: ClientFacts | None, source: Source) -> None:
    """Count a failure. A database that is away counts nothing; the caller gets its 401 all the same."""
    try:
        failures = _count(_account(username, client), _place(source))
    except Error as error:
        log.warning("login.not_counted", error=type(error).__name__)
        return
    if failures == MOST_FAILURES:
        log.warning("login.shut_out", client=client.username if client else "", source=_place(source))


def forget() -> None:
    _genuine.clear()


def _account(username: str, client: ClientFacts | None) -> str:
    if client is not None:
        return str(client.id)
    return f"nobody-{int(hashlib.sha256(username.encode()).hexdigest(), 16) % BUCKETS}"


def _place(source: Source) -> str:
    return str(throttle_address(source) or "")


def _is_shut_out(account: str, source: Source) -> bool:
    now = clock.now()
    row = LoginSource.objects.filter(account=account, source=_place(source)).first()
    if row is None or (row.succeeded_at is not None and row.succeeded_at > now - TRUSTED_FOR):
        return False
    is_recent = row.failures_since is not None and row.failures_since > now - WINDOW
    return is_recent and row.failures >= MOST_FAILURES


def _remember(client: ClientFacts, source: Source) -> None:
    LoginSource.objects.update_or_create(
        account=str(client.id), source=_place(source), defaults={"succeeded_at": clock.now()}
    )
    if len(_genuine) >= REMEMBERED:
        _genuine.clear()
    _genuine[client.id, source] = time.monotonic()


def _count(account: str, place: str) -> int:
    """This failure's number within its window."""
    now = clock.now()
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sms_loginsource AS s (account, source, failures, failures_since) VALUES (%s, %s, 1, %s) "
            "ON CONFLICT (account, source) DO UPDATE SET "
            "failures = CASE WHEN s.failures_since > %s THEN s.failures + 1 ELSE 1 END, "
            "failures_since = CASE WHEN s.failures_since > %s THEN s.failures_since ELSE excluded.failures_since END "
            "RETURNING failures",
            [account, place, adapt(now), adapt(now - WINDOW), adapt(now - WINDOW)],
        )
        return cursor.fetchone()[0]
