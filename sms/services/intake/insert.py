"""The INSERT of an accepted message, and the queries for its idempotency key (the column `repeat_key`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection

from sms.services.configuration.pseudonyms import pseudonym
from sms.services.database import bulk_sql, clock

IDEMPOTENCY_HOURS = 24
_TIMES = ("due_at", "expires_at", "created_at", "updated_at")
_VALUES = (
    "id",
    "client_id",
    "request_id",
    "repeat_key",
    "api_version",
    "sender",
    "to",
    "raw_text",
    "text",
    "newline_is_undecided",
    "is_otp",
    "is_test",
    "encoding",
    "segments",
    "smoothing",
    "template_version_id",
    "parameters",
    "decision",
    "status",
    "provider_id",
)
_CONSTANTS: Mapping[str, Any] = {
    "waiting_for": "",
    "attempts_made": 0,
    "attempts_before": 0,
    "in_doubt": False,
    "crashes": 0,
    "code": "",
    "detail": "",
}


def _statement(time: str) -> str:
    names = ", ".join(f'"{name}"' for name in (*_VALUES, *_CONSTANTS, *_TIMES))
    slots = ", ".join(["%s"] * (len(_VALUES) + len(_CONSTANTS)) + [time] * len(_TIMES))
    return (
        f"INSERT INTO sms_message ({names}) SELECT {slots} "  # noqa: S608 - our own column names
        "WHERE NOT EXISTS (SELECT 1 FROM sms_blockednumber WHERE phone IN (%s, %s)) ON CONFLICT (repeat_key) DO NOTHING"
    )


_INSERT = {
    "postgresql": _statement("statement_timestamp() + %s * interval '1 second'"),
    "sqlite": _statement("%s"),
}


def insert(values: Mapping[str, Any], *, due: bool, ttl: int) -> bool:
    """Write the row. False: a row with the same idempotency key exists, or the number is blocked.

    `ttl` is in seconds. The statement checks the block list itself, to save a query.
    """
    times = _times((0 if due else None, ttl, 0, 0))
    row = [*(values[name] for name in _VALUES), *_CONSTANTS.values(), *times, *spelled(values["to"])]
    with bulk_sql.prepared_cursor() as cursor:
        cursor.execute(_INSERT[connection.vendor], row)
        return cursor.rowcount == 1


def spelled(number: str) -> tuple[str, str]:
    """How the block list may hold a number: as it is, or as its pseudonym once it was forgotten."""
    return number, pseudonym(number)


def _times(seconds: tuple[int | None, ...]) -> list[Any]:
    """Parameters for times that are seconds from now. On PostgreSQL the statement adds them to the database's clock."""
    if connection.vendor == "postgresql":
        return list(seconds)
    now, adapt = clock.now(), connection.ops.adapt_datetimefield_value
    return [None if s is None else adapt(now + timedelta(seconds=s)) for s in seconds]


def find_duplicate(key: str) -> uuid.UUID | None:
    """The message that was accepted under this idempotency key within the last 24 hours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM sms_message WHERE repeat_key = %s AND created_at > %s", [key, _expiry()])
        row = cursor.fetchone()
    return row and (row[0] if isinstance(row[0], uuid.UUID) else uuid.UUID(row[0]))


def free_key(key: str | None) -> None:
    """Take the idempotency key from a message that is older than 24 hours, so that an equal call is a new message."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sms_message SET repeat_key = NULL WHERE repeat_key = %s AND created_at <= %s", [key, _expiry()]
        )


def _expiry() -> Any:
    """Keys of messages that were created up to this time have expired."""
    return connection.ops.adapt_datetimefield_value(clock.now() - timedelta(hours=IDEMPOTENCY_HOURS))
