"""Hands received messages on to partners: the queue, each try, and what follows it.

A partner's protocol is to repeat: the same request again some seconds after the end of the last try, until the partner
ends it or the tries are used up. Claims and conditional updates are as for messages; but a try whose dispatcher died is
simply due again when its lease is over.
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

from providers.base import Pushed, ReceivedSms
from sms.models import (
    InboundMessage,
    InboundPush,
    InboundPushAttempt,
    Partner,
    PushStatus,
    RentedNumber,
    UndecryptableError,
)
from sms.services.database import clock
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts, metrics
from sms.services.queue import notify, outbox
from sms.services.queue.errors import ActionRefused
from sms.services.queue.jobs import Job, PartnerAccount, Push, Result
from sms.services.queue.queue_state import QueueSnapshot

log = structlog.get_logger(__name__)

NOT_RENTED = "This number is not rented out."
NOT_ACTIVE = "This number's operation is not active."


# --- adding ------------------------------------------------------------------------------------


def rented(to: str, moment: datetime) -> tuple[RentedNumber | None, str]:
    """The rented number that received this and whose operation is under way, or None and why not."""
    number = RentedNumber.objects.filter(phone=to).first()
    if number is None:
        return None, NOT_RENTED
    return (number, "") if number.is_active_at(moment) else (None, NOT_ACTIVE)


def add(message: InboundMessage, number: RentedNumber, *, now: datetime) -> InboundPush:
    """Queue a message's push, in the same transaction as what it follows from."""
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
    """Push a message that was not pushed when it came. Raises ActionRefused."""
    with transaction.atomic():
        message = InboundMessage.objects.get(pk=message_id)
        outbox.lock_gateway(message.gateway_id)
        if InboundPush.objects.filter(message=message).exists():
            raise ActionRefused("This message was pushed already. Open its push to push it again.")
        _require_text(message)
        now = clock.now()
        number, why_not = rented(message.to, now)
        if number is None:
            raise ActionRefused(why_not)
        add(message, number, now=now)
        InboundMessage.objects.filter(pk=message_id).update(not_pushed="")
    notify.notify_workers()


def push_again(push_id: uuid.UUID) -> None:
    """Start a push that has failed or was refused anew. Raises ActionRefused."""
    push = InboundPush.objects.select_related("message").get(pk=push_id)
    _require_text(push.message)
    now = clock.now()
    over = InboundPush.objects.filter(pk=push_id, status__in=[PushStatus.FAILED, PushStatus.REFUSED])
    if not over.update(
        status=PushStatus.WAITING, due_at=now, tries_before=F("tries"), code="", detail="", updated_at=now
    ):
        raise ActionRefused(f"This push is {push.status}; only one that failed or was refused can be pushed again.")
    notify.notify_workers()


def _require_text(message: InboundMessage) -> None:
    if message.text is None:
        raise ActionRefused("The text of this message is erased.")


# --- claiming ----------------------------------------------------------------------------------


def claim_pushes(queue: QueueSnapshot, limit: int) -> list[Job]:
    """Claim pushes that are due, up to so many. The claims are committed when this returns."""
    if limit <= 0 or not queue.partners:
        return []
    jobs: list[Job] = []
    for partner in Partner.objects.filter(pk__in=queue.partners).defer("credentials"):
        account = _account(partner)
        if account is not None:
            jobs += _take_from(account, queue, limit - len(jobs))
    return jobs


def _account(partner: Partner) -> PartnerAccount | None:
    try:
        adapter = partner.adapter()
    except (UndecryptableError, KeyError) as error:
        alerts.open_alert(_out_of_reach(partner.slug), title=f"{partner.slug} can't be called", advice=str(error))
        return None
    return PartnerAccount(partner.pk, partner.slug, adapter, timeout=adapter.option["timeout"])


@worker_transaction()
def _take_from(account: PartnerAccount, queue: QueueSnapshot, limit: int) -> list[Job]:
    now = queue.now
    ids = outbox.lock_due_pushes(account.id, now=now, limit=limit)
    pushes = list(InboundPush.objects.filter(pk__in=ids).select_related("message").order_by("due_at"))
    _close_abandoned(ids, now)
    jobs = [_begin(push, account, queue) for push in pushes if not _is_used_up(push, account, now)]
    return [job for job in jobs if job is not None]


def _close_abandoned(ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Tries whose dispatcher was not heard of in time."""
    InboundPushAttempt.objects.filter(push__in=ids, finished_at=None).update(
        outcome=Pushed.AGAIN,
        code="lease_over",
        detail="The dispatcher that made this try was not heard of in time.",
        finished_at=now,
    )


def _is_used_up(push: InboundPush, account: PartnerAccount, now: datetime) -> bool:
    """End a push whose last try was abandoned."""
    if push.tries - push.tries_before < account.adapter.option["max_tries"]:
        return False
    InboundPush.objects.filter(pk=push.pk).update(
        status=PushStatus.FAILED, due_at=None, lease_token=None, code="lease_over", updated_at=now
    )
    _alert(account)
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
    return Push(push.pk, attempt, tries, account, received, not_after=queue.asked + outbox.SLACK_SECONDS)


# --- settling ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """What a try came to, and what becomes of its push."""

    outcome: Pushed
    status: PushStatus
    code: str
    detail: str = ""


def settle_pushes(results: Sequence[Result]) -> None:
    """Write what the tries came to."""
    for result in results:
        with worker_transaction() as now:
            _settle(result, result.job, now)


def _settle(result: Result, job: Push, now: datetime) -> None:
    ended = now - timedelta(seconds=max(time.monotonic() - result.ended, 0))
    step = _step(result, job)
    again = ended + timedelta(seconds=job.account.adapter.retry_seconds)
    moved = InboundPush.objects.filter(pk=job.push, status=PushStatus.PUSHING, lease_token=job.attempt).update(
        status=step.status,
        due_at=again if step.status == PushStatus.WAITING else None,
        lease_token=None,
        code=step.code[:64],
        detail=step.detail,
        updated_at=now,
    )
    InboundPushAttempt.objects.filter(pk=job.attempt, finished_at=None).update(
        outcome=step.outcome,
        code=step.code[:64],
        detail=step.detail,
        http_status=result.http_status,
        raw_request=result.raw_request,
        raw_response=result.raw_response,
        finished_at=ended,
    )
    if moved:
        _tell(step, job)


def _step(result: Result, job: Push) -> Step:
    if isinstance(result.value, tuple):
        pushed, word = result.value
        if pushed != Pushed.AGAIN:
            return Step(pushed, PushStatus(pushed), word)
        return Step(pushed, _next_status(job), word)
    if result.error is not None:
        return Step(Pushed.AGAIN, _next_status(job), result.error.code, result.error.detail)
    code = "lease_over" if result.never_started else "internal_fault"
    return Step(Pushed.AGAIN, _next_status(job), code, result.crash or "The try was not begun in time.")


def _next_status(job: Push) -> PushStatus:
    return PushStatus.WAITING if job.tries < job.account.adapter.option["max_tries"] else PushStatus.FAILED


def _tell(step: Step, job: Push) -> None:
    """Count the try; one alert per partner while any push of it has failed."""
    metrics.pushed(job.account.slug, step.outcome)
    if step.status == PushStatus.FAILED:
        _alert(job.account)
    elif step.status == PushStatus.DELIVERED and not _has_failed(job.account):
        alerts.close_alert(_key(job.account))
        alerts.close_alert(_out_of_reach(job.account.slug))


def _has_failed(account: PartnerAccount) -> bool:
    return InboundPush.objects.filter(partner=account.id, status=PushStatus.FAILED).exists()


def _out_of_reach(slug: str) -> str:
    return f"partner:{slug}"


def _key(account: PartnerAccount) -> str:
    return f"push:{account.slug}"


def _alert(account: PartnerAccount) -> None:
    log.warning("push.failed", partner=account.slug)
    alerts.open_alert(
        _key(account),
        title=f"{account.slug} did not take a received message",
        advice="All tries are used up. Look at the last answers on the push, then push it again.",
    )
