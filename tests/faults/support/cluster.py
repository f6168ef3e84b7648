"""Dispatchers that start at once: forked from a process that has loaded the product and done nothing else.

A `manage.py dispatch` takes seconds to load on a busy machine, so a test could not kill many of them while calls are
in flight. Each child runs the command, opens its own connections, and is killed by its own process id.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from tests.support.processes import Process
from tests.support.stack import Stack
from tests.support.waiting import eventually

ASK = signal.SIGUSR1


class Forked:
    """One forked dispatcher; started again, it is a new process."""

    def __init__(self, server: ForkServer) -> None:
        self.server = server
        self.pid = server.fork()

    @property
    def is_running(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        eventually(lambda: not self.is_running, because="a killed dispatcher is gone")

    def start(self) -> None:
        self.pid = self.server.fork()

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


class ForkServer:
    """The process that forks; the stack ends it and all its children, which stay in its group."""

    def __init__(self, stack: Stack, *words: str) -> None:
        command = [sys.executable, "-m", "tests.faults.support.cluster", "dispatch", *words]
        self.process = stack.keep(Process("fork-server", command, environment=stack.environment, folder=stack.folder))
        self.process.start(lambda: "fork server ready" in self.process.output())

    def dispatchers(self, count: int) -> list[Forked]:
        return [Forked(self) for _ in range(count)]

    def fork(self) -> int:
        """A new child's number."""
        before = len(self.forked())
        self.process.send(ASK)
        return eventually(lambda: self.forked()[before:], because="the fork server forks")[0]

    def forked(self) -> list[int]:
        lines = self.process.output().splitlines()
        return [int(line.split()[1]) for line in lines if line.startswith("forked ")]


# What follows runs in the fork server's own process.


def main(words: list[str]) -> None:
    """Load the product; at each signal fork a child."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from django.core.management import call_command, load_command_class

    load_command_class("sms", words[0])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended children leave no zombies
    signal.pthread_sigmask(signal.SIG_BLOCK, {ASK})
    print("fork server ready", flush=True)
    while True:
        signal.sigwait({ASK})
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {ASK})
            call_command(*words)
            os._exit(0)
        print(f"forked {child}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
