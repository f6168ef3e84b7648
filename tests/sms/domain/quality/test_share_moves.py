"""Simulated days of two providers, one message a second, with a clock that the test holds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from sms.domain.quality.decline import SUSPECTED, Call, Usual, decline, has_recovered, usual_of
from sms.domain.quality.shares import MOVES, PERIOD, STEPS, Move, Standing, choose, next_move

START = datetime(2026, 3, 2, tzinfo=UTC)
FIRST, SECOND = 1, 2
EVERY = 5
"""Seconds between two decisions."""
WINDOW, LONG_WINDOW = 300, 900


@dataclass
class Sent:
    """A call of the simulation; times in seconds from its start."""

    at: float
    took: float
    failed: bool
    receipt: float | None

    def seen(self, now: float) -> Call:
        if self.at + self.took > now:
            return Call(now - self.at, is_open=True)
        since = now - self.at - self.took
        has_receipt = self.receipt is not None and self.receipt <= since
        return Call(
            self.took,
            failed=self.failed,
            receipt_after=self.receipt if has_receipt else None,
            silent_for=None if has_receipt or self.failed else since,
        )


Behaviour = Callable[[random.Random, float], Sent]


def behaves(median: float = 0.3, *, failures: float = 0.02, reports: float = 0.9, within: float = 8) -> Behaviour:
    def send(chance: random.Random, at: float) -> Sent:
        receipt = chance.uniform(1, within) if chance.random() < reports else None
        return Sent(at, median * chance.lognormvariate(0, 0.4), chance.random() < failures, receipt)

    return send


HEALTHY = behaves()
TROUBLES = {
    "slow": behaves(20),
    "silent": behaves(reports=0),
    "half-successful": behaves(failures=0.5),
    "down": behaves(failures=1),
    "slow and half-successful": behaves(5, failures=0.5),
}


@dataclass
class World:
    """One route with two providers. `first` tells how the first one behaves at a time."""

    seed: int
    first: Callable[[float], Behaviour]
    second: Behaviour = HEALTHY
    rate: float = 1.0
    automatic: bool = True
    moves: list[Move] = field(default_factory=list)
    sent: list[tuple[int, Sent]] = field(default_factory=list)

    def run(self, seconds: int) -> World:
        chance = random.Random(self.seed)
        usual = {FIRST: learn(self.first(0), chance), SECOND: learn(self.second, chance)}
        for at in range(seconds):
            if chance.random() < self.rate:
                shares = self.shares() if self.automatic else {}
                provider = (FIRST, SECOND)[choose((FIRST, SECOND), shares, chance.random())]
                behaviour = self.first(at) if provider == FIRST else self.second
                self.sent.append((provider, behaviour(chance, at)))
            if at % EVERY == 0:
                self.decide(at, usual)
        return self

    def shares(self) -> dict[int, int]:
        return {move.provider: move.after for move in self.moves}

    def decide(self, at: float, usual: dict[int, Usual]) -> None:
        now = START + timedelta(seconds=at)
        standings = {provider: self.standing(provider, at, usual[provider]) for provider in (FIRST, SECOND)}
        for provider in (FIRST, SECOND):
            day = [move for move in self.moves if move.at > now - timedelta(days=1)]
            if move := next_move(now, provider, day, standings):
                self.moves.append(move)

    def standing(self, provider: int, at: float, usual: Usual) -> Standing:
        since = max((self.seconds(move) for move in self.moves if move.provider == provider), default=-1.0)
        recent = [call for who, call in self.sent[-LONG_WINDOW:] if who == provider and call.at > at - LONG_WINDOW]
        evidence = max(decline(usual, [call.seen(at) for call in recent if call.at > at - WINDOW]).values())
        has_fallen = self.shares().get(provider, 100) < 100
        after = [call.seen(at) for call in recent if call.at > since] if has_fallen else []
        return Standing(evidence, has_fallen and has_recovered(usual, after), evidence < SUSPECTED)

    def seconds(self, move: Move) -> float:
        return (move.at - START).total_seconds()

    def share_of_second(self, since: float, until: float) -> float:
        found = [provider for provider, call in self.sent if since <= call.at < until]
        return found.count(SECOND) / len(found)


def learn(behaviour: Behaviour, chance: random.Random) -> Usual:
    usual = usual_of([behaviour(chance, 0).seen(3600) for _ in range(2000)])
    assert usual is not None
    return usual


def most_in(moves: list[Move], period: timedelta) -> int:
    return max((sum(first.at <= move.at < first.at + period for move in moves) for first in moves), default=0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("trouble", TROUBLES)
def test_within_a_minute_95_percent_of_new_messages_go_elsewhere(trouble, seed):
    turns_at = 300 + seed * 7
    world = World(seed, lambda at: TROUBLES[trouble] if at >= turns_at else HEALTHY).run(turns_at + 600)
    assert world.share_of_second(turns_at + 60, turns_at + 600) >= 0.93
    assert world.shares()[FIRST] == STEPS[-1]
    assert world.seconds(world.moves[1]) <= turns_at + 60
    assert len(world.moves) == 2  # and no more: nothing drifts back to a provider that has not recovered


@pytest.mark.parametrize("trouble", ["slow", "silent", "half-successful"])
def test_the_share_comes_back_step_by_step_when_the_provider_recovers(trouble):
    world = World(1, lambda at: TROUBLES[trouble] if 600 <= at < 1200 else HEALTHY).run(4800)
    assert [move.after for move in world.moves] == [50, 5, 50, 100]
    assert world.share_of_second(4000, 4800) == 0


@pytest.mark.parametrize("seed", range(2))
def test_a_provider_that_changes_often_moves_messages_seldom(seed):
    world = World(seed, lambda at: TROUBLES["slow"] if at // 300 % 2 else HEALTHY).run(2 * 3600)
    assert most_in(world.moves, PERIOD) <= MOVES
    assert most_in(world.moves[4:], timedelta(hours=1)) <= 4


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "noise",
    [
        behaves(0.3 * 2),
        behaves(failures=0.06),
        behaves(reports=0.8),
        behaves(0.4, failures=0.05, reports=0.85),
    ],
)
def test_an_hour_of_noise_makes_at_most_two_moves(noise, seed):
    world = World(seed, lambda at: noise if at >= 300 else HEALTHY).run(3900)
    assert len(world.moves) <= 2


def test_a_day_as_usual_moves_nothing_and_nothing_is_late():
    world = World(7, lambda at: HEALTHY, rate=0.2).run(6 * 3600)
    assert world.moves == []


@pytest.mark.parametrize("seed", range(2))
def test_a_provider_that_is_always_slower_than_the_other_moves_nothing(seed):
    world = World(seed, lambda at: behaves(4, failures=0.1, reports=0.75), behaves(0.1, failures=0.001)).run(3600)
    assert world.moves == []


def test_of_an_hour_with_a_slow_provider_at_most_one_in_a_hundred_is_late():
    world = World(3, lambda at: TROUBLES["slow"] if at >= 1800 else HEALTHY).run(2 * 3600)
    late = sum(call.took > 2 for provider, call in world.sent if provider == SECOND or call.at < 1800)
    probes = sum(call.took > 2 for provider, call in world.sent if provider == FIRST and call.at >= 1860)
    assert late / len(world.sent) <= 0.01
    assert probes / len(world.sent) <= 0.06


def test_advice_makes_the_same_first_moves_but_moves_nothing():
    world = World(1, lambda at: TROUBLES["slow"] if at >= 600 else HEALTHY, automatic=False).run(1200)
    assert [move.after for move in world.moves] == [50, 5]
    assert world.share_of_second(0, 1200) == 0


def test_without_a_second_provider_that_is_as_usual_nothing_moves():
    world = World(1, lambda at: TROUBLES["slow"] if at >= 600 else HEALTHY)
    bad = {FIRST: Standing(30, False, False), SECOND: Standing(30, False, False)}
    assert next_move(START, FIRST, [], bad) is None
    assert next_move(START, FIRST, [], {FIRST: bad[FIRST]}) is None
    assert world.moves == []


def test_the_wait_after_a_hundred_relapses_a_day_is_that_after_a_few():
    """Down and up in turns; the last one is down for 81 minutes."""
    every = timedelta(minutes=14)
    moves = [Move(START + every * n, FIRST, *((50, 100) if n % 2 else (100, 50))) for n in range(101)]
    well = {FIRST: Standing(0, True, False), SECOND: Standing(0, False, True)}
    up = Move(moves[-1].at + timedelta(minutes=81), FIRST, 50, 100)
    assert next_move(up.at, FIRST, moves, well) == up
    assert next_move(moves[-1].at + timedelta(minutes=79), FIRST, moves, well) is None


@pytest.mark.parametrize("calls", [0, 1, 199])
def test_with_too_few_calls_in_its_last_days_a_provider_is_not_tested(calls):
    assert usual_of([Call(0.3, failed=False)] * calls) is None


@pytest.mark.parametrize("odd", [Call(3600, failed=False), Call(3600, is_open=True), Call(0.3, failed=True)])
def test_no_single_call_decides(odd):
    usual = learn(HEALTHY, random.Random(1))
    assert 0 < max(decline(usual, [odd]).values()) < SUSPECTED / 2


@pytest.mark.parametrize(
    ("shares", "draw", "expected"),
    [
        ({}, 0.99, 0),
        ({1: 50}, 0.49, 0),
        ({1: 50}, 0.5, 1),
        ({1: 5}, 0.04, 0),
        ({1: 5}, 0.06, 1),
        ({1: 5, 2: 5}, 0.06, 1),
        ({1: 5, 2: 5}, 0.99, 2),
        ({3: 5}, 0.99, 0),
    ],
)
def test_a_message_goes_to_the_first_provider_that_keeps_it(shares, draw, expected):
    assert choose((1, 2, 3), shares, draw) == expected
    assert choose((1,), shares, draw) == 0
