"""What waits at each provider, and whether it may be called: asked at every turn of a dispatcher, with one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from . import clock
from .rows import as_time, read


@dataclass(frozen=True, slots=True)
class Gate:
    """A provider as the queue sees it."""

    provider: int
    otps_due: bool
    others_due: bool
    is_open: bool
    probe_at: datetime | None
    probe_until: datetime | None
    retry_at: datetime | None
    bad_calls: int


_GATES = """
SELECT s.provider_id,
       EXISTS (SELECT 1 FROM sms_message m WHERE m.status = 'queued' AND m.provider_id = s.provider_id
               AND m.is_otp = true AND m.due_at <= {now}),
       EXISTS (SELECT 1 FROM sms_message m WHERE m.status = 'queued' AND m.provider_id = s.provider_id
               AND m.is_otp = false AND m.due_at <= {now}),
       s.breaker = 'open', s.probe_at, s.probe_until, s.retry_at, s.bad_calls, {now}
FROM sms_providerstate s
"""


def look() -> tuple[datetime, list[Gate]]:
    """The database's time, and every provider's gate at that time."""
    if connection.vendor == "sqlite":
        now = clock.now()
        return now, [_gate(row) for row in read(_GATES.format(now="%s"), [now, now, now])]
    rows = read(_GATES.format(now="statement_timestamp()"))
    return (rows[0][8] if rows else clock.now()), [_gate(row) for row in rows]


def _gate(row: tuple[Any, ...]) -> Gate:
    times = (as_time(value) if value is not None else None for value in row[4:7])
    return Gate(row[0], bool(row[1]), bool(row[2]), bool(row[3]), *times, row[7])
