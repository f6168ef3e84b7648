"""Applies delivery reports in batches, by the rules of sms/domain/lifecycle.py. Each is stored, applied or not."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from providers.base import Failure, MessageState, Report
from providers.marking import N_
from sms.domain.lifecycle import (
    BAD_REPORTS,
    REPORT_STATE,
    ReportEffect,
    Status,
    after_report,
    is_final,
    rises,
)
from sms.domain.parts import PartState, is_possible, whole_state
from sms.models import Attempt, DeliveryReport, ProviderState
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import metrics
from sms.services.queue import outbox, redaction
from sms.services.queue.attempts import resolve_doubts
from sms.services.queue.echoes import echo_of
from sms.services.queue.outbox import LockedMessage

from . import failover, lookup, parts, report_alerts, rows
from .failover import NextProvider
from .lookup import ByKey, Found
from .update import ReportUpdate, update_of, without_echo

MISCONFIGURED = frozenset({Failure.CONFIG, Failure.ACCOUNT, Failure.BALANCE})
"""Classes of a late refusal after which staff must act."""

REPORT_TIME_SECONDS = 5.0
"""Seconds between two updates of the time of a provider's last report."""


@dataclass(slots=True)
class _Attempt:
    id: uuid.UUID
    message: uuid.UUID
    number: int
    provider: int
    reported: str
    vendor_id: str
    repeats: uuid.UUID | None

    @property
    def reference(self) -> uuid.UUID:
        """What the vendor was given as ours."""
        return self.repeats or self.id


_COLUMNS = ("id", "message_id", "number", "provider_id", "reported", "vendor_message_id", "repeats")


@dataclass
class _Batch:
    """The attempts and messages that some reports are about, and the rows to be written."""

    now: datetime
    named: ByKey
    by_number: ByKey
    own: dict[uuid.UUID, _Attempt]
    """By id, or by our reference: of several calls with one, the last."""
    attempts: dict[uuid.UUID, _Attempt]
    messages: dict[uuid.UUID, LockedMessage]
    parts: dict[uuid.UUID, dict[int, PartState]]
    may_send: bool
    changed_parts: dict[tuple[uuid.UUID, int], dict[str, Any]] = field(default_factory=dict)
    moves: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    reported: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    erase: list[uuid.UUID] = field(default_factory=list)
    doubtful: list[uuid.UUID] = field(default_factory=list)
    """Unconfirmed messages of which an earlier attempt was reported undelivered."""


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
    missed = newest & lookup.by_vendor_id({vendor_id for _, vendor_id in newest}).keys()
    match_waiting(missed)
    return len(missed)


def apply_polls(account: Account, found: Iterable[tuple[Attempt, Report]]) -> None:
    """Store and apply the states that a vendor was asked for, unless they are unknown or unchanged."""
    news = [(attempt, report) for attempt, report in found if report.state not in (_UNKNOWN, attempt.reported)]
    apply_reports([_polled(account, attempt, report) for attempt, report in news])


_UNKNOWN = MessageState.UNKNOWN


def _polled(account: Account, attempt: Attempt, report: Report) -> ReportUpdate:
    facts = {"vendor_id": attempt.vendor_message_id} if attempt.vendor_message_id else {}
    return update_of(report, provider=account.id, attempt=attempt.pk, is_poll=True, **facts)


# --- loading the rows ---------------------------------------------------------------------------


def _load_batch(updates: Sequence[ReportUpdate], now: datetime, *, may_send: bool) -> _Batch:
    """Find the attempts, lock their messages in the order of their ids, then read the attempts again."""
    own = lookup.by_reference(updates)
    named = lookup.by_vendor_id({each.vendor_id for each in updates} - {""})
    by_number = lookup.by_number(updates, now)
    found = [*own.values(), *named.values(), *by_number.values()]
    locked = outbox.lock_messages(sorted({each.message for each in found}))
    of_messages = Attempt.objects.filter(message__in=[each.id for each in locked]).order_by("number")
    attempts = [_Attempt(*row) for row in of_messages.values_list(*_COLUMNS)] if locked else []
    has_parts = any(each.part for each in (*updates, *named.values()))
    return _Batch(
        now=now,
        named=named,
        by_number=by_number,
        own={each.id: each for each in attempts} | {each.reference: each for each in attempts},
        attempts={each.id: each for each in attempts},
        messages={message.id: message for message in locked},
        parts=parts.read([each.id for each in attempts] if has_parts else ()),
        may_send=may_send,
    )


# --- applying one report ------------------------------------------------------------------------


def _apply_one(batch: _Batch, update: ReportUpdate) -> None:
    found = _find(batch, update)
    attempt = batch.attempts.get(found.attempt) if found else None
    update = _without_echo(batch, update, attempt)
    if found is None or attempt is None:
        _record(batch, update, None, ReportEffect(False, _why_unknown(update)))
        return
    part = found.part or update.part
    if part is None or part == (1, 1):
        _apply_whole(batch, update, attempt)
    elif not is_possible(part):
        _record(
            batch,
            update,
            attempt,
            ReportEffect(False, N_("there is no part {part} of {parts}").format(part=part[0], parts=part[1])),
        )
    else:
        _apply_part(batch, update, attempt, part)


def _find(batch: _Batch, update: ReportUpdate) -> Found | None:
    """The attempt that a report is about: our own id counts first, then the vendor's, then the number.

    Where each part has an id, a report without a known one says nothing of the whole message.
    """
    named = batch.named.get((update.provider, update.vendor_id))
    if snapshot.current().accounts[update.provider].adapter.ids_per_part:
        return named
    own = batch.own.get(update.attempt) if update.attempt else None
    if own is not None and own.provider == update.provider:
        return Found(own.id, own.message)
    if update.url_attempt:
        return _find_by_url(batch, update, named)
    return named or batch.by_number.get((update.provider, update.to))


def _find_by_url(batch: _Batch, update: ReportUpdate, named: Found | None) -> Found | None:
    """At an attempt's URL a report is about its message, or not applied. An attempt without an id has the vendor's.

    What repeats the number or a value of the message is no id.
    """
    called = batch.own.get(update.url_attempt) if update.url_attempt else None
    if called is None or called.provider != update.provider:
        return None
    is_without_id = named is None and not (update.reference or called.vendor_id)
    if is_without_id and update.vendor_id and not echo_of(batch.messages[called.message]).is_in(update.vendor_id):
        return Found(called.id, called.message)
    return named if named and named.message == called.message else None


def _why_unknown(update: ReportUpdate) -> str:
    if update.may_wait:
        return N_("no attempt has this id yet")
    if update.to:
        return N_("not exactly one message of the last day fits its number")
    return N_("its id is not that of the address's attempt")


def _apply_part(batch: _Batch, update: ReportUpdate, attempt: _Attempt, part: tuple[int, int]) -> None:
    """Apply the report to the part, then the state of all parts to the message."""
    number, count = part
    of_attempt = batch.parts.setdefault(attempt.id, {})
    known = of_attempt.setdefault(number, PartState(count))
    known.count = count
    if not known.apply(update.state, is_final=update.final):
        effect = ReportEffect(
            False,
            N_("part {number} of {count} was already reported {state_text}").format(
                number=number, count=count, state_text=known.state
            ),
        )
        return _record(batch, update, attempt, effect)
    batch.changed_parts[attempt.id, number] = parts.record(attempt.id, number, known)
    state, final = whole_state(of_attempt.values())
    # Other parts may have left, so another provider never gets the message.
    whole = replace(update, state=state, final=final, left=None)
    return _apply_whole(batch, whole, attempt, reported=update)


def _apply_whole(
    batch: _Batch, update: ReportUpdate, attempt: _Attempt, *, reported: ReportUpdate | None = None
) -> None:
    """`reported` is the report on one part that made this one of the whole message."""
    message = batch.messages[attempt.message]
    never_left = update.state in BAD_REPORTS and update.left is False
    is_sure = never_left and not lookup.is_of_several_calls(attempt.id, attempt.repeats, attempt.vendor_id, update)
    may_move = is_sure and batch.may_send and not failover.may_have_moved_on(attempt.id)
    chosen = failover.next_provider(message.id, attempt.provider, batch.now) if may_move else None
    effect = after_report(
        status=Status.UNCONFIRMED if message.awaits_repeat else Status(message.status),
        is_latest=attempt.number == message.attempts_made,
        reported=attempt.reported,
        report=update.state,
        means_not_sent=never_left,
        another_is_left=chosen is not None,
    )
    if reported is not None and not effect.applied:
        effect = ReportEffect(True, N_("the other parts decide"))
    _record(batch, reported or update, attempt, effect)
    if effect.applied and rises(attempt.reported, update.state):  # not so where the other parts said more
        attempt.reported = update.state
    if effect.applied or update.final:
        _note_reported(batch, update, attempt)
    if message.status == Status.UNCONFIRMED and update.state in BAD_REPORTS:
        batch.doubtful.append(message.id)
    if effect.status is not None:
        _move(batch, update, attempt, message, effect, chosen)


def _note_reported(batch: _Batch, update: ReportUpdate, attempt: _Attempt) -> None:
    batch.reported[attempt.id] = {
        "attempt": attempt.id,
        "reported": attempt.reported,
        "final": update.final or batch.reported.get(attempt.id, {}).get("final", False),
        "vendor_id": update.vendor_id,
    }
    if update.failure in MISCONFIGURED:
        report_alerts.misconfigured(snapshot.current().accounts[update.provider], update)


def _without_echo(batch: _Batch, update: ReportUpdate, attempt: _Attempt | None) -> ReportUpdate:
    """The report without what it repeats of the message. While no message is known, it stays as it came."""
    about = attempt or (batch.own.get(update.url_attempt) if update.url_attempt else None)
    if about is None:
        return update
    gives_id = attempt is not None and not attempt.vendor_id
    is_id = gives_id or (update.provider, update.vendor_id) in batch.named
    return without_echo(update, echo_of(batch.messages[about.message]), is_id=is_id)


def _move(
    batch: _Batch,
    update: ReportUpdate,
    attempt: _Attempt,
    message: LockedMessage,
    effect: ReportEffect,
    chosen: NextProvider | None,
) -> None:
    """Change the message's state in the batch, with the event, the alert and the erasure that belong to it."""
    account = snapshot.current().accounts[update.provider]
    move = {"message": message.id, "status": effect.status, "code": update.code, "detail": update.detail}
    if effect.moves_on and chosen is not None:
        move |= {
            "provider": chosen.id,
            "due_at": batch.now,
            "in_doubt": failover.is_in_doubt(attempt.message, attempt.reference),
        }
        failover.record(message.id, account, chosen, update.code, batch.now)
    elif message.status == Status.QUEUED:
        move["provider"] = attempt.provider  # the retry that was queued is dropped
    batch.moves[message.id] = {"provider": batch.moves.get(message.id, {}).get("provider")} | move
    if effect.alerts:
        report_alerts.contradicts(message, account, update)
    if message.is_otp and is_final(Status(effect.status), account.adapter.strongest):
        batch.erase.append(message.id)
    message.status, message.awaits_repeat = effect.status, False


def _record(batch: _Batch, update: ReportUpdate, attempt: _Attempt | None, effect: ReportEffect) -> None:
    waits = attempt is None and update.may_wait
    part = update.part if update.part and is_possible(update.part) else (None, None)
    batch.rows.append(
        {
            "id": update.id,
            "provider": update.provider,
            "callback": update.callback,
            "attempt": attempt.id if attempt else None,
            "message": attempt.message if attempt else None,
            "status": REPORT_STATE[update.state],
            "state": update.state,
            "final": update.final,
            "left_us": update.left,
            "failure": update.failure,
            "part": part[0],
            "parts": part[1],
            "price": update.price,
            "vendor_at": update.at,
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
        report_alerts.unapplied(update.provider, slug)
    result = "orphaned" if attempt is None else metrics.APPLIED if effect.applied else "refused"
    metrics.reported(slug, result, REPORT_STATE[update.state])


# --- writing ---------------------------------------------------------------------------------------------


def _write(batch: _Batch) -> None:
    rows.move_messages(list(batch.moves.values()), batch.now)
    parts.write(list(batch.changed_parts.values()))
    rows.write_reported(list(batch.reported.values()))
    rows.write_reports(batch.rows, batch.now)
    redaction.erase_messages(batch.erase)
    resolve_doubts(batch.doubtful, batch.now)


def _record_report_times(providers: Iterable[int], now: datetime) -> None:
    """Record when these providers reported first and last; the latter only every few seconds."""
    is_due = Q(last_report_at=None) | Q(last_report_at__lt=now - timedelta(seconds=REPORT_TIME_SECONDS))
    for provider in sorted(providers):
        ProviderState.objects.filter(is_due, provider=provider).update(
            first_report_at=Coalesce("first_report_at", Value(now)), last_report_at=now
        )
