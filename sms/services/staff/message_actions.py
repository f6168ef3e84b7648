"""Actions of staff on messages: resend, move, resolve, cancel, release. Each is recorded with its reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from providers.marking import N_
from sms.domain import codes
from sms.domain.lifecycle import BAD_REPORTS, PERMANENT, Outcome, Status
from sms.domain.routing import Decision
from sms.models import Attempt, Message, MessageEvent
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import recipients
from sms.services.intake.block_list import blocked_of, is_blocked
from sms.services.queue import held_messages, notify, outbox, redaction
from sms.services.queue.attempts import resolve_doubts
from sms.services.queue.errors import ActionRefused

RESENDABLE = frozenset(Status) - {Status.QUEUED, Status.SENDING, Status.HELD}
CANCELABLE = frozenset({Status.QUEUED, Status.HELD})
MOVABLE = CANCELABLE
NEVER_LEFT = frozenset({Status.FAILED, Status.EXPIRED, Status.CANCELED})
CHANGED = N_("The message changed at the same moment. Open it again.")


def resend(
    message_id: uuid.UUID,
    *,
    actor: str,
    reason: str,
    provider_id: int | None = None,
    seen_attempts: int | None = None,
) -> None:
    """Queue a message again with a new time to live: by its routes, or at the provider that staff chose.

    Raises ActionRefused for an OTP, an erased text, an unfinished message, a number that was blocked since, or where no
    provider may send it; also where it has another number of attempts than staff saw: somebody else has resent it.
    """
    with transaction.atomic():
        message = _locked(message_id)
        require_resendable(message)
        if seen_attempts not in (None, message.attempts_made):
            raise ActionRefused(CHANGED)
        _require_reason(reason)
        require_allowed(message, blocked=is_blocked(message.to))
        _require_open(message)
        decision = decide(message, provider_id)
        now = clock.now()
        _move(message, RESENDABLE, now, **_resend_columns(message, decision, provider_id, now))
        _add_routed(message, now, "resent", actor, reason, decision, code="")
    notify.notify_workers()


def require_resendable(message: Message) -> None:
    """Raises ActionRefused for a message that can't be sent again."""
    if message.is_otp:
        raise ActionRefused(N_("An OTP is never sent again: it would come too late to help and may be used twice."))
    if message.text is None:
        raise ActionRefused(N_("The text of this message is erased: there is nothing left to send."))
    if message.status not in RESENDABLE:
        raise ActionRefused(
            N_("This message is {status_text}: it is not finished and can't be sent again.").format(
                status_text=message.status
            )
        )


def require_allowed(message: Message, *, blocked: bool) -> None:
    """Raises ActionRefused if the number is `blocked`, or a dispatcher would let the message wait."""
    problem = codes.BY_NAME["recipient_blocked"].message if blocked else ""
    if problem := problem or _problem(message):
        raise ActionRefused(problem)


def _problem(message: Message) -> str:
    return recipients.problem(snapshot.current(), client=message.client_id, sender=message.sender, to=message.to)


def _require_open(message: Message) -> None:
    """Raises ActionRefused if its country is not open now, as for a new call."""
    where = {"to": message.to, "client": message.client_id, "is_otp": message.is_otp}
    if problem := snapshot.current().destination(**where).problem:
        raise ActionRefused(problem)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ActionRefused(N_("Enter a reason. It is stored with the message."))


def decide(message: Message, provider_id: int | None) -> Decision:
    """The providers that may send the message now. Raises ActionRefused with the reasons if there are none."""
    current = snapshot.current()
    if provider_id is None:
        decision = current.decide(
            text=message.text, sender=message.sender, to=message.to, client=message.client_id, is_otp=message.is_otp
        )
    else:
        decision = current.check_providers(
            [provider_id], text=message.text, sender=message.sender, is_otp=message.is_otp
        )
    if not decision.eligible:
        reasons = "; ".join(f"{c.slug}: {c.reason}" for c in decision.candidates) or N_("no route leads to this number")
        nobody = N_("No provider may send this message now: {reasons_text}")
        words = nobody if provider_id is None else N_("This provider may not send this message now: {reasons_text}")
        raise ActionRefused(words.format(reasons_text=reasons))
    return decision


def _resend_columns(message: Message, decision: Decision, provider_id: int | None, now: datetime) -> dict[str, Any]:
    first = decision.eligible[0]
    route = snapshot.current().route(to=message.to, client=message.client_id, is_otp=message.is_otp)
    return {
        "status": Status.QUEUED,
        "provider_id": first.provider,
        "pinned_provider_id": provider_id,
        "decision": decision.as_json(),
        "template_version_id": first.version,
        "due_at": now,
        "expires_at": now + timedelta(seconds=route.ttl if route else 86400),
        "attempts_before": message.attempts_made,
        "in_doubt": message.in_doubt or message.status not in NEVER_LEFT,
        "repeats": None,
        "crashes": 0,
        "code": "",
        "detail": "",
    }


def move(message_id: uuid.UUID, *, provider_id: int, actor: str, reason: str) -> None:
    """Have a waiting message sent by this provider only. Its time to live does not change.

    Raises ActionRefused for a message that may have been sent, a number that was blocked since, or where this provider
    may not send it.
    """
    with transaction.atomic():
        message = _locked(message_id)
        _require_reason(reason)
        require_movable(message, provider_id)
        require_allowed(message, blocked=is_blocked(message.to))
        decision = decide(message, provider_id)
        now = clock.now()
        _move(message, MOVABLE, now, **_move_columns(decision, provider_id, now))
        _add_routed(message, now, "moved", actor, reason, decision)
    notify.notify_workers()


def require_movable(message: Message, provider_id: int) -> None:
    """Raises ActionRefused unless the message waits, and none of its attempts can have sent it."""
    if message.status not in MOVABLE:
        raise ActionRefused(
            N_("This message is {status_text}: only a queued or held one can be moved.").format(
                status_text=message.status
            )
        )
    if message.in_doubt:
        raise ActionRefused(N_("An earlier attempt may have sent this message: it is not moved."))
    attempts = [each for each in message.attempts.all() if each.number > message.attempts_before]
    if any(map(_may_have_sent, attempts)):
        raise ActionRefused(N_("An earlier attempt may have sent this message: it is not moved."))
    if any(each.provider_id == provider_id and each.failure in PERMANENT for each in attempts):
        raise ActionRefused(N_("This provider has rejected the message already."))


def _may_have_sent(attempt: Attempt) -> bool:
    is_unknown = attempt.outcome in (None, Outcome.ACCEPTED, Outcome.UNCONFIRMED)
    return is_unknown and attempt.reported not in BAD_REPORTS


def _move_columns(decision: Decision, provider_id: int, now: datetime) -> dict[str, Any]:
    return {
        "status": Status.QUEUED,
        "provider_id": provider_id,
        "pinned_provider_id": provider_id,
        "decision": decision.as_json(),
        "template_version_id": decision.eligible[0].version,
        "due_at": now,
        "waiting_for": "",
        "crashes": 0,
    }


def settle_unconfirmed(message_id: uuid.UUID, *, went_out: bool, actor: str, reason: str) -> None:
    """Set an unconfirmed message to `submitted` or `failed`. Raises ActionRefused for any other message."""
    with transaction.atomic():
        message = _locked(message_id)
        if message.status != Status.UNCONFIRMED:
            raise ActionRefused(
                N_("This message is {status_text}: only an unconfirmed one can be resolved.").format(
                    status_text=message.status
                )
            )
        if not reason.strip():
            raise ActionRefused(N_("Say how you know: a reason is kept with the message."))
        now = clock.now()
        status = Status.SUBMITTED if went_out else Status.FAILED
        detail = N_("Resolved by staff as sent.") if went_out else N_("Resolved by staff as not sent.")
        _move(message, {Status.UNCONFIRMED}, now, status=status, code="settled", detail=detail, in_doubt=went_out)
        decided = {"status": status, "code": "settled"}
        _add_event(message, now, "settled", actor, reason, decided, went_out=went_out)
        _erase_otp(message, now)


def cancel(message_id: uuid.UUID, *, actor: str, reason: str) -> None:
    """Cancel a queued or held message. Raises ActionRefused for any other.

    If an earlier attempt may have sent it, it becomes `unconfirmed`.
    """
    with transaction.atomic():
        message = _locked(message_id)
        if message.status not in CANCELABLE:
            raise ActionRefused(
                N_("This message is {status_text}: only a queued or held one can be canceled.").format(
                    status_text=message.status
                )
            )
        now = clock.now()
        status = Status.UNCONFIRMED if message.in_doubt else Status.CANCELED
        _move(message, CANCELABLE, now, status=status, code="canceled", detail=N_("Canceled by staff."), waiting_for="")
        _add_event(message, now, "canceled", actor, reason, {"status": status, "code": "canceled"})
        resolve_doubts([message_id], now)
        _erase_otp(message, now)


def release_held(message_ids: Iterable[uuid.UUID], *, provider_id: int | None, actor: str, reason: str) -> int:
    """Queue held messages: by their routes, or at the provider that staff chose. Returns how many were queued."""
    released = 0
    held = list(Message.objects.filter(pk__in=list(message_ids), status=Status.HELD))
    blocked = blocked_of({message.to for message in held})
    for message in held:
        try:
            require_allowed(message, blocked=message.to in blocked)
            decision = decide(message, provider_id)
        except ActionRefused:
            continue
        with transaction.atomic():
            if held_messages.queue_held(message, decision, now=clock.now(), actor=actor, reason=reason):
                Message.objects.filter(pk=message.pk).update(pinned_provider=provider_id)
                released += 1
    return released


def _locked(message_id: uuid.UUID) -> Message:
    if not outbox.lock_message(message_id):
        raise ActionRefused(N_("This message does not exist."))
    return Message.objects.get(pk=message_id)


def _move(message: Message, leaves: Iterable[Status], now: datetime, **columns: Any) -> None:
    if not outbox.move_message(message.pk, leaves=leaves, now=now, **columns):
        raise ActionRefused(CHANGED)


def _erase_otp(message: Message, now: datetime) -> None:
    if message.is_otp:
        redaction.erase_messages([message.pk])


def _add_routed(
    message: Message, now: datetime, kind: str, actor: str, reason: str, decision: Decision, **more: str
) -> None:
    """The event of an action that chose the message's provider."""
    decided = held_messages.routed_again(message, decision) | more
    _add_event(message, now, kind, actor, reason, decided, provider=decision.eligible[0].slug, was=message.status)


def _add_event(
    message: Message, now: datetime, kind: str, actor: str, reason: str, decision: Mapping[str, Any], **detail: Any
) -> None:
    said = {"kind": kind, "actor": actor, "reason": reason, "decision": decision, "detail": detail}
    MessageEvent.objects.create(message=message, at=now, **said)
