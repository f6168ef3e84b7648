"""The one step between restoring a backup and the next dispatch.

A backup brings messages back as they were when it was taken: queued, though they may have gone out since. Nobody knows,
so none is sent again by itself. What was held stays held, but in doubt: a template sets it free no more, a person may.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from providers.base import Failure
from sms.domain.lifecycle import Outcome, Status
from sms.models import Attempt, InboundPush, InboundPushAttempt, Message, MessageEvent, PushStatus
from sms.services.database import clock
from sms.services.reports import receive

from .guard import require_no_worker

AT_ONCE = 1000
ACTOR = "manage.py park"


@dataclass(frozen=True, slots=True)
class Parked:
    messages: int
    held: int
    pushes: int


def park(*, before: datetime, reason: str) -> Parked:
    """Turn what was queued or sending, and stored before that time, into `unconfirmed`; waiting pushes have failed.

    What was held is held for a person. Reports that were not read yet are read: one that says "it never left" hands its
    message to nobody, for it may have done so already.

    In batches: run it again after a fault. Raises ActionRefused while a dispatcher lives.
    """
    require_no_worker()
    messages = 0
    while parked := _park_some(before, reason):
        messages += parked
    while receive.read_pending(may_send=False):
        pass
    return Parked(messages, _doubt_held(before, reason), _stop_pushes(before, reason))


@transaction.atomic
def _park_some(before: datetime, reason: str) -> int:
    now = clock.now()
    detail = f"Parked after a restore, it may have gone out: {reason}"
    ids = _some(Status.QUEUED, "expires_at", before) or _some(Status.SENDING, "lease_until", before)
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
    _note(ids, reason, now)
    return len(ids)


def _some(status: Status, order: str, before: datetime) -> list[uuid.UUID]:
    """In the order of the index that holds these alone: by their ids all older messages would be passed each time."""
    waiting = Message.objects.filter(status=status, created_at__lt=before)
    return list(waiting.order_by(order).values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _doubt_held(before: datetime, reason: str) -> int:
    held = Message.objects.filter(status=Status.HELD, in_doubt=False, created_at__lt=before)
    ids = list(held.values_list("pk", flat=True))
    for first in range(0, len(ids), AT_ONCE):
        Message.objects.filter(pk__in=ids[first : first + AT_ONCE]).update(in_doubt=True)
    _note(ids, reason, clock.now())
    return len(ids)


def _note(ids: Sequence[uuid.UUID], reason: str, now: datetime) -> None:
    MessageEvent.objects.bulk_create(
        (MessageEvent(message_id=message, at=now, kind="parked", actor=ACTOR, reason=reason) for message in ids),
        batch_size=AT_ONCE,
    )


@transaction.atomic
def _stop_pushes(before: datetime, reason: str) -> int:
    """A partner that has answered 200 gets a message never again; whether it did, a restored row can't say."""
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
