"""The INSERT of an accepted message, and the queries for its idempotency key (the column `repeat_key`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from sms.services.database import bulk_sql, clock
from sms.services.queue.redaction import KEPT_FOR_REPEATS

from .block_list import spelled

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
_CONSTANTS: Mapping[str, str] = {
    "waiting_for": "''",
    "attempts_made": "0",
    "attempts_before": "0",
    "in_doubt": "false",
    "crashes": "0",
    "code": "''",
    "detail": "''",
}
"""SQL literals: a parameter costs time on both sides."""


@lru_cache(maxsize=16)
def _statement(vendor: str, numbers: int, keys: int) -> str:
    """The INSERT. `numbers` and `keys`: how many values it compares with the block list and earlier keys."""
    time = "statement_timestamp() + %s * interval '1 second'" if vendor == "postgresql" else "%s"
    names = ", ".join(f'"{name}"' for name in (*_VALUES, *_CONSTANTS, *_TIMES))
    slots = ", ".join(["%s"] * len(_VALUES) + [*_CONSTANTS.values()] + [time] * len(_TIMES))
    is_blocked = f"SELECT 1 FROM sms_blockednumber WHERE phone IN ({_slots(numbers)})"  # noqa: S608 - placeholders alone
    is_repeat = f" AND NOT EXISTS (SELECT 1 FROM sms_message WHERE repeat_key IN ({_slots(keys)}))" if keys else ""  # noqa: S608
    return (
        f"INSERT INTO sms_message ({names}) SELECT {slots} "
        f"WHERE NOT EXISTS ({is_blocked}){is_repeat} ON CONFLICT (repeat_key) DO NOTHING"
    )


def _slots(count: int) -> str:
    return ", ".join(["%s"] * count)


def insert(values: Mapping[str, Any], *, due: bool, ttl: int, other_keys: Sequence[str] = ()) -> bool:
    """Write the row. False: a row with the same idempotency key exists, or the number is blocked.

    `ttl` is in seconds. `other_keys`: the digests that older rows may have for the same idempotency key. The statement
    itself checks them and the block list, to save queries.
    """
    times = _times((0 if due else None, ttl, 0, 0))
    numbers = spelled(values["to"])
    row = [*(values[name] for name in _VALUES), *times, *numbers, *other_keys]
    with bulk_sql.prepared_cursor() as cursor:
        cursor.execute(_statement(connection.vendor, len(numbers), len(other_keys)), row)
        return cursor.rowcount == 1


def _times(seconds: tuple[int | None, ...]) -> list[Any]:
    """Parameters for times that are seconds from now. On PostgreSQL the statement adds them to the database's clock."""
    if connection.vendor == "postgresql":
        return list(seconds)
    now, adapt = clock.now(), connection.ops.adapt_datetimefield_value
    return [None if s is None else adapt(now + timedelta(seconds=s)) for s in seconds]


def find_duplicate(keys: Sequence[str]) -> uuid.UUID | None:
    """The message that was accepted under one of these idempotency keys within the last 24 hours."""
    statement = f"SELECT id FROM sms_message WHERE repeat_key IN ({_slots(len(keys))}) AND created_at > %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*keys, _expiry()])
        row = cursor.fetchone()
    return row and (row[0] if isinstance(row[0], uuid.UUID) else uuid.UUID(row[0]))


def free_keys(keys: Sequence[str]) -> None:
    """Take the idempotency keys from messages older than 24 hours, so that an equal call is a new message."""
    is_over = f"repeat_key IN ({_slots(len(keys))}) AND created_at <= %s"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE sms_message SET repeat_key = NULL WHERE {is_over}", [*keys, _expiry()])  # noqa: S608


def _expiry() -> Any:
    """Keys of messages that were created up to this time have expired."""
    return connection.ops.adapt_datetimefield_value(clock.now() - KEPT_FOR_REPEATS)
