"""What reports change, written for a batch: messages, attempts, and the stored reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sms.services.database.bulk_sql import write_records

Records = Sequence[Mapping[str, Any]]

_MOVE_COLUMNS = {
    "message": "uuid",
    "status": "text",
    "code": "text",
    "detail": "text",
    "provider": "bigint",
    "due_at": "timestamptz",
    "in_doubt": "boolean",
}
_MOVE = """
UPDATE sms_message SET status = v.status, code = v.code, detail = v.detail, updated_at = %s,
       provider_id = COALESCE(v.provider, sms_message.provider_id),
       due_at = COALESCE(v.due_at, sms_message.due_at),
       in_doubt = sms_message.in_doubt AND COALESCE(v.in_doubt, true),
       repeats = NULL, lease_token = NULL, lease_until = NULL
FROM v WHERE sms_message.id = v.message AND sms_message.status <> 'canceled'
"""
_REPORTED_COLUMNS = {"attempt": "uuid", "reported": "text", "final": "boolean", "vendor_id": "text"}
_REPORTED = """
UPDATE sms_attempt SET reported = v.reported,
       vendor_message_id = COALESCE(NULLIF(sms_attempt.vendor_message_id, ''), v.vendor_id),
       poll_at = CASE WHEN v.final OR v.reported = 'delivered' THEN NULL ELSE sms_attempt.poll_at END
FROM v WHERE sms_attempt.id = v.attempt
"""
_ROW_COLUMNS = {
    "id": "bigint",
    "provider": "bigint",
    "callback": "bigint",
    "attempt": "uuid",
    "message": "uuid",
    "status": "text",
    "state": "text",
    "final": "boolean",
    "left_us": "boolean",
    "failure": "text",
    "part": "smallint",
    "parts": "smallint",
    "price": "text",
    "vendor_at": "timestamptz",
    "reference": "text",
    "vendor_id": "text",
    "code": "text",
    "detail": "text",
    "applied": "boolean",
    "reason": "text",
    "is_waiting": "boolean",
    "is_poll": "boolean",
}
_ADD_ROWS = """
INSERT INTO sms_deliveryreport (provider_id, callback_id, attempt_id, message_id, status, reference, vendor_message_id,
                                code, detail, applied, reason, is_waiting, is_poll, state, is_final, "left", failure,
                                part, parts, price, vendor_at, received_at)
SELECT v.provider, v.callback, v.attempt, v.message, v.status, v.reference, v.vendor_id, v.code, v.detail, v.applied,
       v.reason, v.is_waiting, v.is_poll, v.state, v.final, v.left_us, v.failure, v.part, v.parts, v.price,
       v.vendor_at, %s
FROM v WHERE true
"""
_CHANGE_ROWS = """
UPDATE sms_deliveryreport SET attempt_id = v.attempt, message_id = v.message, applied = v.applied, reason = v.reason,
       is_waiting = v.is_waiting, reference = v.reference, vendor_message_id = v.vendor_id, code = v.code,
       detail = v.detail, price = v.price
FROM v WHERE sms_deliveryreport.id = v.id
"""


def move_messages(records: Records, now: datetime) -> None:
    write_records(_MOVE, _MOVE_COLUMNS, records, now)


def write_reported(records: Records) -> None:
    """What the vendor says of these attempts. A final report ends the polling."""
    write_records(_REPORTED, _REPORTED_COLUMNS, records)


def write_reports(records: Records, now: datetime) -> None:
    """Insert the reports, or update those that waited for their attempt."""
    write_records(_ADD_ROWS, _ROW_COLUMNS, [row for row in records if row["id"] is None], now)
    write_records(_CHANGE_ROWS, _ROW_COLUMNS, [row for row in records if row["id"] is not None])
