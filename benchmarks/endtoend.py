"""Accepting and sending together: `python3 dev.py bench endtoend [seconds] [runs]`.

Calls are accepted as fast as 16 connections can make them while one dispatcher sends, on one durable PostgreSQL. What
counts is what reaches the vendor. `bench peers` measures Kannel and Jasmin in the same way.
"""

from __future__ import annotations

import sys
import time

from .accept import measure, requests, serve, shop
from .machine import ceiling
from .results import median_and_spread, record
from .stage import stage


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    reached, accepted = [], []
    with stage(0, shop().replace('vendor = "etelecom"', 'vendor = "accolades"').replace(*_CREDENTIALS)) as made:
        file = requests(made.folder / "requests")
        ceilings = [ceiling(made)]
        web, port = serve(made)
        dispatcher = made.dispatcher("dispatch", 64)
        for _ in range(runs):
            before, begun = made.settled(), time.monotonic()
            accepted.append(measure(port, seconds, file).rate)
            reached.append((made.settled() - before) / (time.monotonic() - begun))
            made.wait_for(made.sql("SELECT count(*) FROM sms_message")[0][0])
        web.stop()
        dispatcher.stop()
        ceilings.append(ceiling(made))
    here = sum(ceilings) / 2
    rows = [
        ("of the ceiling", median_and_spread([rate / here for rate in reached])),
        ("ceiling, requests/s", median_and_spread(ceilings)),
        ("reaching the vendor/s while calls come in", median_and_spread(reached)),
        ("accepted/s at the same time", median_and_spread(accepted)),
    ]
    record("endtoend", ("what", "median (lowest to highest)"), rows)


_CREDENTIALS = (
    'username = "demo"\npassword = "made-up-vendor-password"',
    'account_number = "100200"\npassword = "made-up-vendor-password"',
)

if __name__ == "__main__":
    main()
