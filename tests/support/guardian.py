"""Cleans up after a test run that ends in any way, kill -9 included.

`guard` registers processes (leaders of their group) and folders at a small separate
process. When the test run ends, the pipe between the two closes, and the guardian ends
the processes and removes the folders that are left.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

GRACE_SECONDS = 5.0
_lock = threading.Lock()
_guardian: subprocess.Popen[str] | None = None


def guard(*, process: int | None = None, folder: Path | None = None, by: signal.Signals = signal.SIGKILL) -> None:
    """Register this to be ended or removed when the test run ends. `by` is the first signal; SIGKILL follows."""
    if process is not None:
        _tell(f"process {process} {int(by)}")
    if folder is not None:
        _tell(f"folder {folder}")


def release(*, process: int | None = None, folder: Path | None = None) -> None:
    """Unregister what has ended: a later process with the same number would belong to others."""
    _tell(f"forget {process if process is not None else folder}")


def _tell(line: str) -> None:
    global _guardian
    with _lock:
        if _guardian is None:
            _guardian = _start()
            atexit.register(_finish, _guardian)
        assert _guardian.stdin is not None
        _guardian.stdin.write(line + "\n")
        _guardian.stdin.flush()


def _start() -> subprocess.Popen[str]:
    # A session of its own: Ctrl-C at the terminal must not reach it.
    command = [sys.executable, "-I", __file__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)


def _finish(guardian: subprocess.Popen[str]) -> None:
    assert guardian.stdin is not None
    guardian.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        guardian.wait(GRACE_SECONDS * 2)


# What follows runs in the guardian's own process.


def watch() -> None:
    """Read registrations until the pipe closes; then end and remove everything that is still registered."""
    processes: dict[str, int] = {}
    folders: dict[str, None] = {}
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "process":
            number, _, by = rest.partition(" ")
            processes[number] = int(by)
        elif word == "folder":
            folders[rest] = None
        else:
            processes.pop(rest, None)
            folders.pop(rest, None)
    end_all({int(number): by for number, by in processes.items()})
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def end_all(processes: dict[int, int]) -> None:
    left = {number for number, by in processes.items() if send(number, by)}
    end = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = {number for number in left if send(number, 0)}
    for number in left:
        send(number, signal.SIGKILL)


def send(number: int, by: int) -> bool:
    """Signal a process's group; False if nobody is left in it."""
    try:
        os.killpg(number, by)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    watch()
