"""Applies delivery reports in batches, by the rules of sms/domain/lifecycle.py. Each is stored, applied or not."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from providers.base import Report, ReportState
from sms.domain.lifecycle import Outcome, ReportEffect, Status, after_report, choose, is_final, remaining
from sms.domain.text import visible
from sms.models import Attempt, DeliveryReport, Message, MessageEvent, ProviderState
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.database.bulk_sql import write_records
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts, metrics
from sms.services.queue import notify, outbox, queue_state, redaction
from sms.services.queue.attempts import tries_of
from sms.services.queue.echoes import digest_of_id, echo_of, hide_in_words, safe_id
from sms.services.queue.outbox import LockedMessage

REPORT_TIME_SECONDS = 5.0
"""Seconds between two updates of the time of a provider's last report."""


@dataclass(frozen=True, slots=True)
class ReportUpdate:
    """What a vendor reports about one attempt.

    `id` is the stored row's, for a report that waited for its attempt. `may_wait`: the attempt may still become known.
    `url_attempt` is the attempt that the callback's URL names, even if the report is about another one.
    """

    provider: int
    state: ReportState
    id: int | None = None
    callback: int | None = None
    attempt: uuid.UUID | None = None
    url_attempt: uuid.UUID | None = None
    may_wait: bool = False
    is_poll: bool = False
    reference: str = ""
    vendor_id: str = ""
    code: str = ""
    detail: str = ""
    left: bool | None = None
    """As in providers.base.Report; None for a report that waited, because the row does not store it."""
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
    """The attempts and messages that some reports are about, and the rows to be written."""

    now: datetime
    named: dict[tuple[int, str], uuid.UUID]
    """Attempts by provider and vendor's message id."""
    attempts: dict[uuid.UUID, _Attempt]
    messages: dict[uuid.UUID, LockedMessage]
    may_send: bool
    moves: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    reported: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    erase: list[uuid.UUID] = field(default_factory=list)


def apply_reports(updates: Sequence[ReportUpdate], *, may_send: bool = True) -> list[tuple[int, str]]:
    """Apply the reports in order, in the caller's transaction if there is one.

    Without `may_send` no message is queued for the next provider.
    Returns pairs of provider and vendor's message id of the reports that wait for their attempt. After the commit the
    caller passes them to `match_waiting`, because the attempt may have become known in the meantime.
    """
    if not updates:
        return []
    with worker_transaction(savepoint=False) as now:
        batch = _load_batch(updates, now, may_send=may_send)
        for each in updates:
            _apply_one(batch, each)
        _write(batch)
    _record_report_times({each.provider for each in updates}, now)
    return [(row["provider"], row["vendor_id"]) for row in batch.rows if row["is_waiting"]]


def match_waiting(ids: Iterable[tuple[int, str]]) -> None:
    """Apply the reports that were waiting for these pairs of provider and vendor's message id."""
    ids = set(ids)
    vendor_ids = [vendor_id for _, vendor_id in ids]
    # Checked without a transaction first: few reports arrive before the vendor's answer to the call.
    if not ids or not DeliveryReport.objects.filter(is_waiting=True, vendor_message_id__in=vendor_ids).exists():
        return
    with worker_transaction():
        stored = outbox.lock_waiting_reports(vendor_ids)
        updates = [ReportUpdate(**row) for row in stored if (row["provider"], row["vendor_id"]) in ids]
        apply_reports(updates)
        redaction.erase_callbacks_of_erased([each.callback for each in updates if each.callback])


def match_missed_reports(limit: int = 500) -> int:
    """Match reports whose process ended before it called `match_waiting`. Returns how many.

    Only among the newest: a vendor's id becomes known within seconds, or never.
    """
    waiting = DeliveryReport.objects.filter(is_waiting=True).exclude(vendor_message_id="")
    newest = set(waiting.order_by("-pk").values_list("provider_id", "vendor_message_id")[:limit])
    if not newest:
        return 0
    known = Attempt.objects.filter(vendor_message_id__in={vendor_id for _, vendor_id in newest})
    missed = newest.intersection(known.values_list("provider_id", "vendor_message_id"))
    match_waiting(missed)
    return len(missed)


def apply_poll(account: Account, attempt: Attempt, report: Report) -> None:
    """Store and apply the answer to a poll, unless the state is unknown or unchanged."""
    if report.state in (ReportState.UNKNOWN, attempt.reported):
        return
    update = ReportUpdate(
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
    apply_reports([update])


# --- loading the rows ---------------------------------------------------------------------------


def knows_attempt(provider: int, vendor_ids: Sequence[str]) -> bool:
    """Whether an attempt of this provider has one of these ids."""
    return bool(vendor_ids) and Attempt.objects.filter(provider=provider, vendor_message_id__in=vendor_ids).exists()


def _load_batch(updates: Iterable[ReportUpdate], now: datetime, *, may_send: bool) -> _Batch:
    """Find the attempts, lock their messages in the order of their ids, then read the attempts again."""
    own = {attempt for each in updates for attempt in (each.attempt, each.url_attempt) if attempt}
    named = _named({each.vendor_id for each in updates if not each.attempt} - {""})
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
    """Attempts and messages by provider and reported id. An attempt may have a digest in place of the id."""
    reported = {stored: vendor_id for vendor_id in vendor_ids for stored in (vendor_id, digest_of_id(vendor_id))}
    wanted = list(reported)
    rows = Attempt.objects.filter(vendor_message_id__in=wanted).order_by("id") if wanted else Attempt.objects.none()
    columns = rows.values_list("provider_id", "vendor_message_id", "id", "message_id")
    return {(provider, reported[stored]): (attempt, message) for provider, stored, attempt, message in columns}


# --- applying one report ------------------------------------------------------------------------


def _apply_one(batch: _Batch, update: ReportUpdate) -> None:
    attempt = batch.attempts.get(update.attempt or batch.named.get((update.provider, update.vendor_id)))
    update = _without_echo(batch, update, attempt)
    if attempt is None:
        why = "no attempt has this id yet" if update.may_wait else "its id is not that of the address's attempt"
        _record(batch, update, None, ReportEffect(False, why))
        return
    message = batch.messages[attempt.message]
    never_left = update.state == ReportState.UNDELIVERED and update.left is False
    next_provider = _next_provider(message, attempt, batch) if never_left else None
    effect = after_report(
        status=Status(message.status),
        is_latest=attempt.number == message.attempts_made,
        reported=attempt.reported,
        report=update.state,
        means_not_sent=never_left,
        another_is_left=next_provider is not None,
    )
    _record(batch, update, attempt, effect)
    if effect.applied:
        attempt.reported = update.state
        batch.reported[attempt.id] = {"attempt": attempt.id, "reported": update.state, "final": update.final}
    if effect.status is not None:
        _move(batch, update, attempt, message, effect, next_provider)


def _without_echo(batch: _Batch, update: ReportUpdate, attempt: _Attempt | None) -> ReportUpdate:
    """The report with the message's values hidden. While no message is known, it is stored as it came."""
    about = attempt or batch.attempts.get(update.url_attempt)
    if about is None:
        return update
    echo = echo_of(batch.messages[about.message])
    code, detail = hide_in_words(update.code, update.detail, snapshot.current().accounts[update.provider].adapter, echo)
    is_named = (update.provider, update.vendor_id) in batch.named
    vendor_id = safe_id(update.vendor_id, echo) if is_named else echo.hide(update.vendor_id)
    reference = update.reference if _is_id(update.reference) else echo.hide(update.reference)
    return replace(update, code=code[:64], detail=detail, vendor_id=vendor_id[:128], reference=reference[:128])


def _is_id(reference: str) -> bool:
    try:
        return bool(uuid.UUID(reference))
    except ValueError:
        return False


def _next_provider(message: LockedMessage, attempt: _Attempt, batch: _Batch) -> int | None:
    """The provider to try after an attempt that was not sent; None if none is left or the message expired."""
    if not batch.may_send:
        return None
    whole = Message.objects.get(pk=message.id)
    if whole.expires_at <= batch.now or whole.text is None:
        return None
    stored = [candidate["provider"] for candidate in whole.decision.get("candidates", [])]
    providers = [whole.pinned_provider_id] if whole.pinned_provider_id else stored
    judged = snapshot.current().check_providers(providers, text=whole.text, sender=whole.sender, is_otp=whole.is_otp)
    tries = tries_of([whole])[whole.id]
    left = [p for p in remaining([c.provider for c in judged.eligible], tries) if p != attempt.provider]
    closed = {each.provider for each in queue_state.read_queue().providers if each.is_open}
    return choose(left, frozenset(left) - closed, tries) if left else None


def _move(
    batch: _Batch,
    update: ReportUpdate,
    attempt: _Attempt,
    message: LockedMessage,
    effect: ReportEffect,
    next_provider: int | None,
) -> None:
    """Change the message's state in the batch, with the event, the alert and the erasure that belong to it."""
    account = snapshot.current().accounts[update.provider]
    move = {"message": message.id, "status": effect.status, "code": update.code, "detail": update.detail}
    if effect.moves_on:
        move |= {"provider": next_provider, "due_at": batch.now, "in_doubt": _is_in_doubt(attempt)}
        _record_failover(message, account, batch.now)
    elif message.status == Status.QUEUED:
        move["provider"] = attempt.provider  # the retry that was queued is dropped
    batch.moves[message.id] = move
    if effect.alerts:
        _alert_contradiction(message, account, update)
    if message.is_otp and is_final(Status(effect.status), account.adapter.strongest):
        batch.erase.append(message.id)
    message.status = effect.status


def _is_in_doubt(attempt: _Attempt) -> bool:
    """Whether the message may have been sent by another attempt, or by one that a restored backup lacks."""
    others = Attempt.objects.filter(message=attempt.message).exclude(pk=attempt.id)
    maybe = Q(outcome=None) | Q(outcome__in=(Outcome.ACCEPTED, Outcome.UNCONFIRMED))
    is_parked = MessageEvent.objects.filter(message=attempt.message, kind="parked").exists()
    return is_parked or others.filter(maybe).exclude(reported=ReportState.UNDELIVERED).exists()


def _record_failover(message: LockedMessage, account: Account, now: datetime) -> None:
    why = f"{account.slug} reports that it never left."
    MessageEvent.objects.create(message_id=message.id, at=now, kind="failed_over", reason=why)
    transaction.on_commit(notify.notify_workers)


def _alert_contradiction(message: LockedMessage, account: Account, update: ReportUpdate) -> None:
    alerts.open_alert(
        f"report-beats-state:{message.id}",
        title=f"{account.slug} reports {update.state} for a message that was {message.status}",
        advice="The report was applied. Look at the message: it may have been sent again by another provider.",
        provider_id=account.id,
    )


def _alert_unapplied(provider: int, slug: str) -> None:
    alerts.open_alert(
        f"report-unapplied:{slug}",
        title=f"{slug} sent a delivery report that belongs to no message of ours",
        advice="Open the delivery reports that were not applied: each says why. Then close this.",
        provider_id=provider,
    )


def _record(batch: _Batch, update: ReportUpdate, attempt: _Attempt | None, effect: ReportEffect) -> None:
    waits = attempt is None and update.may_wait
    batch.rows.append(
        {
            "id": update.id,
            "provider": update.provider,
            "callback": update.callback,
            "attempt": attempt.id if attempt else None,
            "message": attempt.message if attempt else None,
            "status": update.state,
            "reference": update.reference,
            "vendor_id": update.vendor_id,
            "code": update.code,
            "detail": update.detail,
            "applied": effect.applied,
            "reason": effect.reason,
            "is_waiting": waits,
            "is_poll": update.is_poll,
        }
    )
    slug = snapshot.current().accounts[update.provider].slug
    if attempt is None and not waits:
        _alert_unapplied(update.provider, slug)
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
       is_waiting = v.is_waiting, reference = v.reference, code = v.code, detail = v.detail
FROM v WHERE sms_deliveryreport.id = v.id
"""


def _write(batch: _Batch) -> None:
    write_records(_MOVE, _MOVE_COLUMNS, list(batch.moves.values()), batch.now)
    write_records(_REPORTED, _REPORTED_COLUMNS, list(batch.reported.values()))
    write_records(_ADD_ROWS, _ROW_COLUMNS, [row for row in batch.rows if row["id"] is None], batch.now)
    write_records(_CHANGE_ROWS, _ROW_COLUMNS, [row for row in batch.rows if row["id"] is not None])
    redaction.erase_messages(batch.erase)


def _record_report_times(providers: Iterable[int], now: datetime) -> None:
    """Record when these providers reported first and last; the latter only every few seconds."""
    is_due = Q(last_report_at=None) | Q(last_report_at__lt=now - timedelta(seconds=REPORT_TIME_SECONDS))
    for provider in sorted(providers):
        ProviderState.objects.filter(is_due, provider=provider).update(
            first_report_at=Coalesce("first_report_at", Value(now)), last_report_at=now
        )
