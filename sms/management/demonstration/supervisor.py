"""Runs child processes in one terminal: starts them, shows their output, notices an end, and stops all."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, TextIO, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.05
LAST_LINES = 20
READ_SECONDS = 1.0


class Stopped(Exception):
    """A stop was requested: Ctrl-C, SIGTERM, or the terminal was closed."""


class Died(Exception):
    """A child ended by itself."""

    def __init__(self, child: Child) -> None:
        words = f"{child.name} ended with code {child.process.returncode}"
        super().__init__("\n".join([f"{words}. Its last lines:", *child.last_lines()]))


class Child:
    """One process in its own session, so that only the supervisor receives Ctrl-C and stops them in order."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], folder: Path, out: TextIO) -> None:
        self.name = name
        self.lines: deque[str] = deque(maxlen=LAST_LINES)
        self._out = out
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **env},  # passes our environment on; only config/settings.py reads it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"lines of {name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip())
                if self.is_shown(line):
                    self._out.write(f"{self.name:>10} | {line.rstrip()}\n")
                    self._out.flush()

    def is_shown(self, line: str) -> bool:
        """All lines except the one that states where the child listens."""
        return not line.startswith("ready ")

    def last_lines(self) -> list[str]:
        self._reader.join(READ_SECONDS)  # the pipe may hold output that was not read before the process ended
        return list(self.lines)

    def stop(self) -> None:
        """Terminate the process, kill it after a delay, and kill processes that remain in its session."""
        self.process.terminate()
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._out.write(f"{self.name} does not end by itself; it is killed.\n")
        with suppress(ProcessLookupError):  # no process remains in its session
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(READ_SECONDS)


class Supervisor:
    """Context manager for the children. On exit, it stops them in reverse order of their start."""

    def __init__(self, *, folder: Path, out: TextIO) -> None:
        self._folder = folder
        self._out = out
        self._children: list[Child] = []
        # A SimpleQueue's put may be called inside a signal handler; an Event's set may not.
        self._news: SimpleQueue[Child | None] = SimpleQueue()
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Supervisor:
        for number in SIGNALS:
            self._handlers[number] = signal.signal(number, self._asked_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            child.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._news.put(None)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        child = Child(name, command, env, self._folder, self._out)
        self._children.append(child)
        threading.Thread(target=self._wait, args=(child,), name=f"end of {name}", daemon=True).start()
        return child

    def _wait(self, child: Child) -> None:
        child.process.wait()
        self._news.put(child)

    def until(self, condition: Callable[[], T | None], *, seconds: float, what: str) -> T:
        """The condition's first value. Raises TimeoutError, and Stopped or Died as `watch` does."""
        end = time.monotonic() + seconds
        while True:
            if value := condition():
                return value
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not within {seconds:g} seconds")
            self._look(LOOK_EVERY_SECONDS)

    def watch(self) -> None:
        """Wait for the end. Raises Stopped or Died."""
        while True:
            self._look(None)

    def _look(self, seconds: float | None) -> None:
        try:
            child = self._news.get(timeout=seconds)
        except Empty:
            return
        raise Died(child) if child else Stopped
