"""Whether another provider gets a message of which a vendor reports that it was never sent."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q

from sms.domain.lifecycle import BAD_REPORTS, Outcome, choose, remaining
from sms.models import Attempt, Message, MessageEvent
from sms.services.configuration import snapshot
from sms.services.queue import queue_state
from sms.services.queue.attempts import tries_of


def next_provider(message: uuid.UUID, failed: int, now: datetime) -> int | None:
    """The provider to try after one that did not send; None if none is left or the message expired."""
    whole = Message.objects.get(pk=message)
    if whole.expires_at <= now or whole.text is None:
        return None
    stored = [candidate["provider"] for candidate in whole.decision.get("candidates", [])]
    providers = [whole.pinned_provider_id] if whole.pinned_provider_id else stored
    judged = snapshot.current().check_providers(providers, text=whole.text, sender=whole.sender, is_otp=whole.is_otp)
    tries = tries_of([whole])[whole.id]
    left = [p for p in remaining([c.provider for c in judged.eligible], tries) if p != failed]
    closed = {each.provider for each in queue_state.read_queue().providers if each.is_open}
    return choose(left, frozenset(left) - closed, tries) if left else None


def is_in_doubt(message: uuid.UUID, reference: uuid.UUID) -> bool:
    """Whether a call with another reference may have sent the message, or one that a restored backup lacks."""
    same = Q(pk=reference) | Q(repeats=reference)
    others = Attempt.objects.filter(message=message).exclude(same)
    maybe = Q(outcome=None) | Q(outcome__in=(Outcome.ACCEPTED, Outcome.UNCONFIRMED))
    is_parked = MessageEvent.objects.filter(message=message, kind="parked").exists()
    return is_parked or others.filter(maybe).exclude(reported__in=BAD_REPORTS).exists()
