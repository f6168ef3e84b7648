"""The product, Kannel and Jasmin beside each other: `python3 dev.py bench peers [seconds] [rounds]`.

Each is given the same messages by HTTP, by wrk, in turns. Two tables: how fast each accepts while nothing is sent, and
how fast what it accepts reaches an SMSC, which counts. The same simulated SMSC stands behind all three: Kannel and
Jasmin are connected to it, and the product sends through a Kannel of its own. The tables say what each keeps, checks
and gives up. The defaults are meant for less than six minutes on two cores where nothing else runs.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import median_and_spread, record
from benchmarks.wrk import Figures, find_wrk, post
from tests.smpp.gateway import IS_INSTALLED
from tests.smpp.smsc import Smsc
from tests.support.waiting import eventually

from .claims import GIVES_UP, KANNEL, KEEPS, NOTE, OURS
from .gateways import Peer, Shared, start_jasmins, start_kannel, start_ours, start_ours_sending, start_shared
from .programs import Missing, find_jasmin

CONNECTIONS, SENDING_CONNECTIONS = (16, 64), 16
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """Messages a second at the SMSC: `meanwhile` while calls came in, `whole` until the last one was there."""

    accepted: Figures
    meanwhile: float
    whole: float


def accepting(shared: Shared, seconds: float, rounds: int, jasmin: Path | None) -> dict[tuple[str, int], list[Figures]]:
    with ExitStack() as stack:
        peers = {**start_ours(stack, shared), KANNEL: start_kannel(stack, sending=False)}
        peers |= start_jasmins(stack, jasmin, sending=False) if jasmin else {}
        found: dict[tuple[str, int], list[Figures]] = {(name, n): [] for n in CONNECTIONS for name in peers}
        for _ in range(rounds):
            for (name, connections), figures in found.items():
                figures.append(post(peers[name].port, connections, seconds, peers[name].calls))
        return found


def reaching(shared: Shared, seconds: float, rounds: int, jasmin: Path | None) -> dict[str, list[Run]]:
    with ExitStack() as stack:
        peers = {OURS: start_ours_sending(stack, shared), KANNEL: start_kannel(stack, sending=True)}
        peers |= start_jasmins(stack, jasmin, sending=True) if jasmin else {}
        for peer in peers.values():
            one_run(peer, 1)  # the first calls open connections and load code
        found: dict[str, list[Run]] = {name: [] for name in peers}
        for _ in range(rounds):
            for name, runs in found.items():
                runs.append(one_run(peers[name], seconds))
        return found


def one_run(peer: Peer, seconds: float) -> Run:
    """Load it, then wait until the SMSC has every message."""
    smsc = peer.smsc
    assert smsc is not None
    before, begun = len(smsc.messages), time.monotonic()
    accepted = post(peer.port, SENDING_CONNECTIONS, seconds, peer.calls)
    meanwhile = (len(smsc.messages) - before) / (time.monotonic() - begun)
    wait_for(smsc, before + accepted.requests)
    return Run(accepted, meanwhile, accepted.requests / (time.monotonic() - begun))


def wait_for(smsc: Smsc, count: int) -> None:
    eventually(lambda: len(smsc.messages) >= count, PATIENCE, because=f"{count} messages are at the SMSC")


def row_accepting(name: str, connections: int, found: list[Figures]) -> tuple[str, ...]:
    rates, p99 = [each.rate for each in found], [each.p99 for each in found]
    return name, str(connections), median_and_spread(rates), median_and_spread(p99), KEEPS[name]


def row_reaching(name: str, found: list[Run]) -> tuple[str, ...]:
    columns: Iterable[list[float]] = (
        [run.whole for run in found],
        [run.meanwhile for run in found],
        [run.accepted.rate for run in found],
        [run.accepted.p99 for run in found],
    )
    return name, *map(median_and_spread, columns), GIVES_UP[name]


def jasmin_or_why() -> tuple[Path | None, str]:
    """Jasmin's programs, if it can run here, and the note for the tables."""
    try:
        return find_jasmin(), NOTE
    except Missing as reason:
        note = f"Jasmin is left out. {reason}"
        print(note, file=sys.stderr)
        return None, note


def write(accepted: dict[tuple[str, int], list[Figures]], reached: dict[str, list[Run]], *notes: str) -> None:
    header = ("what", "connections", "accepted/s", "p99, ms", "keeps and checks")
    record("peers, accepting", header, [row_accepting(*each, found) for each, found in accepted.items()], *notes)
    rates = ("messages/s from the first call to the last at the SMSC", "at the SMSC/s while calls come in")
    header = ("what", *rates, "accepted/s", "p99, ms", "gives up")
    record("peers, to the SMSC", header, [row_reaching(*each) for each in reached.items()], *notes)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    find_wrk()
    if not IS_INSTALLED:
        raise SystemExit("Kannel is not installed. Install it with `apt-get install kannel`.")
    load = f"Load of the machine before the run: {os.getloadavg()[0]:.1f}."
    jasmin, note = jasmin_or_why()
    with ExitStack() as stack:
        shared = start_shared(stack)
        accepted = accepting(shared, seconds, rounds, jasmin)
        reached = reaching(shared, seconds, rounds, jasmin)
    write(accepted, reached, load, note)


if __name__ == "__main__":
    main()
