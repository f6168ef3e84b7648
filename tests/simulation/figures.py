"""The figures of a long run, stored in figures.json and shown in docs/reliability.md."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "figures.json"
MAX_SEEDS = 40
"""So many seeds find every bug that was put in on purpose, and have every kind of fault."""


@dataclass
class Totals:
    """The sums of some seeds."""

    seeds: int = 0
    messages: int = 0
    kills: int = 0
    violations: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """What a run prints at its end."""
        return [
            f"messages {self.messages}, kills {self.kills}, faults {self.faults.total()}, violations {self.violations}",
            f"faults: {_counts(self.faults)}",
            f"states: {_counts(self.states)}",
            f"seeds {self.seeds}, seconds {self.seconds:.0f}",
        ]


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in sorted(counter.items()))


def run(seeds: Iterable[int], prepared: sqlite3.Connection) -> Totals:
    """Simulate these seeds, and print each violation with its seed."""
    from .simulation import simulate

    totals, begun = Totals(), time.monotonic()
    for seed in seeds:
        outcome = simulate(seed, prepared)
        totals.seeds += 1
        totals.messages += outcome.messages
        totals.kills += outcome.kills
        totals.violations += len(outcome.violations)
        totals.faults += outcome.faults
        totals.states += outcome.states
        for violation in outcome.violations:
            print(f"violation, --seed {seed}: {violation}", flush=True)
    totals.seconds = time.monotonic() - begun
    return totals


def find(bug: Any, prepared: sqlite3.Connection, seeds: Sequence[int]) -> int | None:
    """The first of the seeds that finds this bug."""
    from .simulation import simulate

    with bug():
        return next((seed for seed in seeds if simulate(seed, prepared).violations), None)


def save(totals: Totals, commit: str, prepared: sqlite3.Connection) -> None:
    """Write the figures, with the seed that finds each bug."""
    from .bugs import BUGS

    found = {bug.__name__: find(bug, prepared, range(1, MAX_SEEDS + 1)) for bug in BUGS}
    figures = {"commit": commit, **vars(totals), "bugs": found}
    figures["seconds"] = round(totals.seconds)
    FILE.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")


def load() -> dict[str, Any]:
    return json.loads(FILE.read_text())
