"""Judges the providers of each route by their last calls, and moves shares of its messages or advises to.

A move is one row, which has the figures that led to it. In the mode `automatic` the shares are part of the snapshot, so
that accepting a message needs no query for them; in the mode `advise` the same rows change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Min, QuerySet

from providers.marking import N_
from sms.domain.quality.decline import SUSPECTED, Call, Signal, Usual, decline, has_recovered
from sms.domain.quality.shares import STEPS, Move, Standing, next_move
from sms.models import Alert, Breaker, ConfigurationStamp, ProviderState, Route, ShareMove, ShareMoves
from sms.services.database import clock
from sms.services.monitoring.alerts import close_alert, open_alert, set_title

from .recent_calls import StartedCall, read_calls, read_newest
from .usual_figures import read_usual

log = structlog.get_logger(__name__)

PREFIX = "share:"
WINDOW, LONG_WINDOW = timedelta(minutes=5), timedelta(minutes=15)
"""Calls of this time are evidence of a fall, and of a recovery."""
SLICE, SAMPLE = timedelta(seconds=30), 60
"""So many calls of each provider are read of each slice of the window. The newest calls alone would not do: those of a
busy vendor are too young to miss their reports."""
PROBES = 60
"""So many older calls of a provider with a lowered share are read, at most a day old: on a quiet route its probes are
rare."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """A provider's evidence, and its last calls, oldest first."""

    usual: Usual
    evidence: dict[Signal, float]
    calls: list[StartedCall]

    @property
    def most(self) -> float:
        return max(self.evidence.values())

    def figures(self) -> dict[str, Any]:
        evidence = {signal.value: round(value, 1) for signal, value in self.evidence.items()}
        usual = {
            name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(self.usual).items()
        }
        return {"evidence": evidence, "usual": usual, "calls": len(self.calls)}


def evaluate() -> None:
    """Make the moves that are due, and open, update and close their alerts."""
    now = clock.now()
    _end_outdated(now)
    routes = [route for route in _routes() if route.share_moves != ShareMoves.OFF and len(route.steps.all()) > 1]
    if routes:
        judged = _judge(now)
        closed = set(ProviderState.objects.filter(breaker=Breaker.CLOSED).values_list("pk", flat=True))
        for route in routes:
            _evaluate_route(route, now, judged, closed)
    _update_alerts()


def _lowered() -> QuerySet[ShareMove]:
    return ShareMove.objects.filter(is_latest=True, after__lt=STEPS[0])


def _end_outdated(now: datetime) -> None:
    """Give back the shares that a change of the route has ended, or it would apply again with a later change."""
    for row in _lowered().select_related("route").prefetch_related("route__steps"):
        route, providers = row.route, [step.provider_id for step in row.route.steps.all()]
        is_moved = route.enabled and route.share_moves == row.mode
        if not is_moved or row.provider_id not in providers or len(providers) < 2:
            _record(route, row.mode, Move(now, row.provider_id, row.after, STEPS[0]), {})


def _routes() -> Iterable[Route]:
    return Route.objects.filter(enabled=True).prefetch_related("steps__provider")


def _judge(now: datetime) -> dict[int, Judged]:
    usual = read_usual()
    found: dict[int, list[StartedCall]] = {provider: [] for provider in usual}
    lowered = dict(_lowered().order_by().values_list("provider").annotate(Min("at"))) if usual else {}
    for provider in lowered.keys() & usual.keys():
        since = max(lowered[provider], now - _DAY)
        found[provider] += read_newest(provider, since, now - LONG_WINDOW, now, most=PROBES)
    if usual:
        for each in _read(now, LONG_WINDOW if lowered else WINDOW):
            if each.provider in found:
                found[each.provider].append(each)
    return {
        provider: Judged(usual[provider], decline(usual[provider], _since(calls, now - WINDOW)), calls)
        for provider, calls in found.items()
    }


def _read(now: datetime, window: timedelta) -> Iterator[StartedCall]:
    """Calls of the window, oldest first. Those of LONG_WINDOW are needed only where a share may rise again."""
    since = now - window
    for number in range((now - since) // SLICE):
        start = since + SLICE * number
        yield from read_calls(start, start + SLICE, now, most=SAMPLE)


def _since(calls: Iterable[StartedCall], moment: datetime) -> list[Call]:
    return [each.call for each in calls if each.started_at > moment]


def _evaluate_route(route: Route, now: datetime, judged: Mapping[int, Judged], closed: set[int]) -> None:
    rows = ShareMove.objects.filter(route=route, mode=route.share_moves)
    recent = rows.filter(at__gt=now - _DAY) | rows.filter(is_latest=True)
    moves = [Move(row.at, row.provider_id, row.before, row.after) for row in recent.order_by("id")]
    providers = [step.provider for step in route.steps.all()]
    usable = {each.pk for each in providers if each.enabled and not each.paused and each.pk in closed}
    standings = {
        each.pk: _standing(each.pk, judged.get(each.pk), moves, is_usable=each.pk in usable) for each in providers
    }
    for provider in [each.pk for each in providers if each.pk in judged]:
        if (move := next_move(now, provider, moves, standings)) and _record(
            route, route.share_moves, move, judged[provider].figures()
        ):
            moves.append(move)


def _standing(provider: int, judged: Judged | None, moves: list[Move], *, is_usable: bool) -> Standing:
    if judged is None:
        return Standing(0.0, False, is_usable)
    own = [move for move in moves if move.provider == provider]
    has_fallen = bool(own) and own[-1].after < STEPS[0]
    recovered = has_fallen and has_recovered(judged.usual, _since(judged.calls, own[-1].at))
    return Standing(judged.most, recovered, is_usable and judged.most < SUSPECTED and not has_fallen)


def _record(route: Route, mode: str, move: Move, figures: Mapping[str, Any]) -> bool:
    """Store a move, unless another worker has. An automatic one is a change of the configuration."""
    own = ShareMove.objects.filter(route=route, provider_id=move.provider, mode=mode, is_latest=True)
    try:
        with transaction.atomic():
            if own.filter(after=move.before).update(is_latest=False) == 0 and move.before != STEPS[0]:
                return False
            ShareMove.objects.create(
                route=route,
                provider_id=move.provider,
                mode=mode,
                at=move.at,
                before=move.before,
                after=move.after,
                figures=figures,
            )
            if mode == ShareMoves.AUTOMATIC:
                ConfigurationStamp.touch()
    except IntegrityError:
        return False  # another worker was first
    log.warning("share.moved", route=str(route), provider=move.provider, mode=mode, share=move.after)
    return True


# --- alerts -----------------------------------------------------------------------------------


def _update_alerts() -> None:
    """One for each provider that keeps less than all of a route's messages, or should."""
    current = {_key(row): row for row in _lowered().select_related("route", "provider")}
    for key, row in current.items():
        title = _title(row)
        if not open_alert(key, severity="warning", title=title, advice=_advice(row), provider_id=row.provider_id):
            set_title(key, title)
    for key in Alert.objects.filter(key__startswith=PREFIX, closed_at=None).values_list("key", flat=True):
        if key not in current:
            close_alert(key)


def _key(row: ShareMove) -> str:
    return f"{PREFIX}{row.route_id}:{row.provider.slug}"


_SHOWS = {Signal.TIME: N_("slow"), Signal.SUCCESS: N_("unsuccessful"), Signal.RECEIPT: N_("silent")}


def _title(row: ShareMove) -> str:
    evidence = row.figures.get("evidence", {})
    shown = [words for signal, words in _SHOWS.items() if evidence.get(signal.value, 0) >= SUSPECTED]
    words = (
        N_("{slug} ({why_text}) keeps {after} % of the messages of the route {route}")
        if row.mode == ShareMoves.AUTOMATIC
        else N_("{slug} ({why_text}) should keep only {after} % of the messages of the route {route}")
    )
    why = "; ".join(shown) or N_("recovering")
    return words.format(slug=row.provider, why_text=why, after=row.after, route=row.route)


def _advice(row: ShareMove) -> str:
    if row.mode == ShareMoves.AUTOMATIC:
        return N_("The other messages go to the next provider. The share comes back when the calls are as usual again.")
    return N_(
        "Nothing was moved. Change the order of the route or pause the provider, or set the route's share moves to "
        "automatic."
    )
