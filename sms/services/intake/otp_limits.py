"""Caps on OTPs to one number and to one range of 100 numbers: against pumping, by which others earn from our texts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from sms.domain.codes import refuse
from sms.domain.ids import uuid7
from sms.services.configuration.snapshot import ClientFacts
from sms.services.database import clock

ACROSS = 2
"""Over all clients together a number or range gets at most so many times the calling client's own cap."""


@dataclass(frozen=True, slots=True)
class Cap:
    """`client` is None where the OTPs of all clients count."""

    most: int
    window: timedelta
    numbers: Sequence[str]
    words: str
    client: int | None = None


def caps_of(client: ClientFacts, to: str) -> list[Cap]:
    """The caps that hold for an OTP to this number; 0 is no cap."""
    stem = to[:-2]
    hundred = tuple(f"{stem}{number:02}" for number in range(100))
    caps = (
        (client.otp_per_number, timedelta(minutes=10), (to,), "OTPs to this number in 10 minutes"),
        (client.otp_per_range, timedelta(hours=1), hundred, "OTPs to this range of 100 numbers in an hour"),
    )
    own = [Cap(*cap, client=client.id) for cap in caps if cap[0]]
    across = [Cap(most * ACROSS, *rest) for most, *rest in caps if most]
    return own + across


@contextmanager
def one_at_a_time(to: str) -> Iterator[None]:
    """A transaction in which nobody else counts or adds OTPs to the range of this number.

    PostgreSQL holds an advisory lock to its end; SQLite's transactions are one at a time anyway.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            name = hashlib.sha256(f"otp {to[:-2]}".encode()).digest()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name[:8], "big", signed=True)])
        yield


def check(caps: Sequence[Cap]) -> None:
    """Raises Refusal (rate_limited, to), with the seconds until the cap has room again."""
    now = clock.now()
    for cap in caps:
        oldest = _nth_newest(cap, now)
        if oldest is not None:
            left = math.ceil((oldest + cap.window - now).total_seconds())
            words = f"There were {cap.most:,} {cap.words}: that is the most."
            raise refuse("rate_limited", "to", words, retry_after=max(1, left))


def _nth_newest(cap: Cap, now: datetime) -> datetime | None:
    """When the OTP was accepted that must leave the window first; None while there is room.

    Our ids rise with time, so the index on number and id finds the window's messages alone.
    """
    since = now - cap.window
    slots = ", ".join(["%s"] * len(cap.numbers))
    of_client, client = ("", ()) if cap.client is None else ("AND client_id = %s ", (cap.client,))
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT created_at FROM sms_message WHERE "to" IN ({slots}) AND id > %s AND is_otp '  # noqa: S608 - slots alone
            f"{of_client}AND created_at > %s ORDER BY created_at DESC LIMIT 1 OFFSET %s",
            [*cap.numbers, _first_id(since), *client, _adapted(since), cap.most - 1],
        )
        row = cursor.fetchone()
    return row and _as_time(row[0])


def _first_id(since: datetime) -> str:
    """Below every id of that time; a minute earlier, as ids carry our own clock."""
    return uuid7(int((since - timedelta(minutes=1)).timestamp() * 1000), 0).hex


def _adapted(time: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(time)


def _as_time(value: datetime) -> datetime:
    """SQLite gives raw rows their times without a zone; they are UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)
