"""How fast a dispatcher sends: `python3 dev.py bench dispatch [messages] [runs]`.

The messages of the shares of slots ÷ latency are OTPs, which may use every slot; where none are waiting, one slot in
eight is kept for them, and the others reach seven eighths at most: one row shows those.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

from .machine import ceiling, share
from .results import median_and_spread, record
from .stage import Stage, cpu_seconds, memory_mb, stage

TO_REACH = 1500.0  # messages a second of one process, on the machine of benchmarks/machine.py
SECONDS = 20
"""How long the slots of one dispatcher are kept busy in each run that is compared with slots ÷ latency."""


class Figures(NamedTuple):
    rate: float
    cpu_per_1000: float
    memory: float


def send_all(made: Stage, count: int, slots: int, dispatchers: int, *, is_otp: bool = False) -> Figures:
    """Fill the queue, start the dispatchers, and measure from the vendor's first call to the last commit."""
    before = made.settled()
    made.fill(count, is_otp=is_otp)
    running = [made.dispatcher(f"dispatch-{n}", slots) for n in range(dispatchers)]
    made.wait_for(before + min(count // 10, 500))
    begin, cpu, start = time.time(), sum(map(cpu_seconds, running)), made.settled()
    passed, done = made.wait_until_sent() - begin, before + count - start
    used = sum(map(cpu_seconds, running)) - cpu
    memory = max(map(memory_mb, running))
    for process in running:
        process.stop()
    return Figures(done / passed, used / done * 1000, memory)


def several(runs: int) -> list[tuple[str, str]]:
    """1, 2, 4 and 8 dispatchers of 32 slots at 200 ms, as shares of what so many slots could do."""
    rows = []
    for dispatchers in (1, 2, 4, 8):
        ideal = dispatchers * 32 / 0.2
        with stage(200) as made:
            rates = [send_all(made, int(ideal * 10), 32, dispatchers, is_otp=True).rate for _ in range(runs)]
        name = f"of slots ÷ latency, 200 ms, {dispatchers} x 32 slots, OTPs"
        rows.append((name, median_and_spread([rate / ideal for rate in rates])))
    return rows


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rows = []
    with stage(0) as made:
        ceilings = [ceiling(made)]
        one = [send_all(made, count, 64, 1) for _ in range(runs)]
        two = [send_all(made, count, 64, 2) for _ in range(runs)]
        ceilings.append(ceiling(made))
    here = sum(ceilings) / 2
    reached = [share(figures.rate, TO_REACH, here) for figures in one]
    rows.append(("one process, of 1,500 a second as a share of the ceiling", median_and_spread(reached)))
    rows.append(("ceiling, requests/s", median_and_spread(ceilings)))
    ratio = [b.rate / a.rate for a, b in zip(one, two, strict=True)]
    rows.append(("two processes ÷ one, 0 ms", median_and_spread(ratio)))
    rows.append(("one process, 0 ms, messages/s", median_and_spread([f.rate for f in one])))
    rows.append(("CPU s per 1,000 messages", median_and_spread([f.cpu_per_1000 for f in one])))
    rows.append(("memory, MB", median_and_spread([f.memory for f in one])))
    for latency, slots, is_otp in ((50, 64, True), (200, 64, True), (200, 64, False), (200, 256, True)):
        ideal = slots / latency * 1000
        with stage(latency) as made:
            rates = [send_all(made, int(ideal * SECONDS), slots, 1, is_otp=is_otp).rate for _ in range(runs)]
        shares = [rate / ideal for rate in rates]
        kind = "OTPs" if is_otp else "no OTPs"
        rows.append((f"of slots ÷ latency, {latency} ms, {slots} slots, {kind}", median_and_spread(shares)))
    rows += several(runs)
    record("dispatch", ("what", "median (lowest to highest)"), rows)


if __name__ == "__main__":
    main()
