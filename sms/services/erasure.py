"""Takes out what a message said. What is left: number, times, states, codes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sms.domain.lifecycle import Status

from . import clock
from .rows import ask_to_write

_COLUMNS = {"message": "uuid", "status": "text"}
_MESSAGES = """
UPDATE sms_message AS m SET text = NULL, raw_text = NULL, parameters = NULL, erased_at = {now}
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
    ask_to_write(_MESSAGES.format(now=now, over=_OVER), _COLUMNS, records, *times)
    ask_to_write(_ATTEMPTS.format(over=_OVER), _COLUMNS, records)
