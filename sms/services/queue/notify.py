"""Notifies idle workers after a commit.

On PostgreSQL with NOTIFY, at most once every 50 ms per process and never in the transaction that accepts a message:
there it would cost two thirds of the insert rate (measured). After a pause the committing thread sends the notification
itself, which is faster than handing it to another thread; what follows within 50 ms is sent by one thread per process.
On SQLite the worker polls.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from django.db import Error, connection

CHANNEL = "sms_queue"
MESSAGES, CALLS = "messages", "calls"
"""What may be due: messages to send or to forward, or stored callbacks to read."""
PAUSE = 0.05

log = structlog.get_logger(__name__)


def send_notifications(subjects: set[str]) -> None:
    """Send one NOTIFY for each subject. It needs no durability, so the commit does not wait for the disk."""
    statements = "; ".join(f"NOTIFY {CHANNEL}, '{subject}'" for subject in sorted(subjects))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"BEGIN; SET LOCAL synchronous_commit TO off; {statements}; COMMIT")
    except Error as error:
        # Workers poll as well: a lost notification delays a message, but loses none.
        log.warning("notify.failed", error=type(error).__name__)
        connection.close()


class Notifier:
    """Limits the rate of a process's notifications. Those within a pause are sent together at its end."""

    def __init__(self, send: Callable[[set[str]], None] = send_notifications, pause: float = PAUSE) -> None:
        self._send, self._pause = send, pause
        self._lock = threading.Lock()
        self._sent_at = float("-inf")
        self._pending: set[str] = set()
        self._is_pending = threading.Event()
        self._thread: threading.Thread | None = None

    def notify(self, subject: str) -> None:
        if connection.vendor != "postgresql":
            return
        with self._lock:
            self._pending.add(subject)
        due = set() if connection.in_atomic_block else self._take_due()
        if due:
            self._send(due)
        else:
            self._leave_to_thread()

    def _take_due(self) -> set[str]:
        """The pending subjects; none within the pause after the last notification."""
        with self._lock:
            if time.monotonic() - self._sent_at <= self._pause:
                return set()
            self._sent_at = time.monotonic()
            due, self._pending = self._pending, set()
        return due

    def _leave_to_thread(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # a forked process has no thread yet
                self._thread = threading.Thread(target=self._send_forever, name="notify", daemon=True)
                self._thread.start()
        self._is_pending.set()

    def _send_forever(self) -> None:
        while True:
            self._is_pending.wait()
            self._is_pending.clear()
            while self._pending:
                if due := self._take_due():
                    self._send(due)
                else:
                    time.sleep(self._pause)


_notifier = Notifier()


def notify_workers(subject: str = MESSAGES) -> None:
    """Tell idle workers that something is due. Call it after the commit, or with `transaction.on_commit`."""
    _notifier.notify(subject)
