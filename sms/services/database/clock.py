"""The database's clock: stored times are compared with it and with nothing else."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import UTC, datetime

from django.db import connection

from sms.domain.ids import uuid7

from . import bulk_sql


def now() -> datetime:
    """The database's time. SQLite lives in this process's machine and has the same clock."""
    if connection.vendor == "sqlite":
        return datetime.now(UTC)
    return bulk_sql.read("SELECT statement_timestamp()")[0][0]


def moment() -> tuple[str, list[datetime]]:
    """The time at which a statement is run, in SQL, and the parameters of that: for who does not know it yet."""
    return ("%s", [now()]) if connection.vendor == "sqlite" else ("statement_timestamp()", [])


def new_id() -> uuid.UUID:
    """An id of now. Parts of the millisecond stand before the randomness (RFC 9562, 6.2, method 3).

    So what one process accepts in turn is listed in turn, down to a quarter of a microsecond.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    return uuid7(milliseconds, (nanoseconds << 12) // 1_000_000 << 62 | secrets.randbits(62))
