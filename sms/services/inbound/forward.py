"""Forwards received messages to partners: queues pushes, claims them, and settles each try.

A partner expects repeats: the same request again some seconds after the end of the last try, until the partner accepts
or refuses it, or all tries are used up. Claims and conditional updates work as for messages, except that a push whose
worker died is due again when its lease ends.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from providers.base import HttpResponse, ProviderError, Pushed, ReceivedSms
from providers.marking import N_
from sms.domain.lifecycle import INTERNAL_FAULT, LEASE_OVER
from sms.models import (
    InboundMessage,
    InboundPush,
    InboundPushAttempt,
    Partner,
    PushStatus,
    RentedNumber,
)
from sms.services.database import clock
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts, metrics
from sms.services.queue import notify, outbox
from sms.services.queue.errors import ActionRefused
from sms.services.queue.jobs import Job, PartnerAccount, Push, Result
from sms.services.queue.queue_state import QueueSnapshot

log = structlog.get_logger(__name__)

NOT_RENTED = N_("This number is not rented out.")
NOT_ACTIVE = N_("This number's operation is not active.")
CHANGED_SINCE = N_(
    "The number's rental was changed after this message was received. It may be of the earlier operation."
)


# --- queuing ------------------------------------------------------------------------------------


def find_rented_number(to: str, moment: datetime) -> tuple[RentedNumber | None, str]:
    """The rented number with an active operation, or None and the reason."""
    number = RentedNumber.objects.filter(phone=to).first()
    if number is None:
        return None, NOT_RENTED
    return (number, "") if number.is_active_at(moment) else (None, NOT_ACTIVE)


def queue_push(message: InboundMessage, number: RentedNumber, *, now: datetime) -> InboundPush:
    """Queue a message for its partner, in the caller's transaction."""
    return InboundPush.objects.create(
        id=clock.new_id(),
        message=message,
        partner_id=number.partner_id,
        number=number,
        operation_id=number.operation_id,
        due_at=now,
        created_at=now,
        updated_at=now,
    )


def push_by_hand(message_id: uuid.UUID) -> None:
    """Queue a message that was not pushed when it was received. Raises ActionRefused."""
    with transaction.atomic():
        message = InboundMessage.objects.get(pk=message_id)
        outbox.lock_gateway(message.gateway_id)
        if InboundPush.objects.filter(message=message).exists():
            raise ActionRefused(N_("This message was pushed already. Open its push to push it again."))
        _require_text(message)
        now = clock.now()
        number, why_not = find_rented_number(message.to, now)
        if number is None:
            raise ActionRefused(why_not)
        queue_push(message, number, now=now)
        InboundMessage.objects.filter(pk=message_id).update(not_pushed="")
    notify.notify_workers()


def push_again(push_id: uuid.UUID) -> None:
    """Queue a push again that has failed or was refused. Raises ActionRefused."""
    push = InboundPush.objects.select_related("message").get(pk=push_id)
    _require_text(push.message)
    now = clock.now()
    over = InboundPush.objects.filter(pk=push_id, status__in=[PushStatus.FAILED, PushStatus.REFUSED])
    if not over.update(
        status=PushStatus.WAITING, due_at=now, tries_before=F("tries"), code="", detail="", updated_at=now
    ):
        raise ActionRefused(
            N_("This push is {status_text}; only one that failed or was refused can be pushed again.").format(
                status_text=push.status
            )
        )
    notify.notify_workers()


def _require_text(message: InboundMessage) -> None:
    if message.text is None:
        raise ActionRefused(N_("The text of this message is erased."))


# --- claiming ----------------------------------------------------------------------------------


def claim_pushes(queue: QueueSnapshot, limit: int) -> list[Job]:
    """Claim up to `limit` pushes that are due. The claims are committed when this returns."""
    if limit <= 0 or not queue.partners:
        return []
    jobs: list[Job] = []
    for partner in Partner.objects.filter(pk__in=queue.partners):
        account = _account(partner)
        if account is not None:
            jobs += _claim_from(account, queue, limit - len(jobs))
    return jobs


def _account(partner: Partner) -> PartnerAccount | None:
    if problem := partner.credentials_problem:
        alerts.open_alert(
            _unusable_key(partner.slug), title=N_("{slug} can't be called").format(slug=partner.slug), advice=problem
        )
        return None
    adapter = partner.adapter()
    return PartnerAccount(partner.pk, partner.slug, adapter, timeout=adapter.option["timeout"])


@worker_transaction()
def _claim_from(account: PartnerAccount, queue: QueueSnapshot, limit: int) -> list[Job]:
    now = queue.now
    ids = outbox.lock_due_pushes(account.id, now=now, limit=limit)
    pushes = list(InboundPush.objects.filter(pk__in=ids).select_related("message").order_by("due_at"))
    _close_abandoned(ids, now)
    jobs = [_begin(push, account, queue) for push in pushes if not _end_used_up(push, account, now)]
    return [job for job in jobs if job is not None]


def _close_abandoned(ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Settle the tries whose lease ended without a result."""
    InboundPushAttempt.objects.filter(push__in=ids, finished_at=None).update(
        outcome=Pushed.AGAIN,
        code="lease_over",
        detail=N_("The dispatcher that made this try was not heard of in time."),
        finished_at=now,
    )


def _end_used_up(push: InboundPush, account: PartnerAccount, now: datetime) -> bool:
    """Whether no try is left after an abandoned one; then the push is settled as failed."""
    if push.tries - push.tries_before < account.adapter.option["max_tries"]:
        return False
    InboundPush.objects.filter(pk=push.pk).update(
        status=PushStatus.FAILED, due_at=None, lease_token=None, code="lease_over", updated_at=now
    )
    _alert_failed(account)
    return True


def _begin(push: InboundPush, account: PartnerAccount, queue: QueueSnapshot) -> Push | None:
    now = queue.now
    attempt, number = clock.new_id(), push.tries + 1
    lease = timedelta(seconds=outbox.lease_seconds(account.timeout))
    InboundPush.objects.filter(pk=push.pk).update(
        status=PushStatus.PUSHING, lease_token=attempt, due_at=now + lease, tries=number, updated_at=now
    )
    InboundPushAttempt.objects.create(id=attempt, push=push, number=number, started_at=now)
    message = push.message
    received = ReceivedSms(push.operation_id, message.sender, message.to, message.text or "")
    tries = number - push.tries_before
    return Push(push.pk, attempt, tries, account, received, not_after=queue.read_at + outbox.SLACK_SECONDS)


# --- settling ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TryOutcome:
    """The outcome of a try, and the status of its push after it."""

    outcome: Pushed
    status: PushStatus
    code: str
    detail: str = ""


def settle_pushes(results: Sequence[Result]) -> None:
    """Store the results of tries."""
    for result in results:
        with worker_transaction() as now:
            _settle_push(result, result.job, now)


def _settle_push(result: Result, job: Push, now: datetime) -> None:
    ended = now - timedelta(seconds=max(time.monotonic() - result.ended, 0))
    outcome = _outcome(result, job)
    again = ended + timedelta(seconds=job.account.adapter.retry_seconds)
    moved = InboundPush.objects.filter(pk=job.push, status=PushStatus.PUSHING, lease_token=job.attempt).update(
        status=outcome.status,
        due_at=again if outcome.status == PushStatus.WAITING else None,
        lease_token=None,
        code=outcome.code[:64],
        detail=outcome.detail,
        updated_at=now,
    )
    InboundPushAttempt.objects.filter(pk=job.attempt, finished_at=None).update(
        outcome=outcome.outcome,
        code=outcome.code[:64],
        detail=outcome.detail,
        http_status=result.http_status or (result.error.status if result.error else None),
        raw_request=result.raw_request,
        raw_response=result.raw_response,
        finished_at=ended,
    )
    if moved:
        _record_outcome(outcome, job)


def _outcome(result: Result, job: Push) -> TryOutcome:
    if isinstance(result.value, tuple):
        pushed, code = result.value
        if pushed != Pushed.AGAIN:
            return TryOutcome(pushed, PushStatus(pushed), code)
        return TryOutcome(pushed, _next_status(job), code)
    if result.error is not None:
        if (ended := _ended_by_status(result.error, job)) is not None:
            return ended
        return TryOutcome(Pushed.AGAIN, _next_status(job), result.error.code, result.error.detail)
    code = LEASE_OVER if result.never_started else INTERNAL_FAULT
    return TryOutcome(Pushed.AGAIN, _next_status(job), code, result.crash or N_("The try was not begun in time."))


def _ended_by_status(error: ProviderError, job: Push) -> TryOutcome | None:
    """The outcome of an answer whose body broke off, if its status alone ends the push."""
    if error.status is None:
        return None
    try:
        pushed, code = job.account.adapter.outcome(HttpResponse(error.status, unreadable=1))
    except Exception:  # an adapter that needs the body
        return None
    return None if pushed == Pushed.AGAIN else TryOutcome(pushed, PushStatus(pushed), code, error.detail)


def _next_status(job: Push) -> PushStatus:
    return PushStatus.WAITING if job.tries < job.account.adapter.option["max_tries"] else PushStatus.FAILED


def _record_outcome(outcome: TryOutcome, job: Push) -> None:
    """Count the try. Each partner has one alert while staff can push any of its failed pushes again."""
    metrics.pushed(job.account.slug, outcome.outcome)
    if outcome.status == PushStatus.FAILED:
        _alert_failed(job.account)
    elif outcome.status == PushStatus.DELIVERED:
        alerts.close_alert(_unusable_key(job.account.slug))
        if not _has_failed(job.account):
            alerts.close_alert(_alert_key(job.account))


def _has_failed(account: PartnerAccount) -> bool:
    failed = InboundPush.objects.filter(partner=account.id, status=PushStatus.FAILED)
    return failed.filter(message__text__isnull=False).exists()


def _unusable_key(slug: str) -> str:
    return f"partner:{slug}"


def _alert_key(account: PartnerAccount) -> str:
    return f"push:{account.slug}"


def _alert_failed(account: PartnerAccount) -> None:
    log.warning("push.failed", partner=account.slug)
    alerts.open_alert(
        _alert_key(account),
        title=N_("{slug} did not take a received message").format(slug=account.slug),
        advice=N_("All tries are used up. Look at the last answers on the push, then push it again."),
    )
