"""Quarantines the messages of a restored backup, before dispatchers start.

The backup contains messages as queued that may have been sent since. So none is sent again automatically. A held
message stays held, but in doubt: a new template does not release it, staff may.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from providers.base import Failure
from sms.domain.lifecycle import Outcome, Status
from sms.models import Attempt, BulkOperation, InboundPush, InboundPushAttempt, Message, MessageEvent, PushStatus
from sms.services.database import clock
from sms.services.reports import receive

from .guard import require_no_worker

BATCH_SIZE = 1000
ACTOR = "manage.py park"


@dataclass(frozen=True, slots=True)
class Quarantined:
    messages: int
    held: int
    pushes: int


def quarantine(*, before: datetime, reason: str) -> Quarantined:
    """Make queued and sending messages that were stored before that time `unconfirmed`, and waiting pushes failed.

    Held messages stay held for staff. Reports on calls from before the restore are applied, but none makes its message
    go to another provider, because that may have happened already. Works in batches, so it can be repeated after an
    error. Raises ActionRefused while a dispatcher is alive.
    """
    require_no_worker()
    _stop_bulk_operations()
    messages = 0
    while changed := _quarantine_batch(before, reason):
        messages += changed
    while receive.read_pending(may_send=False):
        pass
    quarantined = Quarantined(messages, _mark_held(before, reason), _fail_pushes(before, reason))
    _mark_sent(before, reason)
    return quarantined


def _stop_bulk_operations() -> None:
    """Stop unfinished bulk operations, because they may have been finished after the backup."""
    unfinished = BulkOperation.objects.filter(finished_at=None)
    unfinished.update(state=BulkOperation.State.STOPPED, finished_at=clock.now())


@transaction.atomic
def _quarantine_batch(before: datetime, reason: str) -> int:
    now = clock.now()
    detail = f"Parked after a restore, it may have gone out: {reason}"
    ids = _next_ids(Status.QUEUED, "expires_at", before) or _next_ids(Status.SENDING, "lease_until", before)
    Message.objects.filter(pk__in=ids).update(
        status=Status.UNCONFIRMED,
        code="parked",
        detail=detail,
        waiting_for="",
        lease_token=None,
        lease_until=None,
        updated_at=now,
    )
    Attempt.objects.filter(message__in=ids, outcome=None).update(
        outcome=Outcome.UNCONFIRMED, failure=Failure.AMBIGUOUS, code="parked", detail=detail, finished_at=now
    )
    _add_events(ids, reason, now, {"status": Status.UNCONFIRMED, "code": "parked"})
    return len(ids)


def _next_ids(status: Status, order: str, before: datetime) -> list[uuid.UUID]:
    """In the order of the state's partial index. In order of id, each batch would scan all older messages."""
    waiting = Message.objects.filter(status=status, created_at__lt=before)
    return list(waiting.order_by(order).values_list("pk", flat=True)[:BATCH_SIZE])


@transaction.atomic
def _mark_held(before: datetime, reason: str) -> int:
    held = Message.objects.filter(status=Status.HELD, in_doubt=False, created_at__lt=before)
    ids = list(held.values_list("pk", flat=True))
    for first in range(0, len(ids), BATCH_SIZE):
        Message.objects.filter(pk__in=ids[first : first + BATCH_SIZE]).update(in_doubt=True)
    _add_events(ids, reason, clock.now(), None)
    return len(ids)


@transaction.atomic
def _mark_sent(before: datetime, reason: str) -> None:
    """Messages that the next provider may have had since the backup, after a report that the vendor never sent them:
    such a report may come again, and reports/failover.py looks for this event."""
    now = clock.now()
    sent = Message.objects.filter(status__in=(Status.SUBMITTED, Status.UNCONFIRMED), created_at__lt=before)
    sent = sent.filter(expires_at__gt=now, text__isnull=False).exclude(code="parked")
    _add_events(list(sent.values_list("pk", flat=True)), reason, now, None)


def _add_events(ids: Sequence[uuid.UUID], reason: str, now: datetime, decision: Mapping[str, str] | None) -> None:
    said = {"kind": "parked", "actor": ACTOR, "reason": reason, "decision": decision}
    MessageEvent.objects.bulk_create(
        (MessageEvent(message_id=message, at=now, **said) for message in ids), batch_size=BATCH_SIZE
    )


@transaction.atomic
def _fail_pushes(before: datetime, reason: str) -> int:
    """A partner must not get a message again after answering 200, and a restored row doesn't say whether it did."""
    now = clock.now()
    waiting = InboundPush.objects.filter(status__in=[PushStatus.WAITING, PushStatus.PUSHING], created_at__lt=before)
    ids = list(waiting.values_list("pk", flat=True))
    detail = f"Parked after a restore, the partner may have it: {reason}"
    InboundPushAttempt.objects.filter(push__in=ids, finished_at=None).update(
        code="parked", detail=detail, finished_at=now
    )
    return InboundPush.objects.filter(pk__in=ids).update(
        status=PushStatus.FAILED, due_at=None, lease_token=None, code="parked", detail=detail, updated_at=now
    )
