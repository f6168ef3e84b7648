"""Delivery reports: applied by the state rules, in batches, and kept either way."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from providers.base import Report, ReportState
from sms.domain.lifecycle import Outcome, ReportEffect, Status, after_report, choose, is_final, remaining
from sms.domain.text import visible
from sms.models import Attempt, DeliveryReport, Message, MessageEvent, ProviderState
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.database import clock
from sms.services.database.bulk_sql import write_records
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts, metrics
from sms.services.queue import notify, outbox, queue_state, redaction
from sms.services.queue.attempts import tries_of
from sms.services.queue.outbox import LockedMessage

NOTE_EVERY = 5.0
"""Seconds between two notes of when a provider last reported."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a vendor says of one attempt. `id` is the stored row's, if it waited; `may_wait`: its id may come to be."""

    provider: int
    state: ReportState
    id: int | None = None
    callback: int | None = None
    attempt: uuid.UUID | None = None
    may_wait: bool = False
    is_poll: bool = False
    reference: str = ""
    vendor_id: str = ""
    code: str = ""
    detail: str = ""
    left: bool | None = None
    """As in providers.base.Report; of a report that waited for its id it is not known any more."""
    final: bool = False


@dataclass(slots=True)
class _Attempt:
    id: uuid.UUID
    message: uuid.UUID
    number: int
    provider: int
    reported: str


@dataclass
class _Batch:
    """The rows that some words are about, and what is to be written to them."""

    now: datetime
    named: dict[tuple[int, str], uuid.UUID]
    """Attempts by provider and vendor's id."""
    attempts: dict[uuid.UUID, _Attempt]
    messages: dict[uuid.UUID, LockedMessage]
    may_send: bool
    moves: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    reported: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    erase: list[uuid.UUID] = field(default_factory=list)


def apply(words: Sequence[Word], *, may_send: bool = True) -> list[tuple[int, str]]:
    """Apply each word in turn, in the caller's transaction if there is one.

    Without `may_send` none hands its message to the next provider.
    Returns pairs of provider and vendor's id of those that wait for their id to become known: once this is committed,
    `match_waiting` must look for them again, because it may have become known in the meantime.
    """
    if not words:
        return []
    with worker_transaction(savepoint=False) as now:
        batch = _gather(words, now, may_send=may_send)
        for word in words:
            _take(batch, word)
        _write(batch)
    _note_reports({word.provider for word in words})
    return [(row["provider"], row["vendor_id"]) for row in batch.rows if row["is_waiting"]]


def match_waiting(accepted: Iterable[tuple[int, str]]) -> None:
    """Apply reports that came before the vendor's id was known: pairs of provider and vendor's id."""
    ids = set(accepted)
    vendor_ids = [vendor_id for _, vendor_id in ids]
    # Asked before a transaction is begun for it: hardly any report is faster than the vendor's own answer.
    if not ids or not DeliveryReport.objects.filter(is_waiting=True, vendor_message_id__in=vendor_ids).exists():
        return
    with worker_transaction():
        stored = outbox.lock_waiting_reports(vendor_ids)
        apply([Word(**row) for row in stored if (row["provider"], row["vendor_id"]) in ids])


def match_again(limit: int = 500) -> int:
    """Match what `match_waiting` missed because its process died between a commit and the next. Returns how many.

    Among the newest alone: an id becomes known within seconds, or never.
    """
    waiting = DeliveryReport.objects.filter(is_waiting=True).exclude(vendor_message_id="")
    newest = set(waiting.order_by("-pk").values_list("provider_id", "vendor_message_id")[:limit])
    if not newest:
        return 0
    known = Attempt.objects.filter(vendor_message_id__in={vendor_id for _, vendor_id in newest})
    missed = newest.intersection(known.values_list("provider_id", "vendor_message_id"))
    match_waiting(missed)
    return len(missed)


def from_poll(account: Account, attempt: Attempt, report: Report) -> None:
    """Keep and apply what a poll answered, unless it says nothing new."""
    if report.state in (ReportState.UNKNOWN, attempt.reported):
        return
    word = Word(
        provider=account.id,
        state=report.state,
        attempt=attempt.pk,
        is_poll=True,
        vendor_id=attempt.vendor_message_id,
        code=visible(report.code)[:64],
        detail=visible(report.detail)[:2000],
        left=report.left,
        final=report.final,
    )
    apply([word])


# --- finding what a word is about -----------------------------------------------------------------


def names_an_attempt(provider: int, vendor_ids: Sequence[str]) -> bool:
    """Whether one of these ids is known at this provider."""
    return bool(vendor_ids) and Attempt.objects.filter(provider=provider, vendor_message_id__in=vendor_ids).exists()


def _gather(words: Iterable[Word], now: datetime, *, may_send: bool) -> _Batch:
    """Find the attempts, lock their messages in one order, and read what may have changed until then."""
    own = {word.attempt for word in words if word.attempt}
    named = _named({word.vendor_id for word in words if not word.attempt} - {""})
    ids = own | {attempt for attempt, _ in named.values()}
    found = dict(Attempt.objects.filter(pk__in=own).values_list("pk", "message_id")) if own else {}
    messages = set(found.values()) | {message for _, message in named.values()}
    locked = outbox.lock_messages(sorted(messages))
    attempts = Attempt.objects.filter(pk__in=ids).values_list("id", "message_id", "number", "provider_id", "reported")
    return _Batch(
        now=now,
        named={key: attempt for key, (attempt, _) in named.items()},
        attempts={row[0]: _Attempt(*row) for row in (attempts if ids else ())},
        messages={message.id: message for message in locked},
        may_send=may_send,
    )


def _named(vendor_ids: Iterable[str]) -> dict[tuple[int, str], tuple[uuid.UUID, uuid.UUID]]:
    wanted = list(vendor_ids)
    rows = Attempt.objects.filter(vendor_message_id__in=wanted).order_by("id") if wanted else Attempt.objects.none()
    columns = rows.values_list("provider_id", "vendor_message_id", "id", "message_id")
    return {(provider, vendor_id): (attempt, message) for provider, vendor_id, attempt, message in columns}


# --- one word after the other ------------------------------------------------------------------------


def _take(batch: _Batch, word: Word) -> None:
    attempt = batch.attempts.get(word.attempt or batch.named.get((word.provider, word.vendor_id)))
    if attempt is None:
        why = "no attempt has this id yet" if word.may_wait else "its id is not that of the address's attempt"
        _keep(batch, word, None, ReportEffect(False, why))
        return
    message = batch.messages[attempt.message]
    never_left = word.state == ReportState.UNDELIVERED and word.left is False
    following = _following(message, attempt, batch) if never_left else None
    effect = after_report(
        status=Status(message.status),
        is_latest=attempt.number == message.attempts_made,
        reported=attempt.reported,
        report=word.state,
        means_not_sent=never_left,
        another_is_left=following is not None,
    )
    _keep(batch, word, attempt, effect)
    if effect.applied:
        attempt.reported = word.state
        batch.reported[attempt.id] = {"attempt": attempt.id, "reported": word.state, "final": word.final}
    if effect.status is not None:
        _move(batch, word, attempt, message, effect, following)


def _following(message: LockedMessage, attempt: _Attempt, batch: _Batch) -> int | None:
    """The provider that would take over from an attempt that never left, while there is time."""
    if not batch.may_send:
        return None
    whole = Message.objects.get(pk=message.id)
    if whole.expires_at <= batch.now or whole.text is None:
        return None
    stored = [candidate["provider"] for candidate in whole.decision.get("candidates", [])]
    providers = [whole.pinned_provider_id] if whole.pinned_provider_id else stored
    judged = snapshot.current().judge(providers, text=whole.text, sender=whole.sender, is_otp=whole.is_otp)
    tries = tries_of([whole])[whole.id]
    left = [p for p in remaining([c.provider for c in judged.eligible], tries) if p != attempt.provider]
    closed = {each.provider for each in queue_state.read_queue().providers if each.is_open}
    return choose(left, frozenset(left) - closed, tries) if left else None


def _move(
    batch: _Batch, word: Word, attempt: _Attempt, message: LockedMessage, effect: ReportEffect, following: int | None
) -> None:
    """Note the move, and what goes with it."""
    account = snapshot.current().accounts[word.provider]
    move = {"message": message.id, "status": effect.status, "code": word.code, "detail": word.detail}
    if effect.moves_on:
        move |= {"provider": following, "due_at": batch.now, "in_doubt": _is_in_doubt(attempt)}
        _note_failed_over(message, account, batch.now)
    elif message.status == Status.QUEUED:
        move["provider"] = attempt.provider  # the further attempt that waited is dropped
    batch.moves[message.id] = move
    if effect.alerts:
        _alert_that_a_word_beat_us(message, account, word)
    if message.is_otp and is_final(Status(effect.status), account.adapter.strongest):
        batch.erase.append(message.id)
    message.status = effect.status


def _is_in_doubt(attempt: _Attempt) -> bool:
    """Whether its message may have gone out by another attempt, or by one that a restored backup lacks."""
    others = Attempt.objects.filter(message=attempt.message).exclude(pk=attempt.id)
    maybe = Q(outcome=None) | Q(outcome__in=(Outcome.ACCEPTED, Outcome.UNCONFIRMED))
    is_parked = MessageEvent.objects.filter(message=attempt.message, kind="parked").exists()
    return is_parked or others.filter(maybe).exclude(reported=ReportState.UNDELIVERED).exists()


def _note_failed_over(message: LockedMessage, account: Account, now: datetime) -> None:
    why = f"{account.slug} reports that it never left."
    MessageEvent.objects.create(message_id=message.id, at=now, kind="failed_over", reason=why)
    transaction.on_commit(notify.ring)


def _alert_that_a_word_beat_us(message: LockedMessage, account: Account, word: Word) -> None:
    alerts.open_alert(
        f"report-beats-state:{message.id}",
        title=f"{account.slug} reports {word.state} for a message that was {message.status}",
        advice="The vendor's word was taken over. Look at the message: it may have been repeated elsewhere.",
        provider_id=account.id,
    )


def _alert_unapplied(provider: int, slug: str) -> None:
    alerts.open_alert(
        f"report-unapplied:{slug}",
        title=f"{slug} sent a delivery report that belongs to no message of ours",
        advice="Open the delivery reports that were not applied: each says why. Then close this.",
        provider_id=provider,
    )


def _keep(batch: _Batch, word: Word, attempt: _Attempt | None, effect: ReportEffect) -> None:
    waits = attempt is None and word.may_wait
    batch.rows.append(
        {
            "id": word.id,
            "provider": word.provider,
            "callback": word.callback,
            "attempt": attempt.id if attempt else None,
            "message": attempt.message if attempt else None,
            "status": word.state,
            "reference": word.reference,
            "vendor_id": word.vendor_id,
            "code": word.code,
            "detail": word.detail,
            "applied": effect.applied,
            "reason": effect.reason,
            "is_waiting": waits,
            "is_poll": word.is_poll,
        }
    )
    slug = snapshot.current().accounts[word.provider].slug
    if attempt is None and not waits:
        _alert_unapplied(word.provider, slug)
    metrics.reported(slug, "orphaned" if attempt is None else "applied" if effect.applied else "refused")


# --- writing ---------------------------------------------------------------------------------------------

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
       lease_token = NULL, lease_until = NULL
FROM v WHERE sms_message.id = v.message AND sms_message.status <> 'canceled'
"""
_REPORTED_COLUMNS = {"attempt": "uuid", "reported": "text", "final": "boolean"}
_REPORTED = """
UPDATE sms_attempt SET reported = v.reported,
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
                                code, detail, applied, reason, is_waiting, is_poll, received_at)
SELECT v.provider, v.callback, v.attempt, v.message, v.status, v.reference, v.vendor_id, v.code, v.detail, v.applied,
       v.reason, v.is_waiting, v.is_poll, %s
FROM v WHERE true
"""
_CHANGE_ROWS = """
UPDATE sms_deliveryreport SET attempt_id = v.attempt, message_id = v.message, applied = v.applied, reason = v.reason,
       is_waiting = v.is_waiting
FROM v WHERE sms_deliveryreport.id = v.id
"""


def _write(batch: _Batch) -> None:
    write_records(_MOVE, _MOVE_COLUMNS, list(batch.moves.values()), batch.now)
    write_records(_REPORTED, _REPORTED_COLUMNS, list(batch.reported.values()))
    write_records(_ADD_ROWS, _ROW_COLUMNS, [row for row in batch.rows if row["id"] is None], batch.now)
    write_records(_CHANGE_ROWS, _ROW_COLUMNS, [row for row in batch.rows if row["id"] is not None])
    redaction.erase(batch.erase)


_noted: dict[int, float] = {}


def _note_reports(providers: Iterable[int]) -> None:
    """When a provider first reported, and last; the latter only now and then."""
    for provider in providers:
        if time.monotonic() - _noted.get(provider, -NOTE_EVERY) < NOTE_EVERY:
            continue
        _noted[provider] = time.monotonic()
        now, states = clock.now(), ProviderState.objects.filter(provider=provider)
        states.filter(first_report_at=None).update(first_report_at=now)
        states.update(last_report_at=now)
