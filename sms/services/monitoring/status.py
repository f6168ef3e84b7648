"""How it stands at this moment, asked of the database: for /status, /metrics and the alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Min, Q, QuerySet, When

from sms.domain.lifecycle import Status
from sms.models import Alert, Dispatcher, Message, ProviderState
from sms.services.database import clock

from .metrics import LANE

ALIVE_SECONDS = 60.0
"""A dispatcher says every five seconds that it lives; after this long it counts as gone."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What is queued in one lane, and how long the longest waiting has waited (None: nothing waits)."""

    queued: int = 0
    oldest_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """`dispatchers`: those that did not end by themselves; `open_alerts`: their number by severity."""

    at: datetime
    lanes: Mapping[str, Lane]
    dispatchers: tuple[Dispatcher, ...]
    states: tuple[ProviderState, ...]
    unconfirmed: int
    unconfirmed_seconds: float | None
    held: int
    open_alerts: Mapping[str, int]

    def silent_seconds(self, dispatcher: Dispatcher) -> float:
        return (self.at - dispatcher.seen_at).total_seconds()

    @property
    def alive(self) -> tuple[Dispatcher, ...]:
        return tuple(d for d in self.dispatchers if self.silent_seconds(d) < ALIVE_SECONDS)


def lives_on(host: str) -> bool:
    """Whether a dispatcher of this host is alive. Raises django.db.Error where the database is away."""
    since = clock.now() - timedelta(seconds=ALIVE_SECONDS)
    return Dispatcher.objects.filter(host=host[:100], stopped_at=None, seen_at__gt=since).exists()


def look() -> Overview:
    """Ask for everything. Raises django.db.Error where the database is away."""
    now = clock.now()
    unconfirmed = _of(Status.UNCONFIRMED).aggregate(count=Count("id"), since=Min("updated_at"))
    return Overview(
        at=now,
        lanes=_lanes(now),
        dispatchers=tuple(Dispatcher.objects.filter(stopped_at=None)),
        states=tuple(ProviderState.objects.select_related("provider").order_by("provider__slug")),
        unconfirmed=unconfirmed["count"],
        unconfirmed_seconds=_age(unconfirmed["since"], now),
        held=_of(Status.HELD).count(),
        open_alerts=dict(Alert.objects.filter(closed_at=None).order_by().values_list("severity").annotate(Count("id"))),
    )


def somebody_dispatches() -> bool:
    """Whether any dispatcher was seen within the last minute."""
    since = clock.now() - timedelta(seconds=ALIVE_SECONDS)
    return Dispatcher.objects.filter(stopped_at=None, seen_at__gt=since).exists()


def _lanes(now: datetime) -> dict[str, Lane]:
    # A message that staff sent again waits since then; `updated_at` moves at a resend and at each try.
    since = Case(When(Q(attempts_before__gt=0), then="updated_at"), default="created_at")
    rows = _of(Status.QUEUED).values_list("is_otp").annotate(count=Count("id"), since=Min(since))
    found = {LANE[is_otp]: Lane(count, _age(oldest, now)) for is_otp, count, oldest in rows}
    return {lane: found.get(lane, Lane()) for lane in LANE.values()}


def _of(status: Status) -> QuerySet[Message]:
    return Message.objects.filter(status=status).order_by()


def _age(since: datetime | None, now: datetime) -> float | None:
    return max((now - since).total_seconds(), 0.0) if since else None
