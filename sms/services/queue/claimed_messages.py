"""Changes claimed messages before their calls begin: sets their templates, or queues them again.

No statement here locks rows: each names the lease that it must own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from sms.domain.lifecycle import Status
from sms.services.database import clock
from sms.services.database.bulk_sql import fetch_rows, is_one_of, list_parameter, one_commit, write_records

EVENT_COLUMNS = {"event": "text", "event_reason": "text", "decision": "jsonb"}
_ADD_EVENTS = """
INSERT INTO sms_messageevent (message_id, at, kind, actor, reason, detail, decision)
SELECT v.message, {now}, v.event, '', v.event_reason, '{{}}', v.decision FROM v JOIN {moved} WHERE v.event IS NOT NULL
"""
MOVED = "moved ON moved.id = v.message"


def add_events(now: str, moved: str = MOVED) -> str:
    """SQL that records the decisions of those records whose messages are changed. It joins them by `moved`."""
    return _ADD_EVENTS.format(now=now, moved=moved)


def have_events(records: Sequence[Mapping[str, Any]]) -> bool:
    return any(record.get("event") for record in records)


_TEMPLATE_COLUMNS = {"message": "uuid", "attempt": "uuid", "version": "bigint", "parameters": "jsonb"}
_SET_ON_MESSAGES = """
UPDATE sms_message SET template_version_id = v.version, parameters = v.parameters
FROM v WHERE sms_message.id = v.message AND sms_message.status = 'sending' AND sms_message.lease_token = v.attempt
"""
_SET_ON_ATTEMPTS = "UPDATE sms_attempt SET template_version_id = v.version FROM v WHERE sms_attempt.id = v.attempt"


def set_templates(records: Sequence[Mapping[str, Any]]) -> None:
    """Store the templates with which claimed messages are sent, and their parameters."""
    with one_commit():
        write_records(_SET_ON_MESSAGES, _TEMPLATE_COLUMNS, records)
        write_records(_SET_ON_ATTEMPTS, _TEMPLATE_COLUMNS, records)


_RESCHEDULE_COLUMNS = {
    "message": "uuid",
    "attempt": "uuid",
    "status": "text",
    "provider": "bigint",
    "due_at": "timestamptz",
    "waiting_for": "text",
    "crashes": "smallint",
    "code": "text",
    "detail": "text",
    **EVENT_COLUMNS,
}
_IS_OURS = """
sms_message.id = v.message AND (v.attempt IS NULL AND sms_message.status = 'queued'
                                OR sms_message.status = 'sending' AND sms_message.lease_token = v.attempt)"""
_RESCHEDULE = f"""
UPDATE sms_message SET status = v.status, provider_id = v.provider, due_at = v.due_at, waiting_for = v.waiting_for,
       crashes = COALESCE(v.crashes, sms_message.crashes), code = COALESCE(v.code, sms_message.code),
       detail = COALESCE(v.detail, sms_message.detail), lease_token = NULL, lease_until = NULL,
       attempts_made = sms_message.attempts_made - CASE WHEN v.attempt IS NULL THEN 0 ELSE 1 END,
       updated_at = CASE WHEN v.code IS NULL THEN sms_message.updated_at ELSE {{now}} END
FROM v WHERE {_IS_OURS}
RETURNING sms_message.id
"""
_DROP_ATTEMPTS = f"""
DELETE FROM sms_attempt WHERE id IN (SELECT v.attempt FROM v JOIN sms_message ON {_IS_OURS})
"""


def reschedule(records: Sequence[Mapping[str, Any]]) -> None:
    """Queue messages again, in one commit, with `due_at`, `provider` and `waiting_for`.

    A record with an `attempt` is about a claimed message whose call was not begun: the attempt is deleted. A record
    without one is about a queued message that the caller has locked. `crashes`, `code` and `detail` are written unless
    they are None, and an `event` with its `decision` in the same commit.
    """
    whole = [dict.fromkeys(_RESCHEDULE_COLUMNS) | {"status": Status.QUEUED} | dict(record) for record in records]
    if connection.vendor == "postgresql":
        moved = _RESCHEDULE.format(now="statement_timestamp()")
        added = f", added AS ({add_events('statement_timestamp()')})" if have_events(whole) else ""
        drop = "DELETE FROM sms_attempt USING v, moved WHERE moved.id = v.message AND sms_attempt.id = v.attempt"
        write_records(f", moved AS ({moved}){added} {drop}", _RESCHEDULE_COLUMNS, whole)
        return
    now = clock.now()
    with one_commit():
        if have_events(whole):
            write_records(add_events("%s", f"sms_message ON {_IS_OURS}"), _RESCHEDULE_COLUMNS, whole, now)
        write_records(_DROP_ATTEMPTS, _RESCHEDULE_COLUMNS, whole)
        write_records(_RESCHEDULE.format(now="%s"), _RESCHEDULE_COLUMNS, whole, now)


def give_back(attempts: Iterable[uuid.UUID]) -> None:
    """Queue the messages of these attempts again. None of the calls may have been begun."""
    wanted = f"outcome IS NULL AND {is_one_of('id', 'uuid')}"
    statement = f"SELECT message_id, id, provider_id FROM sms_attempt WHERE {wanted}"
    now = clock.now()
    reschedule(
        [
            {"message": row[0], "attempt": row[1], "provider": row[2], "due_at": now, "waiting_for": ""}
            for row in fetch_rows(statement, [list_parameter(attempts)])
        ]
    )
