"""The deterministic simulation.

Each seed is a run of its own. Prints what happened, and each violation with its seed; exits 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

FIXED = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": "sqlite://:memory:", "PYTHONHASHSEED": "0"}
"""The order of sets is part of a seed's run, so the hash seed is fixed, too."""


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py simulate", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seeds", type=int, metavar="N", help="how many seeds to run")
    which.add_argument("--seed", type=int, metavar="S", help="replay this seed")
    parser.add_argument("--first", type=int, default=1, metavar="S", help="the first seed (default: 1)")
    parser.add_argument("--record", metavar="COMMIT", help="write the figures for docs/reliability.md")
    options = parser.parse_args(words)
    if options.seeds is not None and options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}: give a number from 1")
    seeds = range(options.first, options.first + options.seeds) if options.seeds else [options.seed]
    return run(seeds, options.record)


def run(seeds: Sequence[int], commit: str | None) -> int:
    """Returns the exit code."""
    set_up()
    from . import figures
    from .world import installed

    with installed() as prepared:
        totals = figures.run(seeds, prepared)
        if commit:
            figures.save(totals, commit, prepared)
    print("\n".join(totals.lines()))
    return int(totals.violations > 0)


def set_up() -> None:
    """Django with a migrated SQLite database in memory, and no log."""
    import logging

    import django
    import structlog
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in FIXED.items()):
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], os.environ | FIXED)
    raise SystemExit(main(sys.argv[1:]))
