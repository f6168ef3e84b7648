"""Limits on OTPs to one number and to one range of 100 numbers, against SMS pumping (artificially inflated traffic)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from sms.domain.codes import refuse
from sms.domain.ids import uuid7
from sms.services.configuration.snapshot import ClientFacts
from sms.services.database import clock

RANGE = "this range of 100 numbers in an hour"


@dataclass(frozen=True, slots=True)
class OtpLimit:
    """At most `count` OTPs within `window`. `client` is None if the OTPs of all clients count."""

    count: int
    window: timedelta
    numbers: Sequence[str]
    description: str
    client: int | None = None


def limits_of(client: ClientFacts, to: str) -> list[OtpLimit]:
    """The limits on an OTP to this number: first the client's own, then those for all clients. 0 means no limit.

    A client whose own limit is 0 is exempt from both. A limit for all clients is raised to the client's own if that is
    higher.
    """
    hundred = tuple(f"{to[:-2]}{last:02}" for last in range(100))
    scopes = (
        (client.otp_per_number, settings.OTP_PER_NUMBER, timedelta(minutes=10), (to,), "this number in 10 minutes"),
        (client.otp_per_range, settings.OTP_PER_RANGE, timedelta(hours=1), hundred, RANGE),
    )
    own = [OtpLimit(own, *scope, client=client.id) for own, _, *scope in scopes if own]
    return own + [OtpLimit(max(own, of_all), *scope) for own, of_all, *scope in scopes if own and of_all]


@contextmanager
def enforce(to: str, limits: Sequence[OtpLimit]) -> Iterator[None]:
    """A transaction that checks the limits. Until it ends, no other one counts or adds OTPs of this range.

    PostgreSQL needs an advisory lock; SQLite runs one writing transaction at a time. Raises Refusal (rate_limited, to).
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            name = hashlib.sha256(f"otp {to[:-2]}".encode()).digest()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name[:8], "big", signed=True)])
        _check(limits)
        yield


def _check(limits: Sequence[OtpLimit]) -> None:
    now = clock.now()
    for limit in limits:
        oldest = _nth_newest(limit, now)
        if oldest is not None:
            left = math.ceil((oldest + limit.window - now).total_seconds())
            whose = "OTPs of all clients" if limit.client is None else "OTPs"
            message = f"There were {limit.count:,} {whose} to {limit.description}: that is the most."
            raise refuse("rate_limited", "to", message, retry_after=max(1, left))


def _nth_newest(limit: OtpLimit, now: datetime) -> datetime | None:
    """When the limit's oldest OTP was accepted; None while there are fewer than the limit within the window.

    Ids increase with time, so the index on number and id gives only the messages of the window.
    """
    since = now - limit.window
    slots = ", ".join(["%s"] * len(limit.numbers))
    of_client, client = ("", ()) if limit.client is None else ("AND client_id = %s ", (limit.client,))
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT created_at FROM sms_message WHERE "to" IN ({slots}) AND id > %s AND is_otp '  # noqa: S608 - placeholders only
            f"{of_client}AND created_at > %s ORDER BY created_at DESC LIMIT 1 OFFSET %s",
            [*limit.numbers, _first_id(since), *client, _adapted(since), limit.count - 1],
        )
        row = cursor.fetchone()
    return row and _as_utc(row[0])


def _first_id(since: datetime) -> str:
    """Less than every id since that time. The extra minute allows for a process clock that differs."""
    return uuid7(int((since - timedelta(minutes=1)).timestamp() * 1000), 0).hex


def _adapted(time: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(time)


def _as_utc(value: datetime) -> datetime:
    """Raw SQL on SQLite returns times without a time zone."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)
