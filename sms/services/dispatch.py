"""The worker: claims what is due, has it called by a pool of threads, and settles the results in batches.

A slot is held from the claim until the result is committed, so a killed dispatcher leaves at most its slots behind.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import structlog
from django.conf import settings
from django.db import DataError, Error, IntegrityError, ProgrammingError, connection

from providers.http import Client

from . import claims, housekeeping, notices, polls, pushes, settling, traffic
from .brief import brief
from .calls import Job, Poll, Probe, Push, Result, Send, run
from .housekeeping import AFTER_A_FAULT, IDLE_SECONDS

log = structlog.get_logger(__name__)

DEFAULT_SLOTS = 64
RESERVED_SHARE = 8
"""One slot in eight is kept for OTPs."""


class Engine:
    """One dispatcher. `turn` is its unit of work; nothing here is shared between engines but the database."""

    def __init__(self, slots: int = DEFAULT_SLOTS) -> None:
        self.slots = slots
        self.reserved = max(1, slots // RESERVED_SHARE) if slots > 1 else 0
        self.accepting = True
        self.in_flight = 0
        self.otps_in_flight = 0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._unsettled: list[Result] = []
        self._threads: list[threading.Thread] = []

    # --- the loop ---------------------------------------------------------------------

    def turn(self, wait: float) -> bool:
        """Settle what came back and claim what is due; with nothing to do, wait that long. True if there was work.

        Both in one transaction: one commit frees the slots and owns what fills them again.
        """
        self._unsettled += self._collect(wait if not self._unsettled else 0.0)
        if self._unsettled:
            self._settle(self._unsettled)
            return True
        jobs: list[Job] = []
        with self._giving_back(jobs):
            if self.accepting:
                self._claim(jobs, freed=[])
        self._submit(jobs)
        return bool(jobs)

    def run_forever(self, stopped: threading.Event) -> None:
        """Turn until `stopped` is set, then finish the calls in flight."""
        found_work = False
        while not stopped.is_set():
            found_work = self._turn_safely(0.0 if found_work else IDLE_SECONDS[connection.vendor])
        self.finish()

    def finish(self) -> None:
        """Take nothing new, and see the calls in flight through to their commit."""
        self.accepting = False
        while self.in_flight:
            self._turn_safely(1.0)
        self.close()

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        self._threads.clear()

    def wake(self) -> None:
        """Cut an idle wait short. May be called by any thread."""
        self._results.put(None)

    def _turn_safely(self, wait: float) -> bool:
        """A fault of the database ends no dispatcher: what is unsettled is kept and tried again."""
        try:
            return self.turn(wait)
        except Error as error:
            log.warning("database.unavailable", error=type(error).__name__)
        except Exception:
            log.exception("dispatcher.fault")
        connection.close()
        time.sleep(AFTER_A_FAULT)
        return False

    # --- one turn ------------------------------------------------------------------------

    def _collect(self, wait: float) -> list[Result]:
        """Everything that came back, waiting for the first if there is nothing else to do."""
        results: list[Result] = []
        try:
            first = self._results.get(timeout=wait) if wait else self._results.get_nowait()
            while True:
                if first is not None:
                    results.append(first)
                first = self._results.get_nowait()
        except queue.Empty:
            return results

    def _settle(self, done: list[Result]) -> None:
        """Settle, and claim in the same transaction; after a failure only once the breakers have learnt of it."""
        sends = [result for result in done if isinstance(result.job, Send)]
        pushed = [result for result in done if isinstance(result.job, Push)]
        claims_too = self.accepting and not any(result.error or result.crash for result in done)
        jobs: list[Job] = []
        try:
            with self._giving_back(jobs), brief() as began:
                settled = settling.write(sends, began()) if sends else []
                pushes.settle(pushed)
                if claims_too:
                    self._claim(jobs, freed=done)
        except Exception as error:
            if _is_about_the_database(error):
                raise
            settle_one_by_one(settling.settle, sends)
            settle_one_by_one(pushes.settle, pushed)
            settled, jobs = [], []
        self._unsettled = []
        self.in_flight -= len(done)
        self.otps_in_flight -= sum(_is_otp(result.job) for result in done)
        self._submit(jobs)  # before anything else can fail: they are claimed, and nobody else will send them
        learn_from(settled, done)

    def _claim(self, jobs: list[Job], freed: Sequence[Result]) -> None:
        """Claim for the slots that are free once the results before it are committed."""
        free = self.slots - self.in_flight + len(freed)
        otps = self.otps_in_flight - sum(_is_otp(result.job) for result in freed)
        for_others = max(free - max(self.reserved - otps, 0), 0)
        if free <= 0:
            return
        claims.take(jobs, otp_slots=free, other_slots=for_others)
        # A partner's repeats are due to the second: they may use half of what is kept for OTPs.
        jobs += pushes.take(min(free - len(jobs), max(for_others - len(jobs), 0) + self.reserved // 2))
        jobs += polls.take(min(for_others - len(jobs), max(1, self.slots // 4)))

    @contextlib.contextmanager
    def _giving_back(self, jobs: list[Job]) -> Iterator[None]:
        """If a claim ends in a fault, nobody knows whether it was committed: its messages are settled as not begun."""
        try:
            yield
        except Exception:
            sends = [job for job in jobs if isinstance(job, Send)]
            self._count(sends)
            for job in sends:
                self._results.put(Result(job, never_started=True))
            raise

    def _submit(self, jobs: Sequence[Job]) -> None:
        self._count(jobs)
        for job in jobs:
            self._jobs.put(job)
        while len(self._threads) < min(self.in_flight, self.slots):
            self._start_thread()

    def _count(self, jobs: Sequence[Job]) -> None:
        self.in_flight += len(jobs)
        self.otps_in_flight += sum(_is_otp(job) for job in jobs)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._call_forever, name=f"slot-{len(self._threads) + 1}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _call_forever(self) -> None:
        client = Client(allow_private=settings.ALLOW_PRIVATE_PROVIDER_HOSTS)
        while (job := self._jobs.get()) is not None:
            self._results.put(run(job, client))
        client.close()


def _is_otp(job: Job) -> bool:
    return isinstance(job, Send) and job.message.is_otp


# --- settling a batch ------------------------------------------------------------------------


def settle_one_by_one(settle: Callable[[Sequence[Result]], None], results: Sequence[Result]) -> None:
    """A result that can't be written must not hold up the others: it is left to its lease, which ends."""
    for result in results:
        try:
            settle([result])
        except Exception as error:
            if _is_about_the_database(error):
                raise
            log.error("result.unwritable", job=type(result.job).__name__, fault=type(error).__name__)


def _is_about_the_database(error: Exception) -> bool:
    """Not about what was to be written: it is worth another try."""
    return isinstance(error, Error) and not isinstance(error, DataError | IntegrityError | ProgrammingError)


def learn_from(settled: Sequence[settling.Settled], done: Sequence[Result]) -> None:
    """What follows a commit: breakers, early reports, answers to polls and probes."""
    settling.afterwards(settled)
    polls.settle([result for result in done if isinstance(result.job, Poll)])
    for result in done:
        if isinstance(result.job, Probe) and not result.surely_not_sent:  # a probe that was not made says nothing
            traffic.learn(result.job.account, [result.error], was_probe=True)


# --- without a loop ---------------------------------------------------------------------------


def work(*, budget: float | None = None, slots: int = DEFAULT_SLOTS) -> bool:
    """Work off what is due now, for at most `budget` seconds, and return whether there was anything.

    The calls that were begun are finished and committed before this returns, whatever the budget.
    """
    engine = Engine(slots)
    if budget is not None:  # a worker that is called again and again lives between the calls, too
        housekeeping.beat_between_calls(slots)
    housekeeping.do_all()
    ends = time.monotonic() + budget if budget is not None else float("inf")
    found = False
    while time.monotonic() < ends and (engine.turn(0.0) or engine.in_flight):
        found = True
        if engine.in_flight:
            engine.turn(0.05)
    engine.finish()
    notices.deliver_safely(limit=1)  # a web server that hangs must not hold up the next call of this
    return found
