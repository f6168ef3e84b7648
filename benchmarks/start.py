"""Times from start to the first result: `python3 dev.py bench start [runs]`.

From a dispatcher's start to its first message at the vendor's socket, and from `python3 dev.py up` in a copy of the
committed project, whose environment is prepared, to the answer of the call that it prints.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.processes import PROJECT
from tests.support.waiting import eventually

from .results import median_and_spread, record
from .stage import stage

FIRST_MESSAGE, UP = 2.0, 10.0  # seconds, at most


def first_message() -> float:
    with stage(0) as made:
        made.fill(1)
        begun = time.time()
        dispatcher = made.dispatcher("dispatch", 64)
        eventually(lambda: made.vendor()["count"], because="the vendor was called")
        dispatcher.stop()
        return made.vendor()["first"] - begun


def up() -> float:
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        copy = Path(folder) / "copy"
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(copy)], check=True)
        (copy / ".venv").symlink_to(PROJECT / ".venv")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        begun = time.monotonic()
        words = ["python3", "dev.py", "up"]  # from outside the environment, as a newcomer would
        shown = subprocess.Popen(words, cwd=copy, env=kept, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            return _paste(_first_call(shown)) - begun
        finally:
            shown.send_signal(signal.SIGINT)
            shown.communicate(timeout=60)


def _first_call(shown: subprocess.Popen[str]) -> str:
    for line in shown.stdout or ():
        if line.startswith("curl "):
            return line
    raise SystemExit("it ended without printing a call")


def _paste(line: str) -> float:
    """Make the call as printed; the time of its answer."""
    words = [*shlex.split(line), "--silent", "--output", os.devnull, "--write-out", "%{http_code}"]
    status = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    if not status.endswith("201"):
        raise SystemExit(f"the printed call was answered {status}")
    return time.monotonic()


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    up()  # prepares the environment
    first, ups = [first_message() for _ in range(runs)], [up() for _ in range(runs)]
    rows = [
        ("first message, of 2 s", median_and_spread([s / FIRST_MESSAGE for s in first]), median_and_spread(first)),
        ("`dev.py up`, of 10 s", median_and_spread([s / UP for s in ups]), median_and_spread(ups)),
    ]
    record("start", ("what", "of what it may take", "seconds"), rows)


if __name__ == "__main__":
    main()
