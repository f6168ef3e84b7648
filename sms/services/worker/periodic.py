"""The background threads of a worker: periodic tasks, reading callbacks, listening for notifications, alerts.

Each of the four has a thread of its own, so that none of them delays a claim.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import structlog
from django.db import Error, connection

from sms.services.configuration import snapshot
from sms.services.dispatch import approval_doubt, rescue
from sms.services.inbound import receive as inbound_receive
from sms.services.maintenance import retention
from sms.services.monitoring import alert_delivery, alert_rules, hourly_stats, match_rate_alert, otp_ranges_alert
from sms.services.objectives import alerts as objective_alerts
from sms.services.objectives import roll_up as objective_sums
from sms.services.objectives import share_moves, usual_figures
from sms.services.queue.held_messages import HeldMessageScan
from sms.services.queue.notify import CALLS, CHANNEL
from sms.services.reports import receive, unmatched
from sms.services.reports.apply import match_missed_reports
from sms.services.staff import bulk_operations

from .heartbeat import Heartbeat

log = structlog.get_logger(__name__)

IDLE_SECONDS = {"postgresql": 0.25, "sqlite": 0.05}
"""How long an idle worker waits for a notification before it polls."""
RETRY_SECONDS = 0.5
"""How long a worker waits after an error before it tries again."""
PROBE_SECONDS = 2.0
"""How long the probe of LISTEN waits for its own NOTIFY."""
HEARTBEAT_SECONDS = 5.0
MAX_HOURS_PER_RUN = 3
MAX_TASK_SECONDS = 2.0
"""How long a task that works in batches runs before other tasks get their turn."""


class PeriodicTask(NamedTuple):
    """A function, and the seconds between two runs of it."""

    seconds: float
    run: Callable[[], object]


class WorkerState:
    """What one worker process keeps between two runs of its tasks. Made at the process's start."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.heartbeat = Heartbeat(slots)
        self.held_messages = HeldMessageScan()


@cache
def process_state(slots: int) -> WorkerState:
    """The state of a process in which a task queue calls `engine.work` again and again."""
    return WorkerState(slots)


def periodic_tasks(state: WorkerState) -> list[PeriodicTask]:
    """The tasks in order of priority: of several that are due, the first runs first."""
    return [*message_tasks(state), *upkeep_tasks()]


def message_tasks(state: WorkerState) -> list[PeriodicTask]:
    """Those that change what becomes of messages."""
    return [
        PeriodicTask(1.0, snapshot.current),  # first, so that the others know the vendors that staff have described
        PeriodicTask(5.0, lambda: _run_batches(rescue.park_abandoned)),
        PeriodicTask(1.0, lambda: _run_batches(rescue.expire)),
        PeriodicTask(1.0, lambda: _run_batches(state.held_messages.release_batch)),
        PeriodicTask(1.0, lambda: _run_batches(bulk_operations.run_batch)),
        PeriodicTask(5.0, match_missed_reports),
        PeriodicTask(5.0, approval_doubt.end_outdated),
        PeriodicTask(5.0, inbound_receive.parse_unread_calls),
    ]


def upkeep_tasks() -> list[PeriodicTask]:
    """Those that judge providers, raise alerts, erase what is due and add up statistics."""
    return [
        PeriodicTask(5.0, share_moves.evaluate),
        PeriodicTask(15.0, alert_rules.evaluate),
        PeriodicTask(60.0, match_rate_alert.evaluate),
        PeriodicTask(60.0, unmatched.update_alerts),
        PeriodicTask(30.0, objective_alerts.evaluate),
        PeriodicTask(300.0, otp_ranges_alert.evaluate),
        PeriodicTask(5.0, lambda: _run_batches(retention.erase_due)),
        PeriodicTask(30.0, lambda: _run_batches(retention.delete_due)),
        PeriodicTask(30.0, lambda: hourly_stats.roll_up(MAX_HOURS_PER_RUN)),
        PeriodicTask(300.0, usual_figures.update),
        PeriodicTask(30.0, lambda: _run_batches(lambda: objective_sums.roll_up(1))),
    ]


def _run_batches(run_batch: Callable[[], int]) -> None:
    ends = time.monotonic() + MAX_TASK_SECONDS
    while run_batch() and time.monotonic() < ends:
        pass


class Schedule:
    """Which task is due next. It starts at the first task after each run, so a slow task delays no task before it."""

    def __init__(self, tasks: Sequence[PeriodicTask]) -> None:
        self._tasks = tasks
        self._next_at = [0.0] * len(tasks)

    def next_due(self, now: float) -> PeriodicTask | None:
        """The first task that is due; its next run is counted from now."""
        for number, task in enumerate(self._tasks):
            if self._next_at[number] <= now:
                self._next_at[number] = now + task.seconds
                return task
        return None


def run_once(state: WorkerState) -> Iterator[bool]:
    """Run every task once and read the stored callbacks, one step per iteration: for a worker without a loop."""
    for task in periodic_tasks(state):
        run_safely([task.run])
        yield True
    while receive.read_pending():
        yield True


def run_safely(functions: Iterable[Callable[[], object]]) -> None:
    """Call the functions in turn. The error of one is logged and does not stop the others."""
    for function in functions:
        try:
            function()
        except Error as error:
            log.warning("database.unavailable", error=type(error).__name__)
            connection.close()
        except Exception:
            log.exception("periodic_task.failed")


class BackgroundThreads:
    """The threads beside an engine: `wake_engine` ends its idle wait, `in_flight` counts its calls."""

    def __init__(self, *, slots: int, in_flight: Callable[[], int], wake_engine: Callable[[], None]) -> None:
        self._in_flight, self._wake_engine = in_flight, wake_engine
        self._state = WorkerState(slots)
        self._stopped = threading.Event()
        self._callbacks_stored = threading.Event()
        self._is_listen_probed = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for loop in (self._run_tasks, self._read_callbacks, self._listen, self._deliver_alerts):
            thread = threading.Thread(target=self.run_until_stopped, args=(loop,), name=loop.__name__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads, and record that this worker has stopped."""
        self.request_stop()
        for thread in self._threads:
            thread.join(timeout=5)
        run_safely([self._state.heartbeat.mark_stopped])

    def request_stop(self) -> None:
        """Have the threads end after their current step."""
        self._stopped.set()
        self._callbacks_stored.set()

    def run_until_stopped(self, step: Callable[[], None]) -> None:
        """Repeat a step until the threads are stopped. After an error it is repeated, too."""
        while not self._stopped.is_set():
            try:
                step()
            except Error as error:
                log.warning("database.unavailable", thread=step.__name__, error=type(error).__name__)
                connection.close()
                self._stopped.wait(RETRY_SECONDS)
            except Exception:
                log.exception("dispatcher.fault", thread=step.__name__)
                self._stopped.wait(RETRY_SECONDS)
        connection.close()

    # --- the threads' steps -----------------------------------------------------------

    def _run_tasks(self) -> None:
        schedule = Schedule([PeriodicTask(HEARTBEAT_SECONDS, self._beat), *periodic_tasks(self._state)])
        while not self._stopped.wait(0.25):
            while (task := schedule.next_due(time.monotonic())) and not self._stopped.is_set():
                run_safely([task.run])

    def _beat(self) -> None:
        self._state.heartbeat.beat(self._in_flight())

    def _read_callbacks(self) -> None:
        if receive.read_pending() == 0:
            self._callbacks_stored.wait(IDLE_SECONDS[connection.vendor])
            self._callbacks_stored.clear()

    def _listen(self) -> None:
        """Pass on each notification. Behind a pooler that drops LISTEN none arrives, and the worker polls."""
        if connection.vendor != "postgresql":
            self._stopped.wait()
            return
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        if not self._is_listen_probed:
            if not probe_listen():
                log.warning("listen.unsupported", advice="A transaction pooler drops LISTEN: this dispatcher polls.")
            self._is_listen_probed = True
        while not self._stopped.is_set():
            for notification in connection.connection.notifies(timeout=1.0, stop_after=1):
                if notification.payload == CALLS:
                    self._callbacks_stored.set()
                else:
                    self._wake_engine()

    def _deliver_alerts(self) -> None:
        alert_delivery.deliver_until(self._stopped)


def probe_listen() -> bool:
    """Whether this connection, which listens, receives a NOTIFY of another connection."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
    finally:
        other.close()
    return any(True for _ in connection.connection.notifies(timeout=PROBE_SECONDS, stop_after=1))
