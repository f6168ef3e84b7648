"""Reads the state of queues, dispatchers and providers from the database, for /status, /metrics and the alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Min, Q, QuerySet, When

from sms.domain.lifecycle import Status
from sms.models import Alert, Dispatcher, Message, ProviderState
from sms.services.database import clock

from .metrics import LANE

ALIVE = timedelta(seconds=60)
"""A dispatcher without a heartbeat for so long counts as dead. It sends one every five seconds."""


@dataclass(frozen=True, slots=True)
class Lane:
    """`oldest_seconds`: how long the oldest queued message has waited; None where none waits."""

    queued: int = 0
    oldest_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """`dispatchers`: those that did not stop regularly; `open_alerts`: numbers by severity."""

    at: datetime
    lanes: Mapping[str, Lane]
    dispatchers: tuple[Dispatcher, ...]
    states: tuple[ProviderState, ...]
    unconfirmed: int
    unconfirmed_seconds: float | None
    held: int
    open_alerts: Mapping[str, int]

    def seconds_since_seen(self, dispatcher: Dispatcher) -> float:
        return (self.at - dispatcher.seen_at).total_seconds()

    @property
    def alive(self) -> tuple[Dispatcher, ...]:
        return tuple(d for d in self.dispatchers if self.at - d.seen_at < ALIVE)


def is_dispatcher_alive(**filters: Any) -> bool:
    """Whether a dispatcher is alive; filters such as `host=…` select the dispatchers. Raises django.db.Error."""
    return Dispatcher.objects.filter(stopped_at=None, seen_at__gt=clock.now() - ALIVE, **filters).exists()


def read_overview() -> Overview:
    """Raises django.db.Error."""
    now = clock.now()
    unconfirmed = _with_status(Status.UNCONFIRMED).aggregate(count=Count("id"), since=Min("updated_at"))
    return Overview(
        at=now,
        lanes=_lanes(now),
        dispatchers=tuple(Dispatcher.objects.filter(stopped_at=None)),
        states=tuple(ProviderState.objects.select_related("provider").order_by("provider__slug")),
        unconfirmed=unconfirmed["count"],
        unconfirmed_seconds=_age(unconfirmed["since"], now),
        held=_with_status(Status.HELD).count(),
        open_alerts=dict(Alert.objects.filter(closed_at=None).order_by().values_list("severity").annotate(Count("id"))),
    )


def _lanes(now: datetime) -> dict[str, Lane]:
    # A resent message waits since the resend, which `updated_at` holds; each attempt changes it too.
    since = Case(When(Q(attempts_before__gt=0), then="updated_at"), default="created_at")
    rows = _with_status(Status.QUEUED).values_list("is_otp").annotate(count=Count("id"), since=Min(since))
    found = {LANE[is_otp]: Lane(count, _age(oldest, now)) for is_otp, count, oldest in rows}
    return {lane: found.get(lane, Lane()) for lane in LANE.values()}


def _with_status(status: Status) -> QuerySet[Message]:
    return Message.objects.filter(status=status).order_by()


def _age(since: datetime | None, now: datetime) -> float | None:
    return max((now - since).total_seconds(), 0.0) if since else None
