"""Reads what was tried for a message since staff last queued it, and whether it may have been sent."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from providers.base import ApprovalKind, Failure, Sender
from providers.marking import N_
from providers.registry import SENDERS
from sms.domain.lifecycle import BAD_REPORTS, CallFacts, Status, Try, known_state
from sms.domain.status_descriptions import EARLIER_DECIDES, EVENT
from sms.domain.text import is_hidden
from sms.models import Attempt, Message, MessageEvent
from sms.services.database.bulk_sql import as_uuid, write_records

from . import redaction


class AttemptedMessage(Protocol):
    @property
    def id(self) -> uuid.UUID: ...
    @property
    def attempts_before(self) -> int: ...


def tries_of(messages: Iterable[AttemptedMessage]) -> dict[uuid.UUID, list[Try]]:
    """Each message's finished attempts, oldest first, with one query.

    An attempt that was reported as not sent counts as rejected: its provider is not tried again.
    """
    before = {message.id: message.attempts_before for message in messages}
    if not before:
        return {}
    attempts = Attempt.objects.filter(message_id__in=before, outcome__isnull=False).order_by("number")
    tries: dict[uuid.UUID, list[Try]] = {message: [] for message in before}
    for attempt in attempts.values_list(*_COLUMNS):
        message, number, provider, vendor, failure, code, reported, repeats, values = attempt
        if number > before[message]:
            adapter = SENDERS.get(vendor)
            doubts = (
                adapter is not None and doubted_approval(adapter, failure, code, (values or {}).values()) is not None
            )
            tries[message].append(Try(provider, _failure(failure, reported), doubts, repeats is not None))
    return tries


_COLUMNS = (
    *("message_id", "number", "provider_id", "provider__vendor", "failure", "code", "reported", "repeats"),
    "message__parameters",
)


def doubted_approval(
    adapter: Sender | type[Sender], failure: str, code: str, values: Iterable[object]
) -> ApprovalKind | None:
    """Which approval a failed call contradicts, if it does.

    Not that of the template if a value shows nothing: the vendor may have taken it for a missing parameter.
    """
    kind = adapter.approval_in_doubt(failure, code)
    return None if kind is ApprovalKind.TEMPLATE and any(map(_is_blank, values)) else kind


def _is_blank(value: object) -> bool:
    return all(character.isspace() or is_hidden(character) for character in str(value))


def _failure(failure: str, reported: str) -> Failure | None:
    if reported in BAD_REPORTS:
        return Failure.RECIPIENT
    return Failure(failure) if failure else None


_CALL_COLUMNS = ("message_id", "reference", "provider_id", "outcome", "reported")
_RESOLVED_COLUMNS = {"message": "uuid", "made": "smallint", "status": "text", "provider": "bigint", "detail": "text"}
_RESOLVE = """
UPDATE sms_message SET status = v.status, provider_id = v.provider, detail = v.detail, updated_at = %s,
       code = COALESCE((
    SELECT r.code FROM sms_deliveryreport r
    WHERE r.message_id = v.message AND r.provider_id = v.provider AND r.status = v.status AND r.applied
    ORDER BY r.id DESC LIMIT 1), '')
FROM v WHERE sms_message.id = v.message AND sms_message.status = 'unconfirmed' AND attempts_made = v.made
RETURNING sms_message.id, is_otp, code"""


def resolve_doubts(messages: Collection[uuid.UUID], now: datetime) -> None:
    """Give unconfirmed messages the state that their attempts gave them, where no later one is in doubt.

    Of a message that waited for another attempt, a report may have come before it ended; of one that staff resent,
    the earlier attempts are known. After a restored backup there may be attempts that are not stored, so parked
    messages stay unconfirmed.
    """
    waiting = _unconfirmed(messages) if messages else {}
    calls = _calls_of(waiting) if waiting else {}
    known = {message: known_state(facts) for message, facts in calls.items()}
    records = [_record(waiting[message], *state) for message, state in known.items() if state]
    resolved = {as_uuid(row[0]): row for row in write_records(_RESOLVE, _RESOLVED_COLUMNS, records, now)}
    for status in {record["status"] for record in records}:
        of_status = [each for each in records if each["status"] == status and each["message"] in resolved]
        kind = "doubt_resolved" if status == Status.UNDELIVERED else EARLIER_DECIDES
        decisions = {each["message"]: _decision(each, resolved[each["message"]][2]) for each in of_status}
        MessageEvent.add_by_rule(kind, now, decisions)
    redaction.erase_messages([message for message, row in resolved.items() if row[1]])


def _unconfirmed(messages: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Those of these messages that are unconfirmed, and were not parked."""
    parked = MessageEvent.objects.filter(message=OuterRef("pk"), kind="parked")
    found = Message.objects.filter(~Exists(parked), pk__in=messages, status=Status.UNCONFIRMED)
    rows = found.values_list("pk", "attempts_made", "provider")
    return {pk: {"message": pk, "made": made, "from": provider} for pk, made, provider in rows}


def _calls_of(messages: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[CallFacts]]:
    calls: dict[uuid.UUID, list[CallFacts]] = {}
    attempts = Attempt.objects.filter(message__in=messages).annotate(reference=Coalesce("repeats", "id"))
    for message, *columns in attempts.order_by("number").values_list(*_CALL_COLUMNS):
        calls.setdefault(message, []).append(CallFacts(*columns))
    return calls


def _record(message: Mapping[str, Any], status: Status, provider: int) -> dict[str, Any]:
    undelivered = N_("The vendor reported the earlier attempt as undelivered, and no later one was accepted.")
    detail = undelivered if status is Status.UNDELIVERED else EVENT[EARLIER_DECIDES]
    return {**message, "status": status, "provider": provider, "detail": detail}


def _decision(record: Mapping[str, Any], code: str) -> dict[str, Any]:
    moved = {"from": record["from"], "to": record["provider"]} if record["from"] != record["provider"] else {}
    return {"status": record["status"], "code": code} | moved
