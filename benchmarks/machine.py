"""Measures the present speed of this machine, to which each figure in messages a second is compared.

The target figures were measured on a machine whose ceiling (bare WSGI, one INSERT and COMMIT, 16 connections) was 5,797
requests a second. A benchmark measures the same ceiling in the same run, and compares shares of it.
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
    """The ratio of a rate to its target figure, both as shares of the ceilings of their machines."""
    return (rate / ceiling_here) / (figure / CEILING_THERE)


def disk_ms(folder: Path) -> list[float]:
    """Milliseconds of single small writes until they are on the disk, sorted: the least times of a commit."""
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
