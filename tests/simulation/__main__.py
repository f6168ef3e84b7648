"""`python3 dev.py simulate --seeds N`, or `--seed S` to replay one."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py simulate", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seeds", type=int, help="how many seeds")
    which.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--first", type=int, default=1, help="the first of them (1)")
    options = parser.parse_args(words)
    if options.seed is not None:
        return run([options.seed])
    return run(range(options.first, options.first + options.seeds))


def run(seeds: Iterable[int]) -> int:
    """Print the sums of all seeds. Returns the exit code."""
    set_up()
    from .simulation import simulate
    from .world import installed

    begun = time.monotonic()
    messages = kills = violations = count = 0
    faults: Counter[str] = Counter()
    states: Counter[str] = Counter()
    with installed() as prepared:
        for seed in seeds:
            outcome = simulate(seed, prepared)
            count += 1
            messages, kills = messages + outcome.messages, kills + outcome.kills
            violations += len(outcome.violations)
            faults += outcome.faults
            states += outcome.states
            for violation in outcome.violations:
                print(f"violation, --seed {seed}: {violation}", flush=True)
    print(f"messages {messages}, kills {kills}, faults {faults.total()}, violations {violations}")
    print("faults:", ", ".join(f"{kind} {number}" for kind, number in sorted(faults.items())))
    print("states:", ", ".join(f"{state} {number}" for state, number in sorted(states.items())))
    print(f"seeds {count}, seconds {time.monotonic() - begun:.0f}")
    if count == 1:
        print(f"digest {outcome.digest}")
    return int(violations > 0)


def set_up() -> None:
    """Django with a migrated SQLite database in memory."""
    import logging

    import django
    import structlog

    django.setup()
    logging.disable(logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    fixed = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": "sqlite://:memory:", "PYTHONHASHSEED": "0"}
    if any(os.environ.get(name) != value for name, value in fixed.items()):
        # The order of sets is part of a seed's run.
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], os.environ | fixed)
    raise SystemExit(main(sys.argv[1:]))
