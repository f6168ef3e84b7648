"""The health of each provider, for its card in the admin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.base import Failure, Sender
from providers.marking import N_
from providers.registry import SENDERS
from sms.domain import status_descriptions
from sms.domain.lifecycle import Outcome
from sms.models import Attempt, Breaker, Provider, ProviderState
from sms.services.database import clock, uuid_range
from sms.services.webhooks.urls import registered_url
from sms.translation import translated

from . import outages

PERIOD = timedelta(hours=1)
SAMPLE = 1000
"""How many of the newest attempts are used to compute a card's figures."""


@dataclass(frozen=True, slots=True)
class Card:
    """`rate` is the percentage of accepted calls; `p95` is in milliseconds."""

    id: int
    slug: str
    vendor: str
    health: str
    tone: str
    says: str
    rate: float | None
    p95: int | None
    calls: int
    in_flight: int
    load: outages.Load
    is_suspended: bool
    state: ProviderState
    last_error: str
    limits: str
    balance: str
    can_test: bool
    paused: bool
    callback: str
    reports: str
    strongest: str


def provider_cards() -> list[Card]:
    now = clock.now()
    providers = list(Provider.objects.select_related("state"))
    loads, recent = outages.loads(), outages.recent_calls(now)
    return [
        _card(
            provider,
            *_last_hour(provider, now),
            loads.get(provider.pk, outages.NO_LOAD),
            recent.get(provider.pk, outages.NO_CALLS),
        )
        for provider in providers
    ]


def _last_hour(provider: Provider, now: datetime) -> tuple[float | None, int | None, int]:
    """Percentage accepted, p95 in milliseconds, and number of calls."""
    newest = Attempt.objects.filter(provider=provider, id__gte=uuid_range.min_id(now - PERIOD), outcome__isnull=False)
    rows = list(newest.order_by("-id").values_list("outcome", "started_at", "finished_at")[:SAMPLE])
    if not rows:
        return None, None, 0
    accepted = sum(outcome == Outcome.ACCEPTED for outcome, _started, _finished in rows)
    times = sorted((finished - started).total_seconds() * 1000 for _o, started, finished in rows if finished)
    p95 = round(times[int(len(times) * 0.95)]) if times else None
    return round(100 * accepted / len(rows), 1), p95, len(rows)


def _card(
    provider: Provider,
    rate: float | None,
    p95: int | None,
    calls: int,
    load: outages.Load,
    recent: outages.RecentCalls,
) -> Card:
    adapter: type[Sender] | None = SENDERS.get(provider.vendor)
    health = outages.health_of(provider, recent, _breaker_description(provider.state))
    return Card(
        id=provider.pk,
        slug=provider.slug,
        vendor=adapter.name if adapter else provider.vendor,
        health=health.name,
        tone=outages.HEALTHS[health.name],
        says=health.why,
        rate=rate,
        p95=p95,
        calls=calls,
        in_flight=load.sending,
        load=load,
        is_suspended=provider.state.breaker == Breaker.OPEN,
        state=provider.state,
        last_error=_last_error(provider.state),
        limits=_limits(provider),
        balance=_balance(provider.state),
        can_test=bool(adapter and adapter.has_harmless_call()),
        paused=provider.paused,
        callback=(registered_url(provider) or "") if adapter else "",
        reports=status_descriptions.channels_text(adapter.reports) if adapter else "",
        strongest=adapter.strongest if adapter else "",
    )


def _breaker_description(state: ProviderState) -> str:
    known = {failure.value for failure in Failure}
    why = status_descriptions.FAILURE[Failure(state.breaker_failure)].happened if state.breaker_failure in known else ""
    when = (
        N_("Next probe at {probe_at:%H:%M:%S} UTC.").format(probe_at=state.probe_at)
        if state.probe_at
        else N_("No requests are sent until staff act.")
    )
    return " ".join(part for part in (why, state.breaker_detail, when) if part)


def _last_error(state: ProviderState) -> str:
    if not state.last_error_at:
        return ""
    return f"{state.last_error_at:%Y-%m-%d %H:%M:%S} UTC, {state.last_error_code}: {state.last_error_detail}"


def _balance(state: ProviderState) -> str:
    return f"{state.balance} ({state.balance_at:%Y-%m-%d %H:%M} UTC)" if state.balance_at else ""


def _limits(provider: Provider) -> str:
    flight = (
        N_("{max_in_flight} concurrent calls").format(max_in_flight=provider.max_in_flight)
        if provider.max_in_flight
        else N_("unlimited concurrent calls")
    )
    rate = (
        N_("{rate_limit} a second").format(rate_limit=provider.rate_limit)
        if provider.rate_limit
        else N_("no rate limit")
    )
    return N_("{flight}, {rate}, time-out {timeout} s").format(
        flight=translated(flight), rate=translated(rate), timeout=provider.timeout
    )
