"""Accepting beside Kannel, on the same machine in the same minutes: `python3 dev.py bench peers [seconds] [rounds]`.

Each accepts a message by HTTP, keeps it, and answers. wrk loads them in turns. Nothing is sent meanwhile, but for the
100 messages a second that Kannel's link takes. What each of them keeps, and what it checks, is in the table.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.smpp.gateway import IS_INSTALLED, PASSWORD, Gateway
from tests.smpp.smsc import Smsc

from .accept import requests, serve, serve_ceiling, shop
from .results import median_and_spread, record
from .stage import Stage, stage
from .wrk import Figures, Requests, find_wrk, post, write_requests

CONNECTIONS = (16, 64)
TEXT = "Salut, comanda este pe drum."
DOES = {
    "bare INSERT": "one INSERT and COMMIT; checks nothing",
    "SMS Desk": "COMMIT on the disk; log-in, limits, block list, route, 1,000 templates",
    "SMS Desk, synchronous_commit off": "the same; a crash of PostgreSQL loses what was accepted in the last 0.6 s",
    "Kannel": "a file that is not synchronised: a crash of the machine loses the last seconds; log-in, no templates",
}


def kannel_calls(file: Path) -> Requests:
    """Calls of smsbox with the text as the body."""
    headers = {"X-Kannel-Username": "sms-desk", "X-Kannel-Password": PASSWORD, "X-Kannel-From": "AKINON"}
    headers |= {"X-Kannel-To": "+40712345678", "Content-Type": "text/plain"}
    return write_requests(file, headers, (("/cgi-bin/sendsms", f"{TEXT} {n}") for n in range(4000)))


def start_kannel(stack: ExitStack) -> tuple[int, Requests]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sms-bench-kannel-")))
    smsc = Smsc()
    gateway = Gateway(folder, smsc)
    stack.callback(smsc.close)
    stack.callback(gateway.close)
    gateway.start()
    return gateway.port, kannel_calls(folder / "requests")


def without_waiting(made: Stage) -> None:
    """Let new connections of the product not wait for the disk."""
    [(name,)] = made.sql("SELECT current_database()")
    made.sql(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')


def measure(seconds: float, rounds: int) -> dict[tuple[str, int], list[Figures]]:
    with ExitStack() as stack:
        made = stack.enter_context(stage(0, shop()))
        calls = requests(made.folder / "requests")
        bare, web = serve_ceiling(made), serve(made)
        post(web[1], 64, 1, calls)  # opens all its connections
        without_waiting(made)
        unsynchronised = serve(made)
        post(unsynchronised[1], 64, 1, calls)
        for process, _ in (bare, web, unsynchronised):
            stack.callback(process.stop)
        ours = [(port, calls) for _, port in (bare, web, unsynchronised)]
        ports = dict(zip(DOES, [*ours, start_kannel(stack)], strict=True))
        found: dict[tuple[str, int], list[Figures]] = {(name, n): [] for n in CONNECTIONS for name in DOES}
        for _ in range(rounds):
            for (name, connections), figures in found.items():
                port, own = ports[name]
                figures.append(post(port, connections, seconds, own))
        return found


def row(name: str, connections: int, found: list[Figures]) -> tuple[str, ...]:
    rates, p99 = [each.rate for each in found], [each.p99 for each in found]
    return name, str(connections), median_and_spread(rates), median_and_spread(p99), DOES[name]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    find_wrk()
    if not IS_INSTALLED:
        raise SystemExit("Kannel is not installed. Install it with `apt-get install kannel`.")
    found = measure(seconds, rounds)
    header = ("what", "connections", "accepted/s", "p99, ms", "keeps and checks")
    record("peers", header, [row(*each, figures) for each, figures in found.items()])


if __name__ == "__main__":
    main()
