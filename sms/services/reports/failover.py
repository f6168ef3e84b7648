"""The next provider after a report that the message was never sent, and the event that records the decision."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from providers.marking import N_
from sms.domain.lifecycle import BAD_REPORTS, Outcome, Status, choose, remaining
from sms.domain.routing import judged_again
from sms.models import Attempt, Message, MessageEvent
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.queue import notify, queue_state
from sms.services.queue.attempts import tries_of


@dataclass(frozen=True, slots=True)
class NextProvider:
    id: int
    candidates: list[dict[str, Any]]


def next_provider(message: uuid.UUID, reported: int, now: datetime) -> NextProvider | None:
    """The provider to try after the `reported` one did not send it; None if none is left or the message expired."""
    whole = Message.objects.get(pk=message)
    if whole.expires_at <= now or whole.text is None:
        return None
    stored = [candidate["provider"] for candidate in whole.decision.get("candidates", [])]
    providers = [whole.pinned_provider_id] if whole.pinned_provider_id else stored
    judged = snapshot.current().check_providers(providers, text=whole.text, sender=whole.sender, is_otp=whole.is_otp)
    tries = tries_of([whole])[whole.id]
    left = [p for p in remaining([c.provider for c in judged.eligible], tries) if p != reported]
    if not left:
        return None
    closed = {each.provider: _OPEN for each in queue_state.read_queue().providers if each.is_open}
    chosen = choose(left, frozenset(left) - closed.keys(), tries)
    return NextProvider(chosen, judged_again(judged.candidates, tries, closed=closed, chosen=chosen))


_OPEN = N_("Its circuit breaker is open.")


def may_have_moved_on(attempt: uuid.UUID) -> bool:
    """Whether a backup was restored since the attempt: the next provider may have had the message after the backup."""
    parked = MessageEvent.objects.filter(kind="parked", message=OuterRef("message"), at__gte=OuterRef("started_at"))
    return Attempt.objects.filter(Exists(parked), pk=attempt).exists()


def record(message: uuid.UUID, account: Account, chosen: NextProvider, code: str, now: datetime) -> None:
    why = N_("{slug} reports that it was never sent.").format(slug=account.slug)
    decision = {"from": account.id, "to": chosen.id, "candidates": chosen.candidates}
    decision |= {"status": Status.QUEUED, "code": code}
    MessageEvent.objects.create(message_id=message, at=now, kind="failed_over", reason=why, decision=decision)
    transaction.on_commit(notify.notify_workers)


def is_in_doubt(message: uuid.UUID, reference: uuid.UUID) -> bool:
    """Whether a call with another reference may have sent the message, or one that a restored backup lacks."""
    same = Q(pk=reference) | Q(repeats=reference)
    others = Attempt.objects.filter(message=message).exclude(same)
    maybe = Q(outcome=None) | Q(outcome__in=(Outcome.ACCEPTED, Outcome.UNCONFIRMED))
    is_parked = MessageEvent.objects.filter(message=message, kind="parked").exists()
    return is_parked or others.filter(maybe).exclude(reported__in=BAD_REPORTS).exists()
