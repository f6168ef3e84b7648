"""Erases the texts of messages. Numbers, times, states and codes remain."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sms.domain.lifecycle import Status
from sms.services.database import clock
from sms.services.database.bulk_sql import write_records

TEXTS = ("text", "raw_text", "parameters")
"""The columns of a message that contain its text."""
_COLUMNS = {"message": "uuid", "status": "text"}
_MESSAGES = """
UPDATE sms_message AS m SET {nothing}, erased_at = {now}
FROM v WHERE m.id = v.message AND m.status = coalesce(v.status, m.status) AND {is_final}
"""
_ATTEMPTS = """
UPDATE sms_attempt AS a SET raw_request = NULL, raw_response = NULL
FROM v, sms_message m
WHERE m.id = v.message AND m.status = coalesce(v.status, m.status) AND {is_final} AND a.message_id = m.id
"""
_IS_FINAL = "m.status NOT IN ('queued', 'held', 'sending')"
"""PostgreSQL checks this again once it has the row's lock: staff may be sending the message again at the same time."""


def erase_messages(messages: Sequence[uuid.UUID], *, status: Status | None = None) -> None:
    """Erase texts, parameters and raw exchanges of these messages, or only of those with this status."""
    records = [{"message": message, "status": status} for message in messages]
    now, times = clock.now_sql()
    nothing = ", ".join(f"{name} = NULL" for name in TEXTS)
    write_records(_MESSAGES.format(nothing=nothing, now=now, is_final=_IS_FINAL), _COLUMNS, records, *times)
    write_records(_ATTEMPTS.format(is_final=_IS_FINAL), _COLUMNS, records)
