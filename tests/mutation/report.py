"""Which changes are tried, in which order, and what is printed."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any


class Report:
    def __init__(self, seed: int, share: str, limit: int | None, only: Path | None) -> None:
        self.seed, self.limit = seed, limit
        self.part, self.parts = map(int, share.split("/"))
        self.listed = only.read_text().splitlines() if only else None
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)

    def say(self, *lines: str) -> None:
        for line in lines:
            print(line, flush=True)

    def chosen(self, trials: list[Any]) -> list[Any]:
        if self.listed is not None:
            known = {line.partition(" ")[2].rpartition(" (")[0] for line in self.listed}
            trials = [trial for trial in trials if str(trial) in known]
        order = sorted(trials, key=str)
        random.Random(self.seed).shuffle(order)
        return order[self.part - 1 :: self.parts][: self.limit]

    def run(self, session: Any, trials: list[Any]) -> None:
        chosen, begun = self.chosen(trials), time.monotonic()
        self.say(f"{len(session.items)} tests pass, {len(trials)} changes, {len(chosen)} of them to try")
        for trial in chosen:
            what, done, tests = session.attempt(trial)
            what = what if tests or what != "survived" else "without a test"
            self.counts[trial.place.partition(":")[0]][what] += 1
            if what not in ("killed", "ended early"):
                self.say(f"{what.replace(' ', '-')} {trial} ({done} of {tests} tests)")
        self.close(time.monotonic() - begun)

    def close(self, seconds: float) -> None:
        for name, counts in sorted(self.counts.items()):
            self.say(f"{name}: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
        total = sum(self.counts.values(), Counter())
        self.say(
            f"{total.total()} changes in {seconds:.0f} s: " + ", ".join(f"{n} {what}" for what, n in total.items())
        )
