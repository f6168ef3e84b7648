"""Rebuilds the states of messages from their explained JSON: random histories of the simulation.

Prints the number of histories, each mismatch with its seed, and the number of mismatches; exits 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from itertools import count

from tests.simulation.__main__ import FIXED, set_up


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py prove explained", description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000, metavar="N", help="how many (default: 10000)")
    parser.add_argument("--first", type=int, default=1, metavar="S", help="the first seed (default: 1)")
    parser.add_argument("--seed", type=int, metavar="S", help="replay this seed")
    parser.add_argument("--record", metavar="COMMIT", help="write the figures for docs/reliability.md")
    options = parser.parse_args(words)
    set_up()
    from tests.simulation.world import installed

    from .histories import run

    begun = time.monotonic()
    with installed() as prepared:
        seeds = count(options.first) if options.seed is None else [options.seed]
        totals = run(seeds, prepared, options.histories)
    print(f"histories {totals.histories}, steps {totals.steps}, mismatches {totals.mismatches}")
    if options.record:
        record(vars(totals) | {"commit": options.record, "seconds": round(time.monotonic() - begun)})
    return int(totals.mismatches > 0)


def record(figures: dict[str, object]) -> None:
    from tests.proofs.report import FILE

    FILE.write_text(json.dumps(json.loads(FILE.read_text()) | {"explained": figures}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in FIXED.items()):
        os.execve(sys.executable, [sys.executable, "-m", "tests.proofs.explained", *sys.argv[1:]], os.environ | FIXED)
    raise SystemExit(main(sys.argv[1:]))
