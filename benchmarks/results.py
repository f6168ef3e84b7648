"""Records figures: one section per run in results.md, with machine, versions and commit."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).with_name("results.md")


def median_and_spread(values: Sequence[float]) -> str:
    """`median (lowest to highest)`, with as many digits as help."""
    return f"{_short(statistics.median(values))} ({_short(min(values))} to {_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def record(name: str, header: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> None:
    """Print a table and append it to results.md."""
    lines = [f"## {name}, {datetime.now(UTC):%Y-%m-%d}, {_commit()}", "", _machine(), ""]
    lines += ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    lines += ["", *notes] if notes else []
    text = "\n".join(lines) + "\n"
    print(text)
    with FILE.open("a") as file:
        file.write("\n" + text)


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return f"commit {done.stdout.strip() or 'unknown'}"


def benchmark_of(file: Path) -> str:
    return file.parent.name if file.stem == "__main__" else file.stem


def _machine() -> str:
    words = " ".join([benchmark_of(Path(sys.argv[0])), *sys.argv[1:]])
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}; `dev.py bench {words}`"
