"""Erases the texts of messages with their raw exchanges and callbacks. Numbers, times, states and codes remain."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import connection

from sms.domain.lifecycle import Status
from sms.services.database import clock
from sms.services.database.bulk_sql import write_records

TEXTS = ("text", "raw_text", "parameters")
"""The columns of a message that contain its text."""
KEPT_FOR_REPEATS = timedelta(hours=24)
"""An erased message keeps its idempotency key for this time, in which an equal call is a repeat."""
_COLUMNS = {"message": "uuid", "status": "text"}
_MESSAGES = """
UPDATE sms_message AS m SET {nothing}, erased_at = {now},
       repeat_key = CASE WHEN m.created_at > {key_horizon} THEN m.repeat_key END
FROM v WHERE m.id = v.message AND m.status = coalesce(v.status, m.status) AND {is_final}
"""
_ATTEMPTS = """
UPDATE sms_attempt AS a SET raw_request = NULL, raw_response = NULL
FROM v, sms_message m
WHERE m.id = v.message AND m.status = coalesce(v.status, m.status) AND {is_final} AND a.message_id = m.id
"""
_CALLBACKS = """
, about AS (
    SELECT a.id FROM v JOIN sms_message m ON m.id = v.message JOIN sms_attempt a ON a.message_id = m.id
    WHERE m.status = coalesce(v.status, m.status) AND {is_final}
), found AS (
    SELECT k.id FROM about JOIN sms_callback k ON k.attempt_id = about.id
    UNION SELECT r.callback_id FROM about JOIN sms_deliveryreport r ON r.attempt_id = about.id
)
UPDATE sms_callback AS c SET {nothing} FROM found WHERE c.id = found.id AND c.read_at IS NOT NULL
"""
_THESE_CALLBACKS = "UPDATE sms_callback AS c SET {nothing} FROM v WHERE c.id = v.callback"
_IS_OF_ERASED = """
AND (
    EXISTS (SELECT 1 FROM sms_attempt a JOIN sms_message m ON m.id = a.message_id
            WHERE a.id = c.attempt_id AND m.erased_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM sms_deliveryreport r JOIN sms_message m ON m.id = r.message_id
               WHERE r.callback_id = c.id AND m.erased_at IS NOT NULL))
"""
_IS_FINAL = "m.status NOT IN ('queued', 'held', 'sending')"
"""PostgreSQL checks this again once it has the row's lock: staff may be sending the message again at the same time."""


def erase_messages(messages: Sequence[uuid.UUID], *, status: Status | None = None) -> None:
    """Erase texts, parameters and raw exchanges of these messages, or only of those with this status."""
    records = [{"message": message, "status": status} for message in messages]
    now, times = clock.now_sql()
    nothing = ", ".join(f"{name} = NULL" for name in TEXTS)
    statement = _MESSAGES.format(nothing=nothing, now=now, key_horizon="%s", is_final=_IS_FINAL)
    write_records(statement, _COLUMNS, records, *times, clock.now() - KEPT_FOR_REPEATS)
    write_records(_ATTEMPTS.format(is_final=_IS_FINAL), _COLUMNS, records)
    write_records(_CALLBACKS.format(is_final=_IS_FINAL, nothing=_empty_callback()), _COLUMNS, records)


def erase_callbacks(callbacks: Sequence[int], *, condition: str = "") -> None:
    statement = _THESE_CALLBACKS.format(nothing=_empty_callback()) + condition
    write_records(statement, {"callback": "bigint"}, [{"callback": callback} for callback in callbacks])


def erase_callbacks_of_erased(callbacks: Sequence[int]) -> None:
    """Erase those of these callbacks that are about a message whose text is erased."""
    erase_callbacks(callbacks, condition=_IS_OF_ERASED)


def _empty_callback() -> str:
    """The digest and the vendor's signature are erased too: a person with the key could try all codes with them."""
    empty = "''::bytea" if connection.vendor == "postgresql" else "x''"
    texts = "note = '', content_type = '', content_encoding = '', headers = ''"
    return f"body = NULL, query = {empty}, {texts}, body_digest = 'erased ' || c.id"
