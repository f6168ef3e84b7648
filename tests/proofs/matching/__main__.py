"""Matching against the oracle.

Prints what was compared, and each disagreement with its seed and group; exits 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

GROWTH_EVERY = 10
"""In every tenth group the growth of the cost with the text's length is measured, too."""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="dev.py prove matching", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, metavar="N", help="how many (default: 100000)")
    parser.add_argument("--seed", type=int, default=int(time.time()), metavar="S", help="default: the time")
    parser.add_argument("--group", type=int, metavar="G", help="compare this group of the seed alone")
    options = parser.parse_args(words)
    import django

    django.setup()
    return run(options.cases, options.seed, options.group)


def run(cases: int, seed: int, group: int | None) -> int:
    """Returns the exit code."""
    from .comparison import Counts, compare
    from .growth import compare_calls, compare_times

    print(f"seed {seed}", flush=True)
    counts, begun, compared = Counts(), time.monotonic(), 0
    while counts.cases < cases and (group is None or not compared):
        number = compared if group is None else group
        found = [*compare(seed, number, counts)]
        if number % GROWTH_EVERY == 0:
            found += [*compare_calls(seed, number), *compare_times(seed, number)]
        for words in found:
            print(f"disagreement, --seed {seed} --group {number}: {words}", flush=True)
        counts.disagreements += len(found)
        compared += 1
    answers = ", ".join(f"{name} {count}" for name, count in sorted(counts.answers.items()))
    print(f"cases {counts.cases}, templates {counts.templates}, disagreements {counts.disagreements}")
    print(f"answers: {answers}")
    print(f"groups {compared}, seconds {time.monotonic() - begun:.0f}")
    return int(counts.disagreements > 0)


if __name__ == "__main__":
    raise SystemExit(main())
