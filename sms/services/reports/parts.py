"""The parts of attempts, where a vendor reports on each part of a long message by itself."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from providers.base import MessageState
from sms.domain.parts import PartState
from sms.models import AttemptPart
from sms.services.database.bulk_sql import write_records

_COLUMNS = {
    "attempt": "uuid",
    "number": "smallint",
    "count": "smallint",
    "vendor_id": "text",
    "reported": "text",
    "final": "boolean",
}
_WRITE = """
INSERT INTO sms_attemptpart (attempt_id, number, count, vendor_message_id, reported, is_final)
SELECT v.attempt, v.number, v.count, v.vendor_id, v.reported, v.final FROM v WHERE true
ON CONFLICT (attempt_id, number) DO UPDATE SET count = excluded.count, reported = excluded.reported,
                                               is_final = excluded.is_final
"""


def add(attempt: uuid.UUID, part_ids: Sequence[str]) -> None:
    """Store the ids that the vendor gave the parts."""
    ids = enumerate(part_ids, 1)
    records = [record(attempt, number, PartState(len(part_ids)), vendor_id[:128]) for number, vendor_id in ids]
    write(records)


def record(attempt: uuid.UUID, number: int, part: PartState, vendor_id: str = "") -> dict[str, Any]:
    reported = {"reported": part.state, "final": part.is_final}
    return {"attempt": attempt, "number": number, "count": part.count, "vendor_id": vendor_id} | reported


def write(records: Sequence[Mapping[str, Any]]) -> None:
    write_records(_WRITE, _COLUMNS, records)


def read(attempts: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[int, PartState]]:
    """What was reported of the parts of these attempts, by their numbers."""
    found: dict[uuid.UUID, dict[int, PartState]] = {attempt: {} for attempt in attempts}
    rows = AttemptPart.objects.filter(attempt__in=attempts) if attempts else AttemptPart.objects.none()
    for attempt, number, count, reported, is_final in rows.values_list(*_READ):
        found[attempt][number] = PartState(count, MessageState(reported), is_final)
    return found


_READ = ("attempt_id", "number", "count", "reported", "is_final")
