"""Queries a vendor for the state of a message at the request of staff."""

from __future__ import annotations

import uuid

from providers.base import ReportChannel
from providers.marking import N_
from sms.models import Attempt, MessageEvent
from sms.services.database import clock
from sms.services.queue.echoes import can_poll
from sms.services.queue.errors import ActionRefused


def latest_attempt(message_id: uuid.UUID) -> Attempt | None:
    attempts = Attempt.objects.filter(message_id=message_id).select_related("provider").order_by("-number")
    return attempts.only("vendor_message_id", "provider__vendor").first()


def can_query(attempt: Attempt | None) -> bool:
    """Whether the attempt's vendor supports polling, and knows the message by an id of its own if it needs one."""
    vendor = attempt.provider.known_adapter_class if attempt else None
    if attempt is None or vendor is None or ReportChannel.POLL not in vendor.reports:
        return False
    return can_poll(attempt.vendor_message_id) or not vendor.polls.needs_id


def request_query(message_id: uuid.UUID, *, actor: str) -> None:
    """Let a dispatcher poll now. Raises ActionRefused where the vendor can't be queried."""
    attempt = latest_attempt(message_id)
    if attempt is None or not can_query(attempt):
        raise ActionRefused(N_("This vendor does not support status queries of this message."))
    now = clock.now()
    Attempt.objects.filter(pk=attempt.pk).update(poll_at=now)
    MessageEvent.objects.create(message_id=message_id, at=now, kind="asked", actor=actor, reason="")
