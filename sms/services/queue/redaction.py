"""Takes out what a message said. What is left: number, times, states, codes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sms.domain.lifecycle import Status
from sms.services.database import clock
from sms.services.database.bulk_sql import write_records

TEXTS = ("text", "raw_text", "parameters")
"""The columns of a message that hold what it says."""
_COLUMNS = {"message": "uuid", "status": "text"}
_MESSAGES = """
UPDATE sms_message AS m SET {nothing}, erased_at = {now}
FROM v WHERE m.id = v.message AND m.status = coalesce(v.status, m.status) AND {over}
"""
_ATTEMPTS = """
UPDATE sms_attempt AS a SET raw_request = NULL, raw_response = NULL
FROM v, sms_message m
WHERE m.id = v.message AND m.status = coalesce(v.status, m.status) AND {over} AND a.message_id = m.id
"""
_OVER = "m.status NOT IN ('queued', 'held', 'sending')"
"""Asked again when the row is locked: staff may send a message again at this very moment."""


def erase(messages: Sequence[uuid.UUID], *, status: Status | None = None) -> None:
    """Erase text, parameters and raw exchanges of these messages: all of them, or those that have this status."""
    records = [{"message": message, "status": status} for message in messages]
    now, times = clock.moment()
    nothing = ", ".join(f"{name} = NULL" for name in TEXTS)
    write_records(_MESSAGES.format(nothing=nothing, now=now, over=_OVER), _COLUMNS, records, *times)
    write_records(_ATTEMPTS.format(over=_OVER), _COLUMNS, records)
