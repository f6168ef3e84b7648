"""The database's clock. Stored times are compared only with it, so clocks of machines may differ."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import UTC, datetime

from django.db import connection

from sms.domain.ids import uuid7

from . import bulk_sql


def now() -> datetime:
    """The database's time. SQLite runs in this process and has the same clock."""
    if connection.vendor == "sqlite":
        return datetime.now(UTC)
    return bulk_sql.fetch_rows("SELECT statement_timestamp()")[0][0]


def now_sql() -> tuple[str, list[datetime]]:
    """The current time as an SQL expression and its parameters, for a statement that would need a query for it."""
    return ("%s", [now()]) if connection.vendor == "sqlite" else ("statement_timestamp()", [])


def new_id() -> uuid.UUID:
    """A new id, with fractions of the millisecond before the random bits (RFC 9562, 6.2, method 3).

    So ids of one process are in the order of their creation, to a quarter of a microsecond.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    return uuid7(milliseconds, (nanoseconds << 12) // 1_000_000 << 62 | secrets.randbits(62))
