"""The database's clock: stored times are compared with it and with nothing else."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import UTC, datetime

from django.db import connection

from sms.domain.ids import uuid7


def now() -> datetime:
    """The database's time. SQLite lives in this process's machine and has the same clock."""
    if connection.vendor == "sqlite":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def new_id() -> uuid.UUID:
    return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))
