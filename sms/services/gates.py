"""What waits, and who may be called: asked at every turn of a dispatcher, in one go."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import clock, outbox, rows
from .rows import as_time
from .together import Rows, together


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

    def is_probe_due(self, now: datetime) -> bool:
        return self.is_open and self.probe_at is not None and self.probe_at <= now


@dataclass(frozen=True, slots=True)
class Look:
    """The queue as it is at one moment of the database's time."""

    asked: float
    """The monotonic time right before the question: leases count from there, however long we are frozen."""
    now: datetime
    gates: Sequence[Gate]
    partners: Sequence[int]
    """Those with received messages to be handed on."""
    polls_due: bool
    stamp: int
    """Of the configuration, as it is where the breakers are as they are here."""

    @property
    def is_anything_due(self) -> bool:
        sends = any(gate.otps_due or gate.others_due or gate.is_probe_due(self.now) for gate in self.gates)
        return sends or self.polls_due or bool(self.partners)


_FIRST_DUE = """
(SELECT m.due_at FROM sms_message m WHERE m.status = 'queued' AND m.provider_id = s.provider_id AND m.is_otp = {}
 ORDER BY m.due_at LIMIT 1)"""
_FIRST = {"first_otp_due": _FIRST_DUE.format("true"), "first_other_due": _FIRST_DUE.format("false")}
_LOOK = """
SELECT {now}, (SELECT min(poll_at) FROM sms_attempt) <= {now},
       COALESCE((SELECT number FROM sms_configurationstamp WHERE id = 1), 0), s.provider_id,
       {first_otp_due} <= {now}, {first_other_due} <= {now},
       s.breaker = 'open', s.probe_at, s.probe_until, s.retry_at, s.bad_calls
FROM (SELECT 1) AS one LEFT JOIN sms_providerstate s ON true
"""
"""The first of each, not whether there is one: that way the order alone leads to an index. Asked the other way, with
statistics of when the queue was full, PostgreSQL reads the whole table for one row that is there no more."""


def look() -> Look:
    with together():
        answer = ask()
    return answer()


def ask() -> Callable[[], Look]:
    asked = time.monotonic()
    now, times = clock.moment()
    answers = rows.ask(_LOOK.format(now=now, **_FIRST), times * 4), outbox.ask_partners_with_due_pushes(now, times)
    return lambda: _look(asked, *(answer() for answer in answers))


def _look(asked: float, found: Rows, partners: Rows) -> Look:
    now, polls_due, stamp = found[0][:3]
    gates = [_gate(row[3:]) for row in found if row[3] is not None]
    return Look(asked, as_time(now), gates, [partner for (partner,) in partners], bool(polls_due), stamp)


def _gate(row: tuple[Any, ...]) -> Gate:
    times = (as_time(value) if value is not None else None for value in row[4:7])
    return Gate(row[0], bool(row[1]), bool(row[2]), bool(row[3]), *times, row[7])
