"""The state of the queue: what is due, and which providers may be called. A worker reads it at every turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from providers.marking import N_
from sms.services.configuration.snapshot import Snapshot
from sms.services.database import bulk_sql, clock
from sms.services.database.bulk_sql import as_json, as_time

from . import outbox


@dataclass(frozen=True, slots=True)
class ProviderQueue:
    """A provider's part of the queue, and its circuit breaker."""

    provider: int
    otps_due: bool
    others_due: bool
    is_open: bool
    probe_at: datetime | None
    probe_until: datetime | None
    retry_at: datetime | None
    next_poll_at: datetime | None
    bad_calls: int

    def may_be_polled(self, now: datetime) -> bool:
        return self.next_poll_at is None or self.next_poll_at <= now

    def is_probe_due(self, now: datetime) -> bool:
        return self.is_open and self.probe_at is not None and self.probe_at <= now


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """The queue at one moment."""

    read_at: float
    """The monotonic time just before the query. Leases count from it, so a process that freezes later loses them."""
    now: datetime
    """The database's time."""
    providers: Sequence[ProviderQueue]
    partners: Sequence[int]
    """Partners with received messages to forward."""
    polls_due: bool
    stamp: int
    """The configuration's stamp, read with the same query as the breakers."""
    has_doubts: bool = False
    """Whether any approval is in doubt."""

    def closed_providers(self, config: Snapshot) -> dict[int, str]:
        """The providers that may not be called now, with the reason."""
        shut = {each.id: each for each in config.accounts.values() if not each.may_be_called}
        found = {key: N_("It is paused.") if each.paused else each.problem for key, each in shut.items()}
        for each in self.providers:
            if each.is_open:
                found[each.provider] = N_("Its circuit breaker is open.")
            elif each.retry_at is not None and each.retry_at > self.now:
                found[each.provider] = N_("It asked for a pause.")
        return found

    @property
    def is_anything_due(self) -> bool:
        sends = any(each.otps_due or each.others_due or each.is_probe_due(self.now) for each in self.providers)
        return sends or self.polls_due or bool(self.partners)


_FIRST_DUE = """
(SELECT m.due_at FROM sms_message m WHERE m.status = 'queued' AND m.provider_id = s.provider_id AND m.is_otp = {}
 ORDER BY m.due_at LIMIT 1)"""
_PARTS = {"first_otp_due": _FIRST_DUE.format("true"), "first_other_due": _FIRST_DUE.format("false")}
_PARTS["open_pushes"] = outbox.OPEN_PUSHES
_READ_QUEUE = """
SELECT {now}, (SELECT min(poll_at) FROM sms_attempt) <= {now},
       COALESCE((SELECT number FROM sms_configurationstamp WHERE id = 1), 0),
       (SELECT {as_array}(DISTINCT partner_id) FROM sms_inboundpush WHERE {open_pushes} AND due_at <= {now}),
       EXISTS (SELECT 1 FROM sms_approvaldoubt),
       s.provider_id, {first_otp_due} <= {now}, {first_other_due} <= {now},
       s.breaker = 'open', s.probe_at, s.probe_until, s.retry_at, s.next_poll_at, s.bad_calls
FROM (SELECT 1) AS one LEFT JOIN sms_providerstate s ON true
"""
"""It reads the first due time instead of EXISTS, because the ORDER BY makes PostgreSQL use the index. For EXISTS, with
statistics from a full queue, it would scan the whole table."""
_AS_ARRAY = {"postgresql": "json_agg", "sqlite": "json_group_array"}


def read_queue() -> QueueSnapshot:
    read_at = time.monotonic()
    now, times = clock.now_sql()
    found = bulk_sql.fetch_rows(_READ_QUEUE.format(now=now, as_array=_AS_ARRAY[connection.vendor], **_PARTS), times * 5)
    moment, polls_due, stamp, partners, has_doubts = found[0][:5]
    providers = [_provider_queue(row[5:]) for row in found if row[5] is not None]
    partners = as_json(partners) or ()
    return QueueSnapshot(read_at, as_time(moment), providers, partners, bool(polls_due), stamp, bool(has_doubts))


def _provider_queue(row: tuple[Any, ...]) -> ProviderQueue:
    times = (as_time(value) if value is not None else None for value in row[4:8])
    return ProviderQueue(row[0], bool(row[1]), bool(row[2]), bool(row[3]), *times, row[8])
