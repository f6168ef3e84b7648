"""Stores what a client reports of its message: one row per message. It changes no state and sends nothing."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q

from sms.domain.lifecycle import Outcome
from sms.domain.quality.client_outcomes import ClientOutcome
from sms.models import Attempt, Message, MessageOutcome
from sms.services.database import clock

_NOT_SENT = (Outcome.REFUSED, Outcome.MISCONFIGURED, Outcome.UNAVAILABLE)


def find(client: int, **by: Any) -> list[uuid.UUID]:
    """The ids of the client's messages that match; at most two, since only one message can get an outcome."""
    return list(Message.objects.filter(client=client, **by).order_by("-id").values_list("pk", flat=True)[:2])


def record(message: uuid.UUID, outcome: ClientOutcome) -> MessageOutcome:
    """Keep the strongest outcome: so the order of the calls does not matter, and an equal call changes nothing."""
    values = {"outcome": outcome.value, "at": clock.now(), "attempt_id": _last_sent(message)}
    kept, _ = MessageOutcome.objects.get_or_create(message_id=message, defaults=values)
    if MessageOutcome.objects.filter(pk=message, outcome__in=outcome.weaker).update(**values):
        kept.refresh_from_db()
    return kept


def _last_sent(message: uuid.UUID) -> uuid.UUID | None:
    """The last attempt that may have reached the recipient. The outcome counts for it alone."""
    attempts = Attempt.objects.filter(Q(outcome=None) | ~Q(outcome__in=_NOT_SENT), message=message)
    return attempts.order_by("-number").values_list("pk", flat=True).first()
