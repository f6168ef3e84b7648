"""Runs wrk, the load generator of every benchmark of the web processes, and reads its figures.

wrk is written in C: it takes a small part of the processor, and does not bound what it measures as a generator in
Python does.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("wrk.lua")
THREADS = 2
TIMEOUT = "30s"


@dataclass(frozen=True, slots=True)
class Figures:
    """What wrk measured; times in milliseconds. `refused`: answers of 400 and above. `failed`: no answer."""

    rate: float
    p50: float
    p95: float
    p99: float
    requests: int
    refused: int
    failed: int


@dataclass(frozen=True, slots=True)
class Requests:
    """What is sent in turn: a file of targets and bodies, and the headers of them all."""

    file: Path
    headers: Mapping[str, str]


def write_requests(file: Path, headers: Mapping[str, str], calls: Iterable[tuple[str, str]]) -> Requests:
    """Write targets and bodies down, one a line. What has no body is sent by GET."""
    file.write_text("".join(f"{target}\t{body}\n" for target, body in calls))
    return Requests(file, headers)


def find_wrk() -> str:
    """The path of wrk. Ends the process with instructions if it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("wrk is not installed. Install it with `apt-get install wrk` or `brew install wrk`.")
    return found


def post(port: int, connections: int, seconds: float, requests: Requests) -> Figures:
    """Post over so many connections for so many seconds. Ends the process if a call was not answered as it should."""
    threads = min(THREADS, connections)
    options = ["-t", str(threads), "-c", str(connections), "-d", f"{seconds:.0f}s", "--timeout", TIMEOUT]
    headers = [f"{name}: {value}" for name, value in requests.headers.items()]
    command = [find_wrk(), *options, "-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--"]
    command += [str(requests.file), str(threads), *headers]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 90)
    line = next(line for line in done.stdout.splitlines() if line.startswith("FIGURES "))
    figures = Figures(**json.loads(line.removeprefix("FIGURES ")))
    if figures.refused or figures.failed:
        raise SystemExit(f"not every call was accepted: {figures}")
    return figures
