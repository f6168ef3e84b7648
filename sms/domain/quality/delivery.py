"""How many of a set of messages arrived, as far as anybody knows.

The delivery is an interval: its low end takes every message of unknown fate as lost, its high end as arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sms.domain.lifecycle import Status

from .client_outcomes import ClientOutcome

FEWEST = 30
"""Of fewer messages nothing is given as a percentage."""


class Fate(StrEnum):
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    SILENT = "silent"
    """The vendor accepted it, and nobody has said whether it arrived."""
    UNCONFIRMED = "unconfirmed"
    NOT_SENT = "not_sent"
    """Not sent, or not yet."""


_FATE: Mapping[Status, Fate] = {
    Status.DELIVERED: Fate.DELIVERED,
    Status.UNDELIVERED: Fate.UNDELIVERED,
    Status.SUBMITTED: Fate.SILENT,
    Status.SENT: Fate.SILENT,
    Status.UNCONFIRMED: Fate.UNCONFIRMED,
}


def fate_of(status: Status, client_outcome: str | None) -> Fate:
    """What the client reports decides, but for a message that the vendor reports as delivered."""
    fate = _FATE.get(status, Fate.NOT_SENT)
    if client_outcome is None or fate in (Fate.NOT_SENT, Fate.DELIVERED):
        return fate
    return Fate.UNDELIVERED if client_outcome == ClientOutcome.NOT_RECEIVED else Fate.DELIVERED


@dataclass(frozen=True, slots=True)
class Figures:
    """The number of messages of each fate. `sent`, with those that may have been sent, is what the rates are of."""

    counts: Mapping[Fate, int]

    @property
    def sent(self) -> int:
        return sum(self.counts.values()) - self.not_sent

    def of(self, fate: Fate) -> int:
        return self.counts.get(fate, 0)

    def percent(self, fate: Fate) -> float | None:
        """None of too few messages."""
        return round(100 * self.of(fate) / self.sent, 1) if self.sent >= FEWEST else None

    @property
    def not_sent(self) -> int:
        return self.of(Fate.NOT_SENT)

    @property
    def parts(self) -> list[tuple[Fate, int, float | None]]:
        """What became of those that were sent, with the percentages."""
        return [(fate, self.of(fate), self.percent(fate)) for fate in Fate if fate is not Fate.NOT_SENT]

    @property
    def interval(self) -> tuple[int, int] | None:
        """In percent, rounded outwards. None of too few messages."""
        if self.sent < FEWEST:
            return None
        sure = self.of(Fate.DELIVERED)
        possible = sure + self.of(Fate.SILENT) + self.of(Fate.UNCONFIRMED)
        return 100 * sure // self.sent, -(-100 * possible // self.sent)
