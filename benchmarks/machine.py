"""How fast this machine is at this hour: what each figure in messages a second is set beside.

The figures to reach were measured on a machine whose ceiling (bare WSGI, one INSERT and COMMIT, 16 connections) was
5,797 requests a second. A benchmark measures the same ceiling here, in the same run, and compares shares of it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from .accept import measure, requests, serve_ceiling
from .stage import Stage

CEILING_THERE = 5797.0
WRITES = 400
PAUSE = 0.02  # seconds between two writes: as a machine at rest writes


def ceiling(made: Stage, seconds: float = 4.0) -> float:
    """Requests a second of the bare application, with no dispatcher beside it."""
    bare, port = serve_ceiling(made)
    rate = measure(port, seconds, requests(made.folder / "ceiling")).rate
    bare.stop()
    return rate


def share(rate: float, figure: float, ceiling_here: float) -> float:
    """A rate as a part of the figure to reach, both as shares of their machines' ceilings."""
    return (rate / ceiling_here) / (figure / CEILING_THERE)


def disk_ms(folder: Path) -> list[float]:
    """Milliseconds of single small writes until they are on the disk, sorted: what a commit can't go below."""
    times = []
    with (folder / "writes").open("wb") as file:
        for _ in range(WRITES):
            begun = time.perf_counter()
            file.write(b"x" * 8192)
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
            time.sleep(PAUSE)
    return sorted(times)
