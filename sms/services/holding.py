"""Held messages: released by themselves as soon as a provider on their route may carry their text."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sms.domain.lifecycle import Status
from sms.domain.routing import Decision
from sms.models import Message, MessageEvent

from . import clock, outbox, snapshot, wake

NEW = timedelta(seconds=30)

_looked_at_stamp: int | None = None


def release() -> int:
    """Look at held messages again: at all of them once the configuration changed, else at the newest.

    The newest, because the process that held one may have looked at the configuration of a moment before.
    Returns how many were released.
    """
    global _looked_at_stamp
    current = snapshot.current()
    everything = current.stamp != _looked_at_stamp
    released = sum(_release(message) for message in _held(everything=everything))
    _looked_at_stamp = current.stamp
    return released


def _held(*, everything: bool) -> list[Message]:
    now = clock.now()
    held = Message.objects.filter(status=Status.HELD, expires_at__gt=now).order_by("id")
    return list(held if everything else held.filter(created_at__gt=now - NEW))


def _release(message: Message) -> bool:
    decision = snapshot.current().decide(
        text=message.text, sender=message.sender, to=message.to, client=message.client_id, is_otp=False
    )
    return not decision.code and queue(message.pk, decision, now=clock.now())


def queue(message: uuid.UUID, decision: Decision, *, now: datetime, actor: str = "", reason: str = "") -> bool:
    """Queue a held message along this decision. False if it is held no more."""
    first = decision.eligible[0]
    moved = outbox.move(
        message,
        leaves=[Status.HELD],
        now=now,
        status=Status.QUEUED,
        provider_id=first.provider,
        due_at=now,
        decision=decision.as_json(),
        template_version_id=first.version,
    )
    if moved:
        why = reason or "An approved template gives this text now."
        MessageEvent.objects.create(message_id=message, at=now, kind="released", actor=actor, reason=why)
        wake.ring()
    return moved
