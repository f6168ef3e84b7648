"""What a dispatcher looks after beside sending: vendors' calls, leases that ended, time that is up, heartbeats.

Each in a thread of its own or at its times, so that nothing of it holds up a claim.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog
from django.db import Error, connection

from sms.models import Dispatcher
from sms.services.database import clock
from sms.services.dispatch import rescue
from sms.services.inbound import receive as inbound_receive
from sms.services.maintenance import retention
from sms.services.monitoring import alert_delivery, alert_rules, hourly_stats, match_rate_alert, otp_ranges_alert
from sms.services.queue import held_messages
from sms.services.queue.notify import CALLS, CHANNEL
from sms.services.reports import apply, receive, unmatched

log = structlog.get_logger(__name__)

IDLE_SECONDS = {"postgresql": 0.25, "sqlite": 0.05}
"""How long an idle dispatcher sleeps unless it is woken."""
AFTER_A_FAULT = 0.5
HEAR_SECONDS = 2.0
"""How long a NOTIFY may take before a dispatcher says that it hears none."""

HOURS_AT_ONCE = 3
LONGEST_CHORE = 2.0
"""Seconds after which a chore that works in batches lets the others have their turn."""

Chore = tuple[float, Callable[[], object]]

CHORES: tuple[Chore, ...] = (
    (5.0, lambda: _for_a_while(rescue.park_abandoned)),
    (1.0, lambda: _for_a_while(rescue.expire)),
    (1.0, lambda: _for_a_while(held_messages.release)),
    (5.0, apply.match_again),
    (5.0, inbound_receive.read_again),
    (15.0, alert_rules.look_out),
    (60.0, match_rate_alert.look),
    (300.0, otp_ranges_alert.evaluate),
    (60.0, unmatched.look),
    (5.0, lambda: _for_a_while(retention.erase_due)),
    (30.0, lambda: _for_a_while(retention.delete_due)),
    (30.0, lambda: hourly_stats.roll_up(HOURS_AT_ONCE)),
)
"""With the seconds between two rounds of each. Where several are due, the first goes first."""


def _for_a_while(batch: Callable[[], int]) -> None:
    ends = time.monotonic() + LONGEST_CHORE
    while batch() and time.monotonic() < ends:
        pass


class Timetable:
    """Which chore is due. Asked anew after each, so that long ones never keep those before them waiting in a row."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = chores
        self._next_at = [0.0] * len(chores)

    def due(self, now: float) -> Callable[[], object] | None:
        """The first chore whose time has come; its next time is counted from now."""
        for number, (every, chore) in enumerate(self._chores):
            if self._next_at[number] <= now:
                self._next_at[number] = now + every
                return chore
        return None


def one_round() -> Iterator[bool]:
    """One round of everything, step by step, for a worker that does not loop."""
    for _, chore in CHORES:
        do([chore])
        yield True
    while receive.read_pending():
        yield True


_heartbeat: Dispatcher | None = None


def beat_between_calls(slots: int) -> None:
    """The heartbeat of a process that works in calls instead of a loop; after a fork it is another process."""
    global _heartbeat
    if _heartbeat is None or _heartbeat.pid != os.getpid():
        _heartbeat = new_dispatcher(slots)
    do([lambda: rescue.beat(_heartbeat, 0)])


def do(chores: Iterable[Callable[[], object]]) -> None:
    """Do them one after the other; one that fails leaves the others to be done."""
    for chore in chores:
        try:
            chore()
        except Error as error:
            log.warning("database.unavailable", error=type(error).__name__)
            connection.close()
        except Exception:
            log.exception("chore.fault")


class House:
    """The threads beside an engine: `wake_engine` cuts its idle wait short, `in_flight` counts its calls."""

    def __init__(self, *, slots: int, in_flight: Callable[[], int], wake_engine: Callable[[], None]) -> None:
        self.slots, self.in_flight, self.wake_engine = slots, in_flight, wake_engine
        self._stopped = threading.Event()
        self._called = threading.Event()
        self._heartbeat: Dispatcher | None = None
        self._knows_of_deafness = False
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        for job in (self._do_chores, self._read_callbacks, self._listen, self._deliver_notices):
            thread = threading.Thread(target=self._until_stopped, args=(job,), name=job.__name__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """End the threads, and say that this dispatcher has stopped."""
        self._stopped.set()
        self._called.set()
        for thread in self._threads:
            thread.join(timeout=5)
        do([self._say_goodbye])

    def _say_goodbye(self) -> None:
        if self._heartbeat is not None:
            Dispatcher.objects.filter(pk=self._heartbeat.pk).update(stopped_at=clock.now())

    def _until_stopped(self, job: Callable[[], None]) -> None:
        """Run a job again and again. A database that is away is waited for; a fault of ours is logged."""
        while not self._stopped.is_set():
            try:
                job()
            except Error as error:
                log.warning("database.unavailable", thread=job.__name__, error=type(error).__name__)
                connection.close()
                self._stopped.wait(AFTER_A_FAULT)
            except Exception:
                log.exception("dispatcher.fault", thread=job.__name__)
                self._stopped.wait(AFTER_A_FAULT)
        connection.close()

    # --- the jobs -----------------------------------------------------------------------

    def _do_chores(self) -> None:
        timetable = Timetable(((5.0, self._beat), *CHORES))
        while not self._stopped.wait(0.25):
            while (chore := timetable.due(time.monotonic())) and not self._stopped.is_set():
                do([chore])

    def _beat(self) -> None:
        if self._heartbeat is None:
            self._heartbeat = new_dispatcher(self.slots)
        rescue.beat(self._heartbeat, self.in_flight())

    def _read_callbacks(self) -> None:
        if receive.read_pending() == 0:
            self._called.wait(IDLE_SECONDS[connection.vendor])
            self._called.clear()

    def _listen(self) -> None:
        """Wake whom a NOTIFY is for. Behind a pooler that drops LISTEN, the idle waits do it alone: said once."""
        if connection.vendor != "postgresql":
            self._stopped.wait()
            return
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        if not self._knows_of_deafness and not _hears():
            self._knows_of_deafness = True
            log.warning("listen.deaf", advice="A transaction pooler drops LISTEN: this dispatcher polls instead.")
        while not self._stopped.is_set():
            for note in connection.connection.notifies(timeout=1.0, stop_after=1):
                if note.payload == CALLS:
                    self._called.set()
                else:
                    self.wake_engine()

    def _deliver_notices(self) -> None:
        alert_delivery.deliver_until(self._stopped)


def _hears() -> bool:
    """Whether a NOTIFY of another connection reaches this one, which listens."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
    finally:
        other.close()
    return any(True for _ in connection.connection.notifies(timeout=HEAR_SECONDS, stop_after=1))


def new_dispatcher(slots: int) -> Dispatcher:
    now = clock.now()
    return Dispatcher(
        id=clock.new_id(), host=platform.node()[:100], pid=os.getpid(), slots=slots, started_at=now, seen_at=now
    )
