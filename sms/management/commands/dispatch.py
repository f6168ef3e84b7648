"""`manage.py dispatch`: the worker. Any number of them, on any number of machines, on one PostgreSQL."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sms.management import metrics_port as metrics_server
from sms.management.system_checks import WITHOUT_WEB
from sms.services.configuration import stored_secrets
from sms.services.worker import engine as worker_engine
from sms.services.worker.periodic import BackgroundThreads, WorkerState

MOST_SLOTS = 10_000
"""Each slot may need a thread."""


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """The type of an option."""

    def parse(word: str) -> int:
        if not (word.isascii() and word.isdigit() and len(word) < 9 and least <= int(word) <= most):
            raise ArgumentTypeError(f"{word!r} is not a whole number from {least} to {most:,}")
        return int(word)

    return parse


class Command(BaseCommand):
    help = "Send what is queued; poll, repeat, expire, erase. Any number of these may run at once."
    requires_system_checks = WITHOUT_WEB

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--slots",
            type=whole_number(1, MOST_SLOTS),
            default=worker_engine.DEFAULT_SLOTS,
            help="Calls at a time of this process (64).",
        )
        parser.add_argument("--drain", action="store_true", help="Process what is due now, then exit.")
        parser.add_argument(
            "--metrics-port", type=whole_number(0, 65_535), help="Serve this process's Prometheus metrics here."
        )

    def handle(self, *args: Any, slots: int, drain: bool, metrics_port: int | None, **options: Any) -> None:
        if metrics_port is not None:
            _serve_metrics(metrics_port)
        if drain:
            state = WorkerState(slots)
            while worker_engine.work(state):
                pass
            return
        self._run(slots)

    def _run(self, slots: int) -> None:
        stored_secrets.log_unreadable()
        stopped = threading.Event()
        engine = worker_engine.Engine(slots)
        self._stop_at_signals(stopped, engine)
        threads = BackgroundThreads(slots=slots, in_flight=lambda: engine.in_flight, wake_engine=engine.wake)
        threads.start()
        engine.run_forever(stopped)
        threads.stop()

    def _stop_at_signals(self, stopped: threading.Event, engine: worker_engine.Engine) -> None:
        """The first signal finishes what is in flight; a second one quits at once."""

        def stop(number: int, frame: Any) -> None:
            stopped.set()
            engine.wake()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)


def _serve_metrics(port: int) -> None:
    try:
        metrics_server.serve(port)
    except OSError as error:
        words = f"--metrics-port {port} can't be listened on: {error.strerror}. Name another port."
        raise CommandError(words) from None
