"""What may go wrong, how often in this seed, and how often it did."""

from __future__ import annotations

from collections import Counter
from random import Random

STATEMENT_FAULTS = (
    "killed before a statement",
    "killed after a statement",
    "database gone before a statement",
    "statement done, its answer lost",
    "serialization failure",
    "killed before a commit",
    "killed after a commit",
    "commit refused",
    "commit done, its answer lost",
)
CALL_FAULTS = (
    "connection refused",
    "no connection in time",
    "closed before the first byte",
    "request cut",
    "request stalled",
    "answer lost",
    "answer cut",
    "answer too late",
    "answer is no HTTP",
    "frozen before the first byte",
    "frozen after the answer",
)
RARE, OFTEN = 0.004, 0.03


class Chance:
    """Each seed has a mixture of its own: some kinds never, some seldom, some often."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.counts: Counter[str] = Counter()
        self.is_calm = False
        """Set at the end, when the faults stop."""
        self.rates = {kind: random.choice((0.0, RARE, RARE, OFTEN)) / 4 for kind in STATEMENT_FAULTS}
        self.calls = random.choice((0.05, 0.2, 0.5))
        """The share of calls with a fault."""

    def happens(self, kind: str, *, times: int = 1) -> bool:
        if self.is_calm or self.random.random() >= self.rates[kind] * times:
            return False
        self.counts[kind] += 1
        return True

    def call_fault(self) -> str:
        """The fault of one call; "" for none."""
        if self.is_calm or self.random.random() >= self.calls:
            return ""
        kind = self.random.choice(CALL_FAULTS)
        self.counts[kind] += 1
        return kind

    @property
    def kills(self) -> int:
        return sum(count for kind, count in self.counts.items() if kind.startswith("killed"))
