"""Held messages: released by themselves as soon as a provider on their route may carry their text."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import Error, models

from sms.domain.lifecycle import Status
from sms.domain.newline_escape import EscapedText, read
from sms.domain.routing import Decision
from sms.domain.text import segments
from sms.models import Message, MessageEvent
from sms.services.configuration import readings, snapshot
from sms.services.configuration.readings import Reading
from sms.services.configuration.snapshot import Snapshot
from sms.services.database import clock

from . import notify, outbox

log = structlog.get_logger(__name__)

AT_ONCE = 200
STALE = timedelta(seconds=30)
"""So long after a change another process may still hold a message that the configuration of now would not."""


@dataclass(slots=True)
class Walk:
    """How far this process has looked at held messages with the configuration of this stamp; None: at all of them."""

    stamp: int | None = None
    position: uuid.UUID | None = None
    ends: float = 0.0

    def begin(self, stamp: int) -> None:
        self.stamp, self.position = stamp, uuid.UUID(int=0)
        self.ends = time.monotonic() + STALE.total_seconds()


_walk = Walk()


def release(limit: int = AT_ONCE) -> int:
    """Look at held messages again once the configuration changed: at all of them, so many at a time.

    Then for a while at the newest. Returns how many of all it looked at; 0: there are no more.
    """
    current = snapshot.current()
    if current.stamp != _walk.stamp:
        _walk.begin(current.stamp)
    held = _next(limit)
    for message in held or _newest():
        _release_safely(message)
    if _walk.position is not None:
        _walk.position = held[-1].id if len(held) == limit else None
    return len(held)


def _next(limit: int) -> list[Message]:
    if _walk.position is None:
        return []
    return list(_held().filter(id__gt=_walk.position).order_by("id")[:limit])


def _newest() -> list[Message]:
    if time.monotonic() > _walk.ends:
        return []
    return list(_held().filter(created_at__gt=clock.now() - STALE).order_by("-id")[: 5 * AT_ONCE])


def _held() -> models.QuerySet[Message]:
    """One in doubt came back with a backup: it may have gone out since, so only a person releases it."""
    return Message.objects.filter(status=Status.HELD, in_doubt=False, expires_at__gt=clock.now())


def _release_safely(message: Message) -> None:
    """A text that our own code fails on holds up no other."""
    try:
        _release(message)
    except Error:
        raise  # the database's fault, not the message's: all of them are looked at once more
    except Exception as error:
        log.error("release.crashed", message=str(message.pk), fault=type(error).__name__)


def _release(message: Message) -> bool:
    current = snapshot.current()
    reading = readings.choose(
        _escaped(message, current),
        lambda text: current.decide(
            text=text, sender=message.sender, to=message.to, client=message.client_id, is_otp=False
        ),
    )
    other = reading if reading.text != message.text else None
    return not reading.decision.code and queue(message.pk, reading.decision, now=clock.now(), other=other)


def _escaped(message: Message, current: Snapshot) -> EscapedText:
    """The message's text with its `/n`, as far as its client's rule still gives the text that is stored."""
    rules = (client.newline_escape for client in current.clients.values() if client.id == message.client_id)
    found = read(message.raw_text or message.text, next(rules, "off"))
    return found if found.text == message.text else EscapedText(message.text)


def queue(
    message: uuid.UUID,
    decision: Decision,
    *,
    now: datetime,
    actor: str = "",
    reason: str = "",
    other: Reading | None = None,
) -> bool:
    """Queue a held message along this decision. False if it is held no more. `other`: another reading of its text."""
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
        **(_text_columns(other) if other else {}),
    )
    if moved:
        why = reason or "An approved template gives this text now."
        MessageEvent.objects.create(message_id=message, at=now, kind="released", actor=actor, reason=why)
        notify.ring()
    return moved


def _text_columns(reading: Reading) -> dict[str, str | int | bool]:
    size = segments(reading.text)
    return {
        "text": reading.text,
        "encoding": size.encoding.value,
        "segments": size.count,
        "newline_is_undecided": reading.is_undecided,
    }
