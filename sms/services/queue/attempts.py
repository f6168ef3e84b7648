"""Reads what was tried for a message since staff last queued it, and whether it may have been sent."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

from providers.base import ApprovalKind, Failure, Sender
from providers.marking import N_
from providers.registry import SENDERS
from sms.domain.lifecycle import BAD_REPORTS, Status, Try
from sms.domain.text import is_hidden
from sms.models import Attempt, MessageEvent
from sms.services.database.bulk_sql import as_uuid, fetch_rows, is_one_of, list_parameter

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


_IS_BAD = f"reported IN ({', '.join(repr(state.value) for state in sorted(BAD_REPORTS))})"
_RESOLVE = f"""
UPDATE sms_message SET status = 'undelivered', detail = %s, updated_at = %s, code = COALESCE((
    SELECT r.code FROM sms_deliveryreport r
    WHERE r.message_id = sms_message.id AND r.status = 'undelivered' AND r.applied ORDER BY r.id DESC LIMIT 1), '')
WHERE {{named}} AND status = 'unconfirmed'
  AND EXISTS (SELECT 1 FROM sms_attempt a WHERE a.message_id = sms_message.id AND a.{_IS_BAD})
  AND NOT EXISTS (
    SELECT 1 FROM sms_attempt a WHERE a.message_id = sms_message.id
    AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unconfirmed')) AND NOT EXISTS (
      SELECT 1 FROM sms_attempt same WHERE same.message_id = a.message_id AND same.{_IS_BAD}
      AND COALESCE(same.repeats, same.id) = COALESCE(a.repeats, a.id)))
  AND NOT EXISTS (SELECT 1 FROM sms_messageevent e WHERE e.message_id = sms_message.id AND e.kind = 'parked')
RETURNING id, is_otp, code"""  # noqa: S608 - constants alone


def resolve_doubts(messages: Collection[uuid.UUID], now: datetime) -> None:
    """Change unconfirmed messages to `undelivered` where each attempt that may have sent them was reported so.

    Of a message that waited for another attempt, the report may have come before it ended. After a restored backup
    there may be attempts that are not stored, so parked messages stay unconfirmed.
    """
    if not messages:
        return
    detail = N_("The vendor reported the earlier attempt as undelivered, and no later one was accepted.")
    statement = _RESOLVE.format(named=is_one_of("id", "uuid"))
    resolved = fetch_rows(statement, [detail, now, list_parameter(messages)])
    decisions = {as_uuid(row[0]): {"status": Status.UNDELIVERED, "code": row[2]} for row in resolved}
    MessageEvent.add_by_rule("doubt_resolved", now, decisions)
    redaction.erase_messages([as_uuid(row[0]) for row in resolved if row[1]])
