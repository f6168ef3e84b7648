"""The delivery of messages of which many are silent, in worlds whose truth is known."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from sms.domain.lifecycle import Status
from sms.domain.quality.delivery import FEWEST, Fate, Figures, fate_of

WORLDS = 1000


class World:
    """A vendor, its carriers and a client. Reports get lost, and the share `wrong` of them is wrong."""

    def __init__(self, seed: int, wrong: float) -> None:
        self.chance = Random(seed)
        self.messages = self.chance.choice((30, 100, 300, 1000))
        self.arrives = self.chance.random()
        self.accepts = self.chance.uniform(0.8, 1)
        self.reported = self.chance.choice((0.0, 0.3, 0.7, 0.95, 1.0))
        """At 0, the vendor reports no delivery."""
        self.told = self.chance.choice((0.0, 0.0, 0.2, 0.9))
        """By the client."""
        self.wrong = wrong

    def run(self) -> tuple[Figures, float]:
        """The figures, and the percentage that did arrive of what was sent or may have been."""
        counts: Counter[Fate] = Counter()
        arrived = 0
        for _ in range(self.messages):
            truth = self.happens(self.arrives)
            fate = fate_of(self.status(truth), self.outcome(truth))
            counts[fate] += 1
            arrived += truth
        return Figures(counts), 100 * arrived / self.messages

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def said(self, truth: bool) -> bool:
        return truth != self.happens(self.wrong)

    def status(self, truth: bool) -> Status:
        silent = Status.SUBMITTED if self.happens(self.accepts) else Status.UNCONFIRMED
        if not self.happens(self.reported):
            return silent
        return Status.DELIVERED if self.said(truth) else Status.UNDELIVERED

    def outcome(self, truth: bool) -> str | None:
        if not self.happens(self.told):
            return None
        return self.chance.choice(("used", "unsubscribed")) if self.said(truth) else "not_received"


@pytest.mark.parametrize(("wrong", "most_missed"), [(0.0, 0), (0.001, WORLDS // 20)])
def test_the_interval_holds_the_truth(wrong: float, most_missed: int) -> None:
    missed = 0
    for seed in range(WORLDS):
        figures, truth = World(seed, wrong).run()
        assert figures.interval
        low, high = figures.interval
        missed += not low <= truth <= high
    assert missed <= most_missed


def test_the_interval_says_something_where_the_vendor_reports() -> None:
    counts = {Fate.DELIVERED: 900, Fate.UNDELIVERED: 60, Fate.SILENT: 30, Fate.UNCONFIRMED: 10, Fate.NOT_SENT: 500}
    figures = Figures(counts)
    assert (figures.sent, figures.interval) == (1000, (90, 94))
    assert [figures.percent(fate) for fate in (Fate.UNDELIVERED, Fate.SILENT, Fate.UNCONFIRMED)] == [6.0, 3.0, 1.0]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({Fate.DELIVERED: 3000, Fate.SILENT: 1}, (99, 100)),  # rounded outwards
        ({Fate.DELIVERED: 1, Fate.UNDELIVERED: 2999}, (0, 1)),
        ({Fate.DELIVERED: 30}, (100, 100)),
        ({Fate.SILENT: 30}, (0, 100)),
        ({Fate.DELIVERED: 29}, None),
        ({Fate.DELIVERED: 29, Fate.NOT_SENT: 500}, None),  # what was not sent is no denominator
        ({}, None),
    ],
)
def test_it_is_rounded_outwards_and_of_few_messages_there_is_none(counts: dict[Fate, int], expected: object) -> None:
    figures = Figures(counts)
    assert figures.interval == expected
    assert (figures.percent(Fate.SILENT) is None) == (figures.sent < FEWEST)


@pytest.mark.parametrize(
    ("status", "client_outcome", "expected"),
    [
        ("submitted", None, "silent"),
        ("sent", None, "silent"),
        ("submitted", "used", "delivered"),
        ("sent", "not_received", "undelivered"),
        ("unconfirmed", None, "unconfirmed"),
        ("unconfirmed", "unsubscribed", "delivered"),
        ("unconfirmed", "not_received", "undelivered"),
        ("delivered", "not_received", "delivered"),
        ("undelivered", "used", "delivered"),
        ("undelivered", None, "undelivered"),
        ("failed", "used", "not_sent"),
        ("queued", None, "not_sent"),
        ("held", None, "not_sent"),
        ("sending", None, "not_sent"),
        ("expired", None, "not_sent"),
        ("canceled", None, "not_sent"),
    ],
)
def test_the_fate_of_each_status(status: str, client_outcome: str | None, expected: str) -> None:
    assert fate_of(Status(status), client_outcome) == expected
