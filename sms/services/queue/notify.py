"""Wakes idle dispatchers after a commit.

On PostgreSQL a NOTIFY, at most every 50 ms per process and never inside the accepting transaction: there it would cost
two thirds of the insert rate (measured). After a pause whoever committed rings at once, which spares the way to another
thread; what follows within 50 ms is left to one thread per process. On SQLite the dispatcher polls.
"""

from __future__ import annotations

import threading
import time

import structlog
from django.db import Error, connection

CHANNEL = "sms_queue"
MESSAGES, CALLS = "messages", "calls"
"""What may be due: messages to send or to hand on, or vendors' calls to read."""
PAUSE = 0.05

log = structlog.get_logger(__name__)
_lock = threading.Lock()
_rung_at = 0.0
_waiting: set[str] = set()
_rung = threading.Event()
_thread: threading.Thread | None = None


def ring(what: str = MESSAGES) -> None:
    """Say that something is due, once it is committed."""
    if connection.vendor != "postgresql":
        return
    with _lock:
        _waiting.add(what)
    due = set() if connection.in_atomic_block else _take()
    if due:
        _notify(due)
    else:
        _rouse_thread()


def _take() -> set[str]:
    """What is to be rung for now: nothing if somebody rang a moment ago."""
    global _rung_at
    with _lock:
        if time.monotonic() - _rung_at <= PAUSE:
            return set()
        _rung_at = time.monotonic()
        due = set(_waiting)
        _waiting.clear()
    return due


def _rouse_thread() -> None:
    with _lock:
        if _thread is None or not _thread.is_alive():
            _start_thread()
    _rung.set()


def _start_thread() -> None:
    global _thread
    _thread = threading.Thread(target=_ring_forever, name="wake", daemon=True)
    _thread.start()


def _ring_forever() -> None:
    while True:
        _rung.wait()
        _rung.clear()
        while _waiting:
            if due := _take():
                _notify(due)
            else:
                time.sleep(PAUSE)


def _notify(due: set[str]) -> None:
    # Nobody waits for a bell to be on the disk: what it tells of is there already.
    notes = "; ".join(f"NOTIFY {CHANNEL}, '{what}'" for what in sorted(due))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"BEGIN; SET LOCAL synchronous_commit TO off; {notes}; COMMIT")
    except Error as error:
        # Dispatchers poll as well: a lost bell costs a moment, never a message.
        log.warning("wake.failed", error=type(error).__name__)
        connection.close()
