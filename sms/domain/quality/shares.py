"""Share moves: what share of a route's messages a provider keeps that has become worse than usual.

The share falls in steps to a few probes, and comes back in steps when the probes are as usual again. After each relapse
it waits twice as long, so that a provider that changes often does not move messages often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from .decline import CERTAIN, SUSPECTED

STEPS = (100, 50, 5)
"""Percentages. The last step leaves enough messages to see whether the provider has recovered."""
MOVES, PERIOD = 2, timedelta(minutes=10)
"""No route has more moves than this in any such period."""
_BETWEEN_STEPS = timedelta(seconds=10)
_FIRST_WAIT, _MOST_DOUBLINGS = timedelta(minutes=10), 3
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a provider's share of a route."""

    at: datetime
    provider: int
    before: int
    after: int

    @property
    def is_down(self) -> bool:
        return self.after < self.before


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a provider now. `is_usable`: it may be called, and is not worse than usual itself."""

    evidence: float
    has_recovered: bool
    is_usable: bool


def next_move(now: datetime, provider: int, moves: Sequence[Move], providers: Mapping[int, Standing]) -> Move | None:
    """The move that is due for a provider of a route. `moves`: those of the route's last day, oldest first."""
    if sum(move.at > now - PERIOD for move in moves) >= MOVES:
        return None
    own = [move for move in moves if move.provider == provider]
    share, last = (own[-1].after, own[-1].at) if own else (STEPS[0], None)
    after = _lower(now, share, last, provider, providers) or _higher(now, share, own, providers[provider])
    return Move(now, provider, share, after) if after else None


def _lower(
    now: datetime, share: int, last: datetime | None, provider: int, providers: Mapping[int, Standing]
) -> int | None:
    """The next lower share, if the evidence suffices and another provider can take the messages."""
    step = STEPS.index(share)
    needed = SUSPECTED if step == 0 else CERTAIN
    has_rested = last is None or now - last >= _BETWEEN_STEPS
    is_taken = any(standing.is_usable for other, standing in providers.items() if other != provider)
    is_due = step + 1 < len(STEPS) and providers[provider].evidence >= needed and has_rested and is_taken
    return STEPS[step + 1] if is_due else None


def _higher(now: datetime, share: int, own: Sequence[Move], standing: Standing) -> int | None:
    step = STEPS.index(share)
    is_due = step > 0 and standing.has_recovered and standing.evidence < SUSPECTED and now - own[-1].at >= _wait(own)
    return STEPS[step - 1] if is_due else None


def _wait(own: Sequence[Move]) -> timedelta:
    """How long a share stays before it rises: longer with each relapse of the last day."""
    relapses = [
        move
        for before, move in pairwise(own)
        if move.is_down and not before.is_down and move.at > own[-1].at - _REMEMBERED
    ]
    return _FIRST_WAIT * (1 << min(len(relapses), _MOST_DOUBLINGS))


def choose(eligible: Sequence[int], shares: Mapping[int, int], draw: float) -> int:
    """The position of the provider that gets a message: the first that keeps it. `draw` is from 0 to below 1."""
    for position, provider in enumerate(eligible[:-1]):
        kept = shares.get(provider, STEPS[0]) / 100
        if draw < kept:
            return position
        draw = (draw - kept) / (1 - kept)
    return len(eligible) - 1
