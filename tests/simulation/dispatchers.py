"""Dispatchers: the real engine and its tasks, without threads. The scheduler decides what goes on next."""

from __future__ import annotations

import queue
import uuid
from typing import Any, Protocol

from django.db import Error

from sms.services.dispatch import approval_doubt, rescue
from sms.services.maintenance import retention
from sms.services.queue.jobs import Job, Result, Send
from sms.services.reports import receive
from sms.services.reports.apply import match_missed_reports
from sms.services.worker.engine import Engine
from sms.services.worker.periodic import RETRY_SECONDS, PeriodicTask, Schedule, WorkerState, run_safely

from .clock import Clock
from .database import Database, Killed, Process
from .network import Network

SLOTS = 4


class Later(Protocol):
    def __call__(self, at: float, function: Any) -> None: ...


class SteppedEngine(Engine):
    """Calls are begun by the scheduler, not by threads."""

    def _start_thread(self) -> None:
        self._threads.append(None)  # type: ignore[arg-type]  # only their number counts

    def take_job(self) -> Job | None:
        try:
            return self._jobs.get_nowait()
        except queue.Empty:
            return None

    def hand_over(self, result: Result) -> None:
        self._results.put(result)


class Dispatcher:
    """One worker process, started again some time after each of its deaths."""

    def __init__(self, number: int, clock: Clock, database: Database, network: Network, later: Later) -> None:
        self.number = number
        self.clock, self.database, self.network, self.later = clock, database, network, later
        self.crashes: list[str] = []
        """Errors that are not the database's: there should be none."""
        self.touched: set[uuid.UUID] = set()
        """Attempts of which a byte left."""
        self.orphaned: set[uuid.UUID] = set()
        """Attempts whose process died or froze before their result was stored."""
        self.start()

    def start(self) -> None:
        self.process = Process(f"dispatcher {self.number}")
        self.engine = SteppedEngine(SLOTS)
        self.state = WorkerState(SLOTS)
        self.schedule = Schedule([PeriodicTask(5.0, lambda: self.state.heartbeat.beat(self.engine.in_flight)),
                                  *_tasks(self.state)])  # fmt: skip
        self.sleeps_until = 0.0
        self.open: set[uuid.UUID] = set()
        """Attempts that this process has claimed and not settled."""
        self.ended: set[uuid.UUID] = set()
        """Attempts whose results the engine has."""
        self.lease_ends: dict[uuid.UUID, float] = {}

    @property
    def may_go_on(self) -> bool:
        return self.database.process is not self.process and self.sleeps_until <= self.clock.seconds

    def step(self, choice: float) -> None:
        """Begin a call if one waits, else a turn, a task or reading callbacks."""
        if self.process.is_dead:
            return self.start()
        try:
            if choice < 0.4:
                self._begin_call()
            elif choice < 0.8:
                self.database.run(self.process, self._turn)
            elif choice < 0.9:
                self.database.run(self.process, self._task)
            else:
                self.database.run(self.process, lambda: run_safely([receive.read_pending]))
        except Killed:
            self.die()
        return None

    def die(self) -> None:
        self.process.is_dead = True
        self.open |= self.engine._claimer.unstarted
        while job := self.engine.take_job():
            self._open(job)
        self.orphaned |= self.open
        self.sleeps_until = self.clock.seconds + self.clock.random.choice((0.5, 5.0, 40.0))

    def freeze(self) -> None:
        """It stood still for longer than a lease lasts."""
        self.orphaned |= self.open | self.engine._claimer.unstarted

    def _turn(self) -> None:
        ended = set(self.ended)
        now = self.clock.monotonic()
        self.orphaned |= {each for each in self.open if self.lease_ends[each] <= now}  # it got no turn for so long
        try:
            self.engine.turn(0.0)
            self.open -= ended
        except Error:
            self.sleeps_until = self.clock.seconds + RETRY_SECONDS
        except Exception as error:
            self.crashes.append(f"{type(error).__name__}: {error}")

    def _task(self) -> None:
        while task := self.schedule.next_due(self.clock.monotonic()):
            run_safely([task.run])

    def _begin_call(self) -> None:
        job = self.engine.take_job()
        if job is None:
            return
        process, engine = self.process, self.engine
        self._open(job)
        result, ends = self.network.call(job)
        if isinstance(job, Send):
            if self.network.has_left:
                self.touched.add(job.attempt)
            if max(ends, self.clock.seconds) > job.lease_ends - 1.0 or result.never_started:
                self.orphaned.add(job.attempt)
        self.later(ends, lambda: None if process.is_dead else self._hand_over(engine, result))

    def _hand_over(self, engine: SteppedEngine, result: Result) -> None:
        if isinstance(result.job, Send):
            self.ended.add(result.job.attempt)
        engine.hand_over(result)

    def _open(self, job: Job) -> None:
        if isinstance(job, Send):
            self.open.add(job.attempt)
            self.lease_ends[job.attempt] = job.lease_ends

    @property
    def is_idle(self) -> bool:
        return not self.process.is_dead and not self.engine.in_flight


def _tasks(state: WorkerState) -> list[PeriodicTask]:
    """Those that move messages; the others only count and warn."""
    return [
        PeriodicTask(5.0, rescue.park_abandoned),
        PeriodicTask(1.0, rescue.expire),
        PeriodicTask(1.0, state.held_messages.release_batch),
        PeriodicTask(5.0, match_missed_reports),
        PeriodicTask(5.0, approval_doubt.end_outdated),
        PeriodicTask(60.0, retention.erase_due),
    ]
