"""Targets, error budgets and burn rates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms.domain.quality.objectives import (
    BURN_RULES,
    DEFAULTS,
    Measure,
    ObjectiveFacts,
    Sum,
    Target,
    burning,
    targets_of,
)

ANSWER = Measure.ANSWER
FAST, SLOW = BURN_RULES


def facts(
    provider: int | None = None, country: str = "", is_otp: bool | None = None, percent: float | None = None, **s
):
    percents = {} if percent is None else {ANSWER: percent}
    return ObjectiveFacts(provider, country, is_otp, percents, {ANSWER: s["seconds"]} if s else {})


def test_without_objectives_the_defaults_hold():
    assert targets_of([], 1, "AZ", True) == DEFAULTS[True]
    assert targets_of([], 1, "AZ", True)[ANSWER] == Target(99, 2)
    assert targets_of([], 1, "AZ", False)[ANSWER].percent == 0


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([facts(2, percent=90)], Target(99, 2)),  # of another provider
        ([facts(country="RO", percent=90)], Target(99, 2)),
        ([facts(is_otp=False, percent=90)], Target(99, 2)),
        ([facts(percent=90)], Target(90, 2)),
        ([facts(is_otp=True, percent=91), facts(percent=90)], Target(91, 2)),
        ([facts(country="AZ", percent=92), facts(is_otp=True, percent=91)], Target(92, 2)),
        ([facts(1, percent=93), facts(country="AZ", is_otp=True, percent=92)], Target(93, 2)),
        ([facts(1, "AZ", True, 94), facts(1, "AZ", percent=93)], Target(94, 2)),
        ([facts(1, seconds=5), facts(percent=90, seconds=3)], Target(90, 5)),  # each value from the narrowest
        ([facts(1, percent=0)], Target(0, 2)),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_each_value_is_that_of_the_narrowest_objective(rows, expected, order):
    assert targets_of(rows[::order], 1, "AZ", True)[ANSWER] == expected


@pytest.mark.parametrize(
    ("total", "good", "percent", "used"),
    [
        (29, 0, None, None),  # under 30 nothing is a percentage
        (30, 30, 100, 0),
        (30, 29, 96.6, 333),
        (1000, 990, 99, 100),
        (100_000, 99_999, 99.9, 0),  # never rounded up to 100
    ],
)
def test_the_budget_is_used_by_failures(total, good, percent, used):
    found = Sum(total, good)
    assert (found.percent, found.budget_used(Target(99))) == (percent, used)


@pytest.mark.parametrize(
    ("target", "long", "short", "holds"),
    [
        (Target(99), Sum(1000, 850), Sum(50, 40), True),
        (Target(99), Sum(1000, 860), Sum(50, 40), False),  # 14 % of failures are less than 14.4 times 1 %
        (Target(99), Sum(1000, 850), Sum(50, 50), False),  # it is over
        (Target(99), Sum(1000, 850), Sum(), False),
        (Target(99), Sum(29, 0), Sum(20, 0), False),  # too few messages
        (Target(99), Sum(30, 0), Sum(1, 0), True),
        (Target(95), Sum(1000, 270), Sum(50, 10), True),  # 72 %
        (Target(95), Sum(1000, 290), Sum(50, 10), False),
        (Target(50), Sum(1000, 0), Sum(50, 0), True),  # no rate is over 100 %
        (Target(50), Sum(1000, 10), Sum(50, 0), False),
    ],
)
def test_both_windows_must_burn(target, long, short, holds):
    assert (burning([(FAST, long, short)], target) is not None) == holds


def test_the_slow_rule_finds_what_the_fast_one_does_not():
    windows = [(FAST, Sum(1000, 900), Sum(50, 40)), (SLOW, Sum(6000, 5500), Sum(500, 460))]
    assert burning(windows, Target(99)) == (SLOW, Sum(6000, 5500))
    assert (FAST.long, FAST.short, FAST.rate) == (timedelta(hours=1), timedelta(minutes=5), 14.4)
    assert (SLOW.long, SLOW.short, SLOW.rate) == (timedelta(hours=6), timedelta(minutes=30), 6)
