"""Held messages: queued without anybody's help as soon as a provider on their route may carry their text."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error, models, transaction

from providers.marking import N_
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

BATCH_SIZE = 200
RECHECK_TIME = timedelta(seconds=30)
"""How long after a change another process may still hold messages by an older copy of the configuration."""


class HeldMessageScan:
    """Checks held messages against the routing decision of now, and queues those that a provider may carry.

    A change of the configuration begins a scan of all held messages, oldest first; for RECHECK_TIME the newest are
    checked as well. Each worker process has its own scan.
    """

    def __init__(self) -> None:
        self._stamp: int | None = None
        """The stamp of the configuration that this scan was begun with."""
        self._position: uuid.UUID | None = None
        """The last message that was checked; None after all were."""
        self._recheck_ends = 0.0

    def release_batch(self, limit: int = BATCH_SIZE) -> int:
        """Check the next messages of the scan, else the newest. Returns how many of the scan were checked."""
        self._begin_after_change(snapshot.current().stamp)
        batch = self._next_batch(limit)
        for message in batch or self._newest():
            _release_safely(message)
        if self._position is not None:
            self._position = batch[-1].id if len(batch) == limit else None
        return len(batch)

    def _begin_after_change(self, stamp: int) -> None:
        if stamp != self._stamp:
            self._stamp, self._position = stamp, uuid.UUID(int=0)
            self._recheck_ends = time.monotonic() + RECHECK_TIME.total_seconds()

    def _next_batch(self, limit: int) -> list[Message]:
        if self._position is None:
            return []
        return list(_held().filter(id__gt=self._position).order_by("id")[:limit])

    def _newest(self) -> list[Message]:
        if time.monotonic() > self._recheck_ends:
            return []
        return list(_held().filter(created_at__gt=clock.now() - RECHECK_TIME).order_by("-id")[: 5 * BATCH_SIZE])


def _held() -> models.QuerySet[Message]:
    """The messages that may be released. One in doubt came from a backup and may have been sent since: staff decide."""
    return Message.objects.filter(status=Status.HELD, in_doubt=False, expires_at__gt=clock.now())


def _release_safely(message: Message) -> None:
    """Release a message if it may go. A text that our own code fails on does not stop the others."""
    try:
        _release(message)
    except Error:
        raise  # not about this message: the batch is checked again
    except Exception as error:
        log.error("release.failed", message=str(message.pk), fault=type(error).__name__)


def _release(message: Message) -> None:
    current = snapshot.current()
    reading = readings.choose(
        _escaped(message, current),
        lambda text: current.decide(
            text=text, sender=message.sender, to=message.to, client=message.client_id, is_otp=False
        ),
    )
    other = reading if reading.text != message.text else None
    if not reading.decision.code:
        with transaction.atomic():
            queue_held(message, reading.decision, now=clock.now(), other=other)


def _escaped(message: Message, current: Snapshot) -> EscapedText:
    """The message's text with its `/n`, if the client's present rule still gives the stored text; else that text."""
    rules = (client.newline_escape for client in current.clients.values() if client.id == message.client_id)
    found = read(message.raw_text or message.text, next(rules, "off"))
    return found if found.text == message.text else EscapedText(message.text)


def queue_held(
    message: Message,
    decision: Decision,
    *,
    now: datetime,
    actor: str = "",
    reason: str = "",
    other: Reading | None = None,
) -> bool:
    """Queue a held message by this decision. False if it is no longer held. `other`: another reading of its text.

    Call it in a transaction.
    """
    first = decision.eligible[0]
    moved = outbox.move_message(
        message.pk,
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
        why = reason or N_("An approved template gives this text now.")
        said = {"kind": "released", "actor": actor, "reason": why, "decision": routed_again(message, decision)}
        MessageEvent.objects.create(message=message, at=now, **said)
        transaction.on_commit(notify.notify_workers)
    return moved


def routed_again(message: Message, decision: Decision) -> dict[str, Any]:
    """What an event records of a decision that replaces the message's own."""
    to = {"from": message.provider_id, "to": decision.eligible[0].provider, "status": Status.QUEUED}
    return decision.as_json() | to | {"code": message.code, "replaced": message.decision}


def _text_columns(reading: Reading) -> dict[str, str | int | bool]:
    size = segments(reading.text)
    return {
        "text": reading.text,
        "encoding": size.encoding.value,
        "segments": size.count,
        "newline_is_undecided": reading.is_undecided,
    }
