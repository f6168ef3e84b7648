"""Objectives: what share of messages must go well, how much of the allowed failures is used, and how fast.

A share of 99 % allows 1 % of failures: the error budget. The burn rate is the share of failures divided by the allowed
share: at 1, the budget of a period is used exactly at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Measure(StrEnum):
    """`answer`: from acceptance to the vendor's answer. `receipt`: from that to the final delivery report."""

    ANSWER = "answer"
    RECEIPT = "receipt"
    SUCCESS = "success"


FEWEST = 30
"""Below this number of messages nothing is given as a percentage, and no alert is opened."""
BUDGET_PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Target:
    """`percent` of messages, within `seconds`; a percentage of 0 measures nothing, and success has no time."""

    percent: float
    seconds: int = 0

    @property
    def allowed(self) -> float:
        """The share of messages that may fail."""
        return 1 - self.percent / 100


Targets = dict[Measure, Target]

DEFAULTS: dict[bool, Targets] = {
    True: {Measure.ANSWER: Target(99, 2), Measure.RECEIPT: Target(95, 120), Measure.SUCCESS: Target(95)},
    False: {Measure.ANSWER: Target(0, 60), Measure.RECEIPT: Target(95, 600), Measure.SUCCESS: Target(95)},
}
"""By `is_otp`. Other messages may wait for the limits of a provider, so that their time to it has no default."""


@dataclass(frozen=True, slots=True)
class ObjectiveFacts:
    """An objective as staff set it up. None and "" stand for all; a value that is not set is the next wider one's."""

    provider: int | None = None
    country: str = ""
    is_otp: bool | None = None
    percents: dict[Measure, float] = field(default_factory=dict)
    seconds: dict[Measure, int] = field(default_factory=dict)

    def concerns(self, provider: int, country: str, is_otp: bool) -> bool:
        return self.provider in (None, provider) and self.country in ("", country) and self.is_otp in (None, is_otp)

    @property
    def width(self) -> tuple[bool, bool, bool]:
        """Sorts from the narrowest to the widest: the provider counts most, then the country."""
        return self.provider is None, not self.country, self.is_otp is None


def targets_of(rows: Iterable[ObjectiveFacts], provider: int, country: str, is_otp: bool) -> Targets:
    """The targets that hold for these messages: each value from the narrowest objective that sets it."""
    found = dict(DEFAULTS[is_otp])
    concerned = [row for row in rows if row.concerns(provider, country, is_otp)]
    for row in sorted(concerned, key=lambda row: row.width, reverse=True):
        for measure, before in found.items():
            percent, seconds = row.percents.get(measure), row.seconds.get(measure)
            found[measure] = Target(
                before.percent if percent is None else percent, before.seconds if seconds is None else seconds
            )
    return found


@dataclass(frozen=True, slots=True)
class Sum:
    """Messages of a period that were measured, and those of them that reached the target."""

    total: int = 0
    good: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.total + other.total, self.good + other.good)

    @property
    def bad(self) -> int:
        return self.total - self.good

    @property
    def percent(self) -> float | None:
        """Of good ones, rounded down; None under FEWEST messages."""
        return self.good * 1000 // self.total / 10 if self.total >= FEWEST else None

    def budget_used(self, target: Target) -> int | None:
        """Percentage of the failures that this number of messages allows; None under FEWEST messages."""
        return round(100 * self.burn_rate(target)) if self.total >= FEWEST else None

    def burn_rate(self, target: Target) -> float:
        return self.bad / self.total / target.allowed if self.total else 0.0


@dataclass(frozen=True, slots=True)
class BurnRule:
    """It holds while both windows burn at this rate: the short one ends an alert soon after the failures end."""

    long: timedelta
    short: timedelta
    rate: float


BURN_RULES = (
    BurnRule(timedelta(hours=1), timedelta(minutes=5), 14.4),
    BurnRule(timedelta(hours=6), timedelta(minutes=30), 6.0),
)
"""2 % of the budget of 30 days in an hour, or 5 % in six hours. From Google, The Site Reliability Workbook (2018),
chapter 5, "Alerting on SLOs", multiple windows and burn rates: https://sre.google/workbook/alerting-on-slos/"""


def most_failures(target: Target, rule: BurnRule) -> float:
    """The share of failures from which a rule holds. Wide budgets cap it: 95 % leaves 5 %, and 14.4 × 5 % is 72 %."""
    return min(rule.rate * target.allowed, 1.0)


def burning(windows: Sequence[tuple[BurnRule, Sum, Sum]], target: Target) -> tuple[BurnRule, Sum] | None:
    """The first rule that holds, with the sum of its long window. `windows`: each rule with its long and short sum."""
    for rule, long, short in windows:
        limit = most_failures(target, rule)
        if long.total >= FEWEST and short.total and long.bad >= limit * long.total and short.bad >= limit * short.total:
            return rule, long
    return None
