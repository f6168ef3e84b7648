"""Delivery reports: the raw call is stored first, then read, then applied by the state rules."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef

from providers.base import Report, ReportState
from sms.domain.lifecycle import ReportEffect, Status, after_report, choose, is_final, remaining
from sms.domain.text import visible
from sms.models import Attempt, Callback, DeliveryReport, Message, MessageEvent, ProviderState

from . import alerts, clock, erasure, metrics, outbox, snapshot, wake
from .history import tries_of
from .snapshot import Account

log = structlog.get_logger(__name__)

MAX_FIELDS = 100
MAX_DIFFERENT_PER_HOUR = 1000
READ_AGAIN_AFTER = timedelta(seconds=10)
_REPORTABLE = [status for status in Status if status != Status.CANCELED]


# --- taking a call in ---------------------------------------------------------------------------


def receive(
    *,
    provider_id: int,
    attempt_id: uuid.UUID | None,
    address: str,
    method: str,
    query: bytes,
    content_type: str,
    body: bytes,
    source: str | None,
) -> None:
    """Store a raw call; once it is stored, read and apply it. A fault while reading loses nothing: it is read again.

    Raises django.db.Error if it could not be stored.
    """
    callback = _store(
        provider_id=provider_id,
        attempt_id=attempt_id if attempt_id and Attempt.objects.filter(pk=attempt_id).exists() else None,
        address_digest=_digest(address.encode()),
        body_digest=_digest(method.encode(), query, content_type.encode(), body),
        method=method,
        query=query,
        content_type=content_type[:200],
        body=body,
        source=source,
    )
    if callback is not None:
        read_safely(callback)


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _store(**columns: Any) -> Callback | None:
    """A new row, or None where an equal call is stored already (then it is counted) or the address is flooded."""
    now = clock.now()
    same = Callback.objects.filter(address_digest=columns["address_digest"], body_digest=columns["body_digest"])
    if same.update(count=F("count") + 1, last_received_at=now):
        return None
    if _is_flooded(columns["address_digest"], now):
        return None
    callback, created = Callback.objects.get_or_create(
        address_digest=columns.pop("address_digest"),
        body_digest=columns.pop("body_digest"),
        defaults={**columns, "received_at": now, "last_received_at": now},
    )
    if not created:
        same.update(count=F("count") + 1, last_received_at=now)
    return callback if created else None


def _is_flooded(address_digest: str, now: datetime) -> bool:
    """Past so many different calls in an hour at one address, the newest row only counts them."""
    recent = Callback.objects.filter(address_digest=address_digest, received_at__gt=now - timedelta(hours=1))
    if recent.count() < MAX_DIFFERENT_PER_HOUR:
        return False
    recent.filter(pk=recent.order_by("-pk").values("pk")[:1]).update(count=F("count") + 1, last_received_at=now)
    return True


# --- reading it ------------------------------------------------------------------------------------


def read_safely(callback: Callback) -> None:
    try:
        read(callback)
    except Exception:
        log.exception("callback.unreadable", callback=callback.pk)


def read(callback: Callback) -> None:
    """Read the reports out of a stored call and apply each."""
    account = snapshot.current().accounts.get(callback.provider_id)
    values = fields_of(callback)
    if account is None or values is None:
        _finish(callback, "" if account else "the provider is gone", note_unreadable=values is None)
        return
    if len(values) > MAX_FIELDS:
        _finish(callback, f"more than {MAX_FIELDS} fields")
        return
    # What an earlier reading kept is applied again, which is harmless: that reading may have ended half-way.
    rows = list(callback.reports.all()) or _add_all(callback, account.adapter.read_reports(values))
    for row in rows:
        apply(row)
    _finish(callback, "" if rows else "no delivery report was found in it")


def _finish(callback: Callback, note: str, *, note_unreadable: bool = False) -> None:
    note = note or ("it is neither a form nor a JSON object" if note_unreadable else "")
    Callback.objects.filter(pk=callback.pk).update(read_at=clock.now(), note=note)


def fields_of(callback: Callback) -> Mapping[str, Any] | None:
    """The call's fields: query first, then form or JSON object, whatever the content type claims."""
    query = dict(parse_qsl(bytes(callback.query).decode("utf-8", "replace"), keep_blank_values=True))
    body = bytes(callback.body or b"")
    if not body.strip():
        return query
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if text.lstrip().startswith(("{", "[")):
        return _json_fields(text, query)
    return query | dict(parse_qsl(text, keep_blank_values=True))


def _json_fields(text: str, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {**query, **value} if isinstance(value, dict) else None


def _add_all(callback: Callback, found: Iterable[Report]) -> list[DeliveryReport]:
    with transaction.atomic():
        return [_add(callback, report) for report in found]


def _add(callback: Callback, report: Report) -> DeliveryReport:
    """Keep one report, and find the attempt that it names: the address's own, or the one with the vendor's id."""
    now = clock.now()
    return DeliveryReport.objects.create(
        provider_id=callback.provider_id,
        callback=callback,
        status=report.state,
        reference=visible(report.reference)[:128],
        vendor_message_id=visible(report.vendor_id)[:128],
        code=visible(report.code)[:64],
        detail=visible(report.detail)[:2000],
        attempt_id=_own_attempt(callback, report),
        is_waiting=callback.attempt_id is None and bool(report.vendor_id),
        received_at=now,
    )


def _own_attempt(callback: Callback, report: Report) -> uuid.UUID | None:
    """The attempt of a per-attempt address, if the report's id is its id too."""
    if callback.attempt_id is not None and report.reference == str(callback.attempt_id):
        return callback.attempt_id
    return None


def read_again(limit: int = 100) -> int:
    """Read stored calls that were not read when they came (a fault, a restart). Returns how many."""
    stale = clock.now() - READ_AGAIN_AFTER
    callbacks = list(Callback.objects.filter(read_at=None, received_at__lt=stale).order_by("id")[:limit])
    for callback in callbacks:
        read_safely(callback)
    return len(callbacks)


# --- applying it --------------------------------------------------------------------------------------


def apply(report: DeliveryReport) -> None:
    """Apply a stored report to its attempt and message, or say why not."""
    if report.attempt_id is None and report.vendor_message_id:
        found = Attempt.objects.filter(
            provider_id=report.provider_id, vendor_message_id=report.vendor_message_id
        ).values_list("pk", flat=True)
        report.attempt_id = found.first()
    if report.attempt_id is None:
        why = "no attempt has this id yet" if report.is_waiting else "its id is not that of the address's attempt"
        DeliveryReport.objects.filter(pk=report.pk).update(reason=why)
        metrics.reported(snapshot.current().accounts[report.provider_id].slug, "orphaned")
        return
    with transaction.atomic():
        _apply(report, Attempt.objects.select_related("message").get(pk=report.attempt_id).message_id)


def _apply(report: DeliveryReport, message_id: uuid.UUID) -> None:
    outbox.lock_message(message_id)
    if not DeliveryReport.objects.filter(pk=report.pk, message=None).exists():
        return  # another process applied it at the same moment
    now = clock.now()
    message = Message.objects.get(pk=message_id)
    attempt = Attempt.objects.get(pk=report.attempt_id)
    account = snapshot.current().accounts[report.provider_id]
    following = _following(message, attempt, account, now)
    effect = after_report(
        status=Status(message.status),
        is_latest=attempt.number == message.attempts_made,
        reported=attempt.reported,
        report=ReportState(report.status),
        means_not_sent=account.adapter.error_report_means_not_sent,
        another_is_left=following is not None,
    )
    _write(report, message, attempt, effect, following, now)
    _note_first_report(account.id, now)
    metrics.reported(account.slug, "applied" if effect.applied else "refused")


def _following(message: Message, attempt: Attempt, account: Account, now: datetime) -> int | None:
    """The provider that would take over if this attempt never left, while there is time."""
    if message.expires_at <= now or message.text is None:
        return None
    current = snapshot.current()
    stored = [candidate["provider"] for candidate in message.decision.get("candidates", [])]
    providers = [message.pinned_provider_id] if message.pinned_provider_id else stored
    judged = current.judge(providers, text=message.text, sender=message.sender)
    tries = [*tries_of([message])[message.id]]
    left = [p for p in remaining([c.provider for c in judged.eligible], tries) if p != account.id]
    closed = {gate.provider for gate in outbox.gates(now) if gate.is_open}
    return choose(left, frozenset(left) - closed, tries) if left else None


def _write(
    report: DeliveryReport,
    message: Message,
    attempt: Attempt,
    effect: ReportEffect,
    following: int | None,
    now: datetime,
) -> None:
    if effect.applied:
        Attempt.objects.filter(pk=attempt.pk).update(reported=report.status, poll_at=_poll_at(attempt, report))
    if effect.status is not None:
        columns: dict[str, Any] = {"status": effect.status, "code": report.code, "detail": report.detail}
        if effect.moves_on:
            columns |= {"provider_id": following, "due_at": now}
        elif message.status == Status.QUEUED:
            columns["provider_id"] = attempt.provider_id  # the further attempt that waited is dropped
        outbox.move(message.pk, leaves=_REPORTABLE, now=now, **columns)
        _after_move(message, effect, report, now)
    DeliveryReport.objects.filter(pk=report.pk).update(
        attempt=attempt, message=message, applied=effect.applied, reason=effect.reason, is_waiting=False
    )


def _poll_at(attempt: Attempt, report: DeliveryReport) -> datetime | None:
    """Once delivered there is nothing more to ask; a failure may still be followed by another channel's success."""
    return None if report.status == ReportState.DELIVERED else attempt.poll_at


def _after_move(message: Message, effect: ReportEffect, report: DeliveryReport, now: datetime) -> None:
    account = snapshot.current().accounts[report.provider_id]
    if effect.moves_on:
        MessageEvent.objects.create(
            message=message, at=now, kind="failed_over", reason=f"{account.slug} reports that it never left."
        )
        transaction.on_commit(wake.ring)
    elif message.is_otp and effect.status and is_final(effect.status, account.adapter.strongest):
        erasure.erase([message.pk], now=now)
    if effect.alerts:
        alerts.open_alert(
            f"report-beats-state:{message.pk}",
            title=f"{account.slug} reports {report.status} for a message that was {message.status}",
            advice="The vendor's word was taken over. Look at the message: it may have been repeated elsewhere.",
            provider_id=account.id,
        )


def _note_first_report(provider: int, now: datetime) -> None:
    states = ProviderState.objects.filter(provider=provider)
    states.filter(first_report_at=None).update(first_report_at=now)
    states.filter(last_report_at__lt=now - timedelta(seconds=5)).update(last_report_at=now)
    states.filter(last_report_at=None).update(last_report_at=now)


def match_waiting(accepted: Iterable[tuple[int, str]]) -> None:
    """Apply reports that came before the vendor's id was known: pairs of provider and vendor's id."""
    ids = set(accepted)
    waiting = DeliveryReport.objects.filter(is_waiting=True, vendor_message_id__in={vendor_id for _, vendor_id in ids})
    for report in waiting.order_by("pk") if ids else ():
        if (report.provider_id, report.vendor_message_id) in ids:
            apply(report)


def match_again(limit: int = 100) -> int:
    """Match what `match_waiting` missed because its process died between a commit and the next. Returns how many."""
    known = Attempt.objects.filter(provider=OuterRef("provider"), vendor_message_id=OuterRef("vendor_message_id"))
    missed = DeliveryReport.objects.filter(Exists(known), is_waiting=True).exclude(vendor_message_id="")
    rows = list(missed.order_by("pk")[:limit])
    for report in rows:
        apply(report)
    return len(rows)


def from_poll(account: Account, attempt: Attempt, report: Report) -> None:
    """Keep and apply what a poll answered, unless it says nothing new."""
    if report.state == ReportState.UNKNOWN or report.state == attempt.reported:
        return
    row = DeliveryReport.objects.create(
        provider_id=account.id,
        attempt=attempt,
        status=report.state,
        vendor_message_id=attempt.vendor_message_id,
        code=visible(report.code)[:64],
        detail=visible(report.detail)[:2000],
        is_poll=True,
        received_at=clock.now(),
    )
    apply(row)
