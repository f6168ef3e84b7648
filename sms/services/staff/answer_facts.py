"""Reads the facts for the sentences of sms/services/staff/answers.py from the rows that a search found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils.timezone import localtime

from sms.domain import codes, status_descriptions
from sms.domain.lifecycle import Outcome, Status, is_final
from sms.domain.routing import Decision
from sms.models import Attempt, Breaker, InboundMessage, Message, Provider, RefusedRequest
from sms.services.configuration import snapshot
from sms.services.intake.near_miss import nearest_template
from sms.services.monitoring import status as overview
from sms.translation import translated

from . import answers, message_actions
from .answers import Answer, MessageFacts, ProviderState, ReceivedFacts
from .status_query import can_query
from .timeline import latest_result

ShowNumber = Callable[[str], str]


def answer_message(message: Message, show: ShowNumber, *, with_near: bool) -> Answer:
    """`with_near`: whether the reader may see the nearest template of a held message."""
    attempts = list(message.attempts.all())
    last = attempts[-1] if attempts else None
    vendor = message.known_adapter_class
    status = Status(message.status)
    waits = status is Status.QUEUED
    decision = _decision(message) if status is Status.HELD else None
    state, since = _provider_state(message.provider) if waits else (ProviderState.SENDING, "")
    return answers.of_message(
        MessageFacts(
            status=status,
            to=show(message.to),
            at=_time(message.updated_at),
            provider=message.provider.slug if message.provider else "—",
            provider_state=state,
            since=since,
            waiting_for=message.waiting_for,
            due=_time(message.due_at) if message.due_at else "",
            attempts=len(attempts),
            cause=translated(_why_held(decision) if decision else _cause(message, last)),
            near=translated(_near(message, decision)) if with_near and decision else "",
            in_doubt=message.in_doubt,
            can_resend=_can_resend(message),
            can_ask=can_query(last),
            is_last_report=vendor is not None and (not vendor.reports or is_final(status, vendor.strongest)),
            has_dispatcher=not waits or overview.is_dispatcher_alive(),
        )
    )


def _provider_state(provider: Provider | None) -> tuple[ProviderState, str]:
    if provider is None or not provider.enabled:
        return ProviderState.DISABLED, ""
    if provider.paused:
        return ProviderState.PAUSED, ""
    if provider.state.breaker == Breaker.OPEN:
        opened_at = provider.state.opened_at
        return ProviderState.SUSPENDED, _time(opened_at) if opened_at else ""
    return ProviderState.SENDING, ""


def _can_resend(message: Message) -> bool:
    has_text = message.text is not None and not message.is_otp
    is_blocked = message.code == status_descriptions.RECIPIENT_BLOCKED
    return has_text and not is_blocked and message.status in message_actions.RESENDABLE


def _cause(message: Message, last: Attempt | None) -> str:
    """The description of the vendor's code, else of our code, else the stored text."""
    result = latest_result(message, last)
    outcome = Outcome(last.outcome) if last and last.outcome else None
    exact = status_descriptions.of_code(result.code, outcome) if result.is_ours else None
    general = status_descriptions.FAILURE[result.failure].happened if result.failure else ""
    return result.meaning or (exact.happened if exact else result.detail or general or result.code)


def _decision(message: Message) -> Decision:
    """The routing decision of now."""
    where = {"sender": message.sender, "to": message.to, "client": message.client_id, "is_otp": False}
    return snapshot.current().decide(text=message.text or "", **where)


def _why_held(decision: Decision) -> str:
    """Why no provider may send a held message although a template gives its text; "" if none does."""
    if decision.code in ("", "template_not_matched"):
        return ""
    return "; ".join(f"{each.slug}: {each.reason}" for each in decision.candidates) or codes.BY_NAME["no_route"].message


def _near(message: Message, decision: Decision) -> str:
    return nearest_template(snapshot.current(), decision, message.text or "")


def answer_rejection(rejected: RefusedRequest, *, with_near: bool) -> Answer:
    near = translated(rejected.nearest) if with_near else ""
    return answers.of_rejection(rejected.code, at=_time(rejected.created_at), near=near)


def answer_received(received: InboundMessage, show: ShowNumber) -> Answer:
    push = getattr(received, "push", None)
    return answers.of_received(
        ReceivedFacts(
            sender=show(received.sender),
            to=show(received.to),
            at=_time(received.received_at),
            partner=push.partner.slug if push else "",
            forward=push.status if push else "",
            cause=translated((push.detail or push.code) if push else received.not_pushed),
        )
    )


def _time(when: datetime) -> str:
    """The time for today, date and time for other days, in the admin's time zone."""
    local, today = localtime(when), localtime().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
