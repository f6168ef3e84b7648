"""Stores the outcomes of a batch of calls in their messages and attempts: with one statement on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from sms.domain.lifecycle import Outcome
from sms.models import Attempt
from sms.services.database import clock
from sms.services.database.bulk_sql import Rows, as_uuid, one_commit, write_records
from sms.services.queue import redaction
from sms.services.queue.claimed_messages import EVENT_COLUMNS, add_events, have_events
from sms.services.queue.due import Due

_COLUMNS = {
    "message": "uuid",
    "attempt": "uuid",
    "status": "text",
    "provider": "bigint",
    "delay": "float8",
    "in_doubt": "boolean",
    "repeats": "uuid",
    "crashes": "smallint",
    "is_otp": "boolean",
    "erases": "boolean",
    "message_code": "text",
    "message_detail": "text",
    "outcome": "text",
    "failure": "text",
    "code": "text",
    "detail": "text",
    "vendor_message_id": "text",
    "http_status": "smallint",
    "raw_request": "text",
    "raw_response": "text",
    "poll_after": "float8",
}
_WITH_EVENTS = _COLUMNS | EVENT_COLUMNS
_SETTLE_MESSAGES = """
UPDATE sms_message SET status = v.status, provider_id = v.provider, due_at = {due_at}, in_doubt = v.in_doubt,
       repeats = v.repeats, crashes = v.crashes, code = v.message_code, detail = v.message_detail, lease_token = NULL,
       lease_until = NULL, updated_at = {now}, {erase_texts}
FROM v WHERE sms_message.id = v.message AND sms_message.status = 'sending' AND sms_message.lease_token = v.attempt
"""
_IS_OWNED = "m.id = v.message AND m.status = 'sending' AND m.lease_token = v.attempt"
_SETTLE_ATTEMPTS = """
UPDATE sms_attempt SET outcome = v.outcome, failure = v.failure, code = v.code, detail = v.detail,
       vendor_message_id = COALESCE(NULLIF(v.vendor_message_id, ''), sms_attempt.vendor_message_id),
       http_status = v.http_status, raw_request = {kept} v.raw_request END,
       raw_response = {kept} v.raw_response END, poll_at = {poll_at}, finished_at = {now}
FROM v WHERE sms_attempt.id = v.attempt AND sms_attempt.outcome IS NULL
RETURNING sms_attempt.id
"""
_ERASE_EARLIER = """
UPDATE sms_attempt SET raw_request = NULL, raw_response = NULL
FROM v, sms_message m WHERE v.erases AND m.id = v.message AND m.lease_token = v.attempt
                        AND sms_attempt.message_id = m.id AND sms_attempt.id <> v.attempt
"""
_ERASE_TEXTS = ", ".join(
    [f"{name} = CASE WHEN v.erases THEN NULL ELSE sms_message.{name} END" for name in redaction.TEXTS]
    + ["erased_at = CASE WHEN v.erases THEN {now} ELSE sms_message.erased_at END"]
)
_IS_OVER = """
v.is_otp AND EXISTS (SELECT 1 FROM sms_message m WHERE m.id = v.message
                     AND (m.erased_at IS NOT NULL OR v.erases AND m.lease_token = v.attempt))"""
_KEPT = f"CASE WHEN NOT ({_IS_OVER}) THEN"  # a report that came before the answer may have ended the OTP
_LATER = "statement_timestamp() + v.{} * interval '1 second'"
_ON_POSTGRESQL = {
    "kept": _KEPT,
    "now": "statement_timestamp()",
    "due_at": _LATER.format("delay"),
    "poll_at": _LATER.format("poll_after"),
    "erase_texts": _ERASE_TEXTS.format(now="statement_timestamp()"),
}
_SETTLE = ", moved AS ({} {}), erased AS ({}){} {}"


def _settle_sql(events: bool) -> str:
    """One statement. With decisions to record, it returns the messages that it moved to their INSERT."""
    moved, attempts = _SETTLE_MESSAGES.format(**_ON_POSTGRESQL), _SETTLE_ATTEMPTS.format(**_ON_POSTGRESQL)
    added = f", added AS ({add_events('statement_timestamp()')})" if events else ""
    return _SETTLE.format(moved, "RETURNING sms_message.id" if events else "", _ERASE_EARLIER, added, attempts)


def write(records: Sequence[Mapping[str, Any]]) -> set[uuid.UUID]:
    """Move messages that their leases still own out of `sending`, and store the outcomes of the calls, in one commit.

    Returns the attempts that had no outcome before.
    """
    if connection.vendor == "postgresql":
        events = have_events(records)
        ended = write_records(_settle_sql(events), _WITH_EVENTS if events else _COLUMNS, records)
    else:
        ended = _write_on_sqlite(records)
    return {as_uuid(row[0]) for row in ended}


def accept_unconfirmed(repeated: Sequence[Due]) -> None:
    """The vendor had the references that these messages repeated: an unconfirmed call with each was accepted."""
    if not repeated:
        return
    messages, references = [each.id for each in repeated], [each.repeats for each in repeated]
    calls = Attempt.objects.filter(Q(pk__in=references) | Q(repeats__in=references), message__in=messages)
    calls.filter(outcome=Outcome.UNCONFIRMED).update(outcome=Outcome.ACCEPTED)


def _write_on_sqlite(records: Sequence[Mapping[str, Any]]) -> Rows:
    now = clock.now()
    columns = {**_WITH_EVENTS, "due_at": "timestamptz", "poll_at": "timestamptz"}
    words = {"kept": _KEPT, "now": "%s", "due_at": "v.due_at", "poll_at": "v.poll_at"}
    words["erase_texts"] = _ERASE_TEXTS.format(now="%s")
    moves = [
        {**record, "due_at": _later(now, record["delay"]), "poll_at": _later(now, record["poll_after"])}
        for record in records
    ]
    with one_commit():
        if have_events(records):
            write_records(add_events("%s", f"sms_message AS m ON {_IS_OWNED}"), columns, moves, now)
        write_records(_ERASE_EARLIER, columns, moves)
        ended = write_records(_SETTLE_ATTEMPTS.format(**words), columns, moves, now)
        write_records(_SETTLE_MESSAGES.format(**words), columns, moves, now, now)
    return ended


def _later(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)
