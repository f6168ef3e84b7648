"""Real processes of the product: each in a group of its own, with its output in a file."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .guardian import guard, release
from .system import children_of
from .waiting import eventually

PROJECT = Path(__file__).parents[2]
STOP_SECONDS = 40.0  # a little over gunicorn's graceful_timeout, which is the longest of ours
LOG_TAIL = 4_000  # characters
HALF_WRITTEN = "*.pyc.*"
"""Temporary files of compiled modules that another process is writing: they may vanish while a folder is copied."""


class ProcessError(Exception):
    """A process ended or did not become ready; the message has the end of its output."""


class Process:
    """One program of ours, from the project's folder. `log` collects what it writes, over restarts too.

    `project`: the folder of another version.
    """

    def __init__(
        self, name: str, command: list[str], *, environment: dict[str, str], folder: Path, project: Path = PROJECT
    ) -> None:
        self.name = name
        self.project = project
        self.command = command
        self.environment = environment
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], object] | None = None) -> Process:
        """Start, and wait until `ready` gives something true. Raises ProcessError if it ends before."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        guard(process=self.process.pid)
        if ready is not None:
            eventually(lambda: self.check() or ready(), because=f"{self.name} is ready")
        return self

    def check(self) -> None:
        """Raises ProcessError if it has ended."""
        assert self.process is not None, f"{self.name} was not started"
        if self.process.poll() is not None:
            raise ProcessError(f"{self.name} ended with {self.process.returncode}: {self.output()[-LOG_TAIL:]}")

    def output(self) -> str:
        """All of its output so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} was not started"
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Signal the process alone (gunicorn's master, not its workers)."""
        os.kill(self.pid, number)

    def send_to_all(self, number: signal.Signals) -> None:
        """Signal the process and its children."""
        os.killpg(self.pid, number)

    def children(self) -> list[int]:
        """The process ids of its children: gunicorn's workers."""
        return children_of(self.pid)

    def stop(self, by: signal.Signals = signal.SIGTERM, timeout: float = STOP_SECONDS) -> int:
        """Ask it to end; returns its exit code. Raises ProcessError if it does not."""
        if self.is_running:
            self.send(by)
        return self.wait(timeout)

    def wait(self, timeout: float = STOP_SECONDS) -> int:
        """Its exit code, once it has ended. Raises ProcessError if it does not."""
        assert self.process is not None, f"{self.name} was not started"
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            words = self.output()[-LOG_TAIL:]
            self.kill()
            raise ProcessError(f"{self.name} did not end within {timeout:g} s: {words}") from None
        release(process=self.process.pid)
        return code

    def kill(self) -> None:
        """kill -9 of the process and its children."""
        if self.is_running:
            self.send_to_all(signal.SIGKILL)
            self.wait()

    def pause(self) -> None:
        self.send_to_all(signal.SIGSTOP)

    def resume(self) -> None:
        self.send_to_all(signal.SIGCONT)


def run(
    words: list[str], environment: dict[str, str], *, check: bool = True, project: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end. Raises ProcessError on another exit code than 0, unless `check` is off."""
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    if check and done.returncode:
        raise ProcessError(f"manage.py {words[0]} ended with {done.returncode}: {done.stderr[-LOG_TAIL:]}")
    return done


def manage(name: str, words: list[str], environment: dict[str, str], folder: Path, project: Path = PROJECT) -> Process:
    """A long-running `manage.py` command, such as `dispatch`."""
    command = [sys.executable, "manage.py", *words]
    return Process(name, command, environment=environment, folder=folder, project=project)


def web(
    port: int,
    words: list[str],
    environment: dict[str, str],
    folder: Path,
    name: str = "web",
    project: Path = PROJECT,
) -> Process:
    """gunicorn, as the interface's commands have it."""
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi", "-b", f"127.0.0.1:{port}"]
    return Process(name, [*command, *words], environment=environment, folder=folder, project=project)


def simulators(words: list[str], environment: dict[str, str], folder: Path) -> Process:
    command = [sys.executable, "-m", "tests.simulators", *words]
    return Process("simulators", command, environment=environment, folder=folder)


def simulator_addresses(process: Process) -> dict[str, str]:
    """The addresses that running simulators printed, or {} if they have not yet."""
    ready = [line for line in process.output().splitlines() if line.startswith("ready ")]
    return json.loads(ready[-1].removeprefix("ready ")) if ready else {}


def http_status(port: int, path: str) -> int | None:
    """The status of a GET on loopback, or None where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
