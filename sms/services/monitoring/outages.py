"""Reports what fails at a provider, since when, and how many messages are affected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q

from providers.base import Failure
from providers.marking import N_
from providers.registry import FAULTS
from sms.domain.lifecycle import Outcome, Status
from sms.models import Attempt, Breaker, Message, Provider, ProviderState
from sms.services.database import clock, uuid_range

LAST_MINUTE = timedelta(seconds=60)
LATELY = timedelta(minutes=5)
"""The period used for a provider with fewer than FEWEST_CALLS calls in the last minute."""
FEWEST_CALLS = 5
MANY_FAIL = 0.5
"""A provider is failing from this share of failed calls."""
SOME_FAIL = 0.1
MOST_REJECTED = 0.8
"""From this share, rejections count as a fault of the provider, not of the messages."""
NO_RESPONSE_AFTER = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Load:
    """Messages that wait for a provider or need staff. `oldest`: when the oldest waiting one was accepted."""

    waiting: int = 0
    waiting_otps: int = 0
    sending: int = 0
    unconfirmed: int = 0
    unconfirmed_otps: int = 0
    oldest: datetime | None = None

    @property
    def words(self) -> str:
        """The figures as part of a title; "" if there are none."""
        waits = N_("{number} waiting, OTPs: {otps}") if self.waiting_otps else N_("{number} waiting")
        doubts = N_("{number} unconfirmed, OTPs: {otps}") if self.unconfirmed_otps else N_("{number} unconfirmed")
        shown = (
            waits.format(number=self.waiting, otps=self.waiting_otps) if self.waiting else "",
            doubts.format(number=self.unconfirmed, otps=self.unconfirmed_otps) if self.unconfirmed else "",
        )
        return "; ".join(filter(None, shown))


@dataclass(frozen=True, slots=True)
class RecentCalls:
    """The calls to a provider in the last minute, or in the last five where there were few."""

    total: int = 0
    bad: int = 0
    """Calls that count against the provider: unavailable, unconfirmed or misconfigured."""
    rejected: int = 0
    unanswered: int = 0
    """Calls without a response for NO_RESPONSE_AFTER."""

    @property
    def are_failing(self) -> bool:
        return self.total >= FEWEST_CALLS and self.bad >= MANY_FAIL * self.total

    @property
    def are_well(self) -> bool:
        return self.bad <= SOME_FAIL * self.total

    @property
    def problem(self) -> str:
        """A sentence about the problem with the calls; "" if there is none."""
        if not self.are_well:
            return N_("{bad} of the last {total} calls failed.").format(bad=self.bad, total=self.total)
        if self.total >= FEWEST_CALLS and self.rejected >= MOST_REJECTED * self.total:
            return N_("{rejected} of the last {total} calls were rejected.").format(
                rejected=self.rejected, total=self.total
            )
        if self.unanswered:
            return N_("{unanswered} calls have had no response for {seconds} seconds.").format(
                unanswered=self.unanswered, seconds=NO_RESPONSE_AFTER.seconds
            )
        return ""


NO_LOAD, NO_CALLS = Load(), RecentCalls()
_BAD = (Outcome.UNAVAILABLE, Outcome.UNCONFIRMED, Outcome.MISCONFIGURED)


def loads() -> dict[int | None, Load]:
    """By provider. OR uses the partial index of each state; IN uses none."""
    states = Q(status=Status.QUEUED) | Q(status=Status.SENDING) | Q(status=Status.UNCONFIRMED)
    otps = {"filter": Q(is_otp=True)}
    rows = Message.objects.filter(states).order_by().values_list("provider", "status")
    counts = rows.annotate(count=Count("id"), otps=Count("id", **otps), oldest=Min("created_at"))
    found: dict[int | None, dict[str, Any]] = {}
    for provider, status, count, of_otps, oldest in counts:
        found.setdefault(provider, {}).update(_figures(status, count, of_otps, oldest))
    return {provider: Load(**figures) for provider, figures in found.items()}


def _figures(status: str, count: int, otps: int, oldest: datetime) -> dict[str, Any]:
    if status == Status.SENDING:
        return {"sending": count}
    if status == Status.QUEUED:
        return {"waiting": count, "waiting_otps": otps, "oldest": oldest}
    return {"unconfirmed": count, "unconfirmed_otps": otps}


def recent_calls(now: datetime) -> dict[int, RecentCalls]:
    """By provider, with one query over the newest attempts. Those before the circuit breaker closed do not count."""
    minute = Q(id__gte=uuid_range.min_id(now - LAST_MINUTE))
    hangs = Q(started_at__lt=now - NO_RESPONSE_AFTER)
    closed_at = F("provider__state__closed_at")
    is_new = Q(provider__state__closed_at=None) | Q(started_at__gt=closed_at)
    lately = Attempt.objects.filter(is_new, id__gte=uuid_range.min_id(now - LATELY))
    rows = lately.order_by().values_list("provider", "outcome")
    counts = rows.annotate(all=Count("id"), minute=Count("id", filter=minute), hangs=Count("id", filter=hangs))
    found: dict[int, dict[str | None, tuple[int, int, int]]] = {}
    for provider, outcome, *numbers in counts:
        found.setdefault(provider, {})[outcome] = (numbers[0], numbers[1], numbers[2])
    return {provider: _recent(by_outcome) for provider, by_outcome in found.items()}


def _recent(by_outcome: Mapping[str | None, tuple[int, int, int]]) -> RecentCalls:
    finished = {outcome: numbers for outcome, numbers in by_outcome.items() if outcome}
    period = 1 if sum(numbers[1] for numbers in finished.values()) >= FEWEST_CALLS else 0
    counts = {outcome: numbers[period] for outcome, numbers in finished.items()}
    return RecentCalls(
        total=sum(counts.values()),
        bad=sum(counts.get(outcome, 0) for outcome in _BAD),
        rejected=counts.get(Outcome.REFUSED, 0),
        unanswered=by_outcome.get(None, (0, 0, 0))[2],
    )


# --- the current state of a provider ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Health:
    """`name` is one of HEALTHS, `why` a sentence for staff."""

    name: str
    why: str = ""


SUSPENDED, CREDENTIALS_NEEDED = N_("suspended (circuit open)"), N_("credentials needed")
ADAPTER_MISSING, ADAPTER_BROKEN = N_("adapter missing"), N_("adapter broken")
HEALTHS = {
    N_("healthy"): "success",
    N_("degraded"): "warning",
    N_("failing"): "danger",
    SUSPENDED: "danger",
    CREDENTIALS_NEEDED: "danger",
    ADAPTER_MISSING: "danger",
    ADAPTER_BROKEN: "danger",
    N_("paused"): "warning",
    N_("disabled"): "",
}
"""The names, each with its colour."""


def health_of(provider: Provider, calls: RecentCalls = NO_CALLS, why_suspended: str = "") -> Health:
    state = provider.state
    if not provider.enabled:
        return Health("disabled", N_("No message is routed here."))
    if provider.paused:
        return Health("paused", N_("Paused by staff: its messages wait, or go to the next provider."))
    if provider.credentials_problem:
        return Health(
            _unusable(provider),
            " ".join([N_("Nothing is sent there."), provider.credentials_problem]),
        )
    if state.breaker == Breaker.OPEN:
        return Health(SUSPENDED, why_suspended)
    if calls.are_failing:
        return Health("failing", calls.problem)
    if state.bad_calls:
        words = N_("The last call failed.") if state.bad_calls == 1 else N_("The last {count} calls failed.")
        return Health("degraded", words.format(count=state.bad_calls))
    return Health("degraded", calls.problem) if calls.problem else Health("healthy")


def _unusable(provider: Provider) -> str:
    if provider.known_adapter_class is not None:
        return CREDENTIALS_NEEDED
    return ADAPTER_BROKEN if provider.vendor in FAULTS else ADAPTER_MISSING


@dataclass(frozen=True, slots=True)
class Outage:
    """A provider that is not healthy."""

    provider: Provider
    health: Health
    calls: RecentCalls
    load: Load = field(default=NO_LOAD)

    @property
    def since(self) -> datetime | None:
        """The time of the suspension, else of the last accepted call."""
        state = self.provider.state
        return state.opened_at if state.breaker == Breaker.OPEN else state.last_success_at

    @property
    def is_suspended(self) -> bool:
        return self.health.name.startswith("suspended")

    @property
    def is_failing(self) -> bool:
        return self.is_suspended or self.health.name == "failing"

    @property
    def title(self) -> str:
        """The title with current figures."""
        return "; ".join(filter(None, (self._what(), self.load.words)))

    def _what(self) -> str:
        if self.is_suspended:
            return suspended_title(self.provider.slug, self.provider.state)
        problem = self.calls.problem.rstrip(".") or self.health.name
        return _TITLES[self.health.name].format(slug=self.provider.slug, problem_text=problem)


_TITLES = {
    "healthy": N_("{slug} is healthy: {problem_text}"),
    "degraded": N_("{slug} is degraded: {problem_text}"),
    "failing": N_("{slug} is failing: {problem_text}"),
    CREDENTIALS_NEEDED: N_("{slug} is credentials needed: {problem_text}"),
    ADAPTER_MISSING: N_("{slug} has no adapter: {problem_text}"),
    ADAPTER_BROKEN: N_("{slug} has a broken adapter: {problem_text}"),
    "paused": N_("{slug} is paused: {problem_text}"),
    "disabled": N_("{slug} is disabled: {problem_text}"),
}


def suspended_title(slug: str, state: ProviderState) -> str:
    why = _REASONS.get(state.breaker_failure, state.breaker_failure)
    since = N_("{slug} is suspended since {since} UTC: {why_text} ({code})")
    words = since if state.opened_at else N_("{slug} is suspended: {why_text} ({code})")
    opened = f"{state.opened_at:%H:%M}" if state.opened_at else ""
    return words.format(slug=slug, since=opened, why_text=why, code=state.breaker_code)


_REASONS = {
    Failure.TRANSIENT: N_("unreachable or overloaded"),
    Failure.AMBIGUOUS: N_("no clear response"),
    Failure.ACCOUNT: N_("the account is rejected"),
    Failure.BALANCE: N_("no credit left"),
}


def read_providers(now: datetime) -> list[Outage]:
    """Every provider with its health, its recent calls and its messages."""
    calls, load = recent_calls(now), loads()
    found = Provider.objects.select_related("state")
    return [_outage(each, calls.get(each.pk, NO_CALLS), load.get(each.pk, NO_LOAD)) for each in found]


def _outage(provider: Provider, calls: RecentCalls, load: Load) -> Outage:
    return Outage(provider, health_of(provider, calls), calls, load)


def find_outages() -> list[Outage]:
    """The enabled providers that are not healthy: suspended, failing, degraded or paused."""
    return unhealthy(read_providers(clock.now()))


def unhealthy(providers: Iterable[Outage]) -> list[Outage]:
    return [each for each in providers if each.health.name not in ("healthy", "disabled")]
