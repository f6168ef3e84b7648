"""The worker's main loop: claims due messages, makes the calls in a pool of threads, settles the results in batches.

A slot is occupied from the claim until the result is committed, so a killed worker leaves at most as many messages in
`sending` as it has slots.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

import structlog
from django.db import DataError, Error, IntegrityError, ProgrammingError, connection

from sms.services.configuration import network_policy
from sms.services.dispatch import balance, circuit_breaker, poll
from sms.services.dispatch import settle as dispatch_settle
from sms.services.dispatch.claim import Claimer
from sms.services.dispatch.settled import Settled
from sms.services.inbound import forward
from sms.services.monitoring import alert_delivery
from sms.services.queue import queue_state
from sms.services.queue.jobs import AskBalance, Job, Poll, Probe, Push, Result, Send, run
from sms.services.queue.queue_state import QueueSnapshot

from .periodic import IDLE_SECONDS, RETRY_SECONDS, WorkerState, run_once, run_safely

log = structlog.get_logger(__name__)

DEFAULT_SLOTS = 64
QUEUE_SECONDS = 0.1
"""How long an engine whose slots are all in use may use its last reading of the queue again."""
RESERVED_SHARE = 8
"""One slot in eight is reserved for OTPs."""


class Engine:
    """One worker. `turn` is its unit of work. Engines share nothing but the database."""

    def __init__(self, slots: int = DEFAULT_SLOTS) -> None:
        self.slots = slots
        self.reserved = max(1, slots // RESERVED_SHARE) if slots > 1 else 0
        self.accepting = True
        self.in_flight = 0
        self.otps_in_flight = 0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._unsettled: list[Result] = []
        self._may_find_more = False
        self._threads: list[threading.Thread] = []
        self._claimer = Claimer(slots)
        self._last_queue: QueueSnapshot | None = None
        """Kept while each turn fills every slot. None: the queue must be read."""

    # --- the loop ---------------------------------------------------------------------

    def turn(self, wait: float) -> bool:
        """Settle results, then claim what is due. Waits up to `wait` seconds for a result. True if there was work."""
        self._unsettled += self._collect(wait if not self._unsettled else 0.0)
        self._claimer.give_back()
        done = self._unsettled
        # After a failure nothing is claimed before the circuit breakers have counted it.
        may_claim = self.accepting and not any(result.error or result.crash for result in done)
        if not done and not (may_claim and self._free() > 0):
            return False
        snapshot = self._read_queue()
        if not done and not snapshot.is_anything_due:
            return False
        settled = self._settle(done)
        return self._claim_after(snapshot, done, settled, may_claim=may_claim)

    def run_forever(self, stopped: threading.Event) -> None:
        """Repeat `turn` until `stopped` is set, then finish the calls in flight."""
        while not stopped.is_set():
            self._turn_safely(0.0 if self._may_find_more else IDLE_SECONDS[connection.vendor])
        self.finish()

    def finish(self) -> None:
        """Claim nothing more, and settle the calls in flight."""
        self.accepting = False
        while self.in_flight or self._claimer.unstarted:
            self._turn_safely(1.0)
        self.close()

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        self._threads.clear()

    def wake(self) -> None:
        """End an idle wait. May be called by any thread."""
        self._results.put(None)

    def _turn_safely(self, wait: float) -> bool:
        """As `turn`. After an error the results that are not settled are kept for the next turn."""
        self._may_find_more = False
        try:
            return self.turn(wait)
        except Error as error:
            log.warning("database.unavailable", error=type(error).__name__)
        except Exception:
            log.exception("dispatcher.fault")
        connection.close()
        time.sleep(RETRY_SECONDS)
        return False

    # --- one turn ------------------------------------------------------------------------

    def _collect(self, wait: float) -> list[Result]:
        """The results that are there; waits for the first of them up to `wait` seconds."""
        results: list[Result] = []
        try:
            first = self._results.get(timeout=wait) if wait else self._results.get_nowait()
            while True:
                if first is None:
                    self._last_queue = None  # `wake` was called: the queue has changed
                else:
                    results.append(first)
                first = self._results.get_nowait()
        except queue.Empty:
            return results

    def _read_queue(self) -> QueueSnapshot:
        """Read the queue. While each turn fills every slot, the last reading is used: a claim checks the breaker."""
        last, self._last_queue = self._last_queue, None
        is_recent = last is not None and time.monotonic() - last.read_at < QUEUE_SECONDS
        return last if last is not None and is_recent else queue_state.read_queue()

    def _settle(self, done: list[Result]) -> list[Settled]:
        """Store the results. Their slots are free once they are committed."""
        settle_one_by_one(poll.store_consumed, [result for result in done if isinstance(result.job, Poll)])
        forward.settle_pushes([result for result in done if isinstance(result.job, Push)])
        sends = [result for result in done if isinstance(result.job, Send)]
        try:
            settled = dispatch_settle.write(dispatch_settle.decide(sends))
        except Exception as error:
            if _is_about_the_database(error):
                raise
            settle_one_by_one(dispatch_settle.settle, sends)
            settled = []
        self._unsettled = []
        self.in_flight -= len(done)
        self.otps_in_flight -= sum(_is_otp(result.job) for result in done)
        for result in sends:
            self._claimer.end(result.job)
        return settled

    def _claim_after(
        self, snapshot: QueueSnapshot, done: list[Result], settled: Sequence[Settled], *, may_claim: bool
    ) -> bool:
        """Fill the free slots, then record the outcomes of the settled calls for their providers."""
        begun = 0
        try:
            if may_claim:
                begun = self._claim(snapshot)
        finally:
            record_outcomes(settled, done, snapshot)
        if may_claim:
            begun += self._claim_pushes_and_polls(snapshot)
        came_back = any(result.error or result.surely_not_sent for result in done)
        has_room = self._free_for_others() > 0
        self._may_find_more = came_back or (begun > 0 and has_room)
        self._last_queue = snapshot if begun and not (came_back or has_room) else None
        return bool(done or begun)

    def _claim(self, snapshot: QueueSnapshot) -> int:
        """Claim messages and submit them, even if a later claim fails: no other worker will send them."""
        jobs: list[Job] = []
        try:
            self._claimer.claim(jobs, snapshot, otp_slots=self._free(), other_slots=self._free_for_others())
        finally:
            self._submit(jobs)
        return len(jobs)

    def _free(self) -> int:
        return self.slots - self.in_flight

    def _free_for_others(self) -> int:
        """Free slots that are not reserved for OTPs."""
        return max(self._free() - max(self.reserved - self.otps_in_flight, 0), 0)

    def _claim_pushes_and_polls(self, snapshot: QueueSnapshot) -> int:
        """Submit pushes of received messages to partners, and queries for balances and for the state of attempts.

        A partner expects each repeat at an exact time, so pushes may use half of the slots reserved for OTPs. Each kind
        is submitted before the next is claimed, which may fail.
        """
        free = self._free_for_others()
        begun = self._submit(forward.claim_pushes(snapshot, min(self._free(), free + self.reserved // 2)))
        begun += self._submit(balance.take(snapshot, free - begun))
        return begun + self._submit(poll.take(snapshot, min(free - begun, max(1, self.slots // 4))))

    def _submit(self, jobs: Sequence[Job]) -> int:
        self._count(jobs)
        for job in jobs:
            self._jobs.put(job)
        while len(self._threads) < min(self.in_flight, self.slots):
            self._start_thread()
        return len(jobs)

    def _count(self, jobs: Sequence[Job]) -> None:
        self.in_flight += len(jobs)
        self.otps_in_flight += sum(_is_otp(job) for job in jobs)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._call_forever, name=f"slot-{len(self._threads) + 1}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _call_forever(self) -> None:
        client = network_policy.client()
        while (job := self._jobs.get()) is not None:
            self._results.put(run(job, client))
        client.close()


def _is_otp(job: Job) -> bool:
    return isinstance(job, Send) and job.message.is_otp


# --- settling a batch ------------------------------------------------------------------------


def settle_one_by_one(settle: Callable[[Sequence[Result]], None], results: Sequence[Result]) -> None:
    """Settle each result by itself. One that can't be stored is dropped: its message is settled when its lease ends."""
    for result in results:
        try:
            settle([result])
        except Exception as error:
            if _is_about_the_database(error):
                raise
            log.error("result.unwritable", job=type(result.job).__name__, fault=type(error).__name__)


def _is_about_the_database(error: Exception) -> bool:
    """Whether the database failed, not the statement's values: another try may succeed."""
    return isinstance(error, Error) and not isinstance(error, DataError | IntegrityError | ProgrammingError)


def record_outcomes(settled: Sequence[Settled], done: Sequence[Result], snapshot: QueueSnapshot) -> None:
    """What follows the commit of the results: circuit breakers, early reports, the answers to polls and probes."""
    dispatch_settle.afterwards(settled, in_trouble={each.provider for each in snapshot.providers if each.bad_calls})
    poll.settle([result for result in done if isinstance(result.job, Poll)])
    balance.settle([result for result in done if isinstance(result.job, AskBalance)])
    for result in done:
        if isinstance(result.job, Probe) and not result.surely_not_sent:  # else the probe was not made
            circuit_breaker.record_outcome(result.job.account, [result.error], was_probe=True)


# --- without a loop ---------------------------------------------------------------------------


def work(state: WorkerState, *, budget: float | None = None) -> bool:
    """Process what is due now, for at most `budget` seconds, and return whether there was anything.

    Every call that was begun is settled before this returns, whatever the budget.
    """
    engine = Engine(state.slots)
    ends = time.monotonic() + budget if budget is not None else float("inf")
    if budget is not None:  # a scheduler calls this again and again: the worker counts as running between the calls
        run_safely([lambda: state.heartbeat.beat(0)])
    tasks = run_once(state)
    try:
        found = engine.turn(0.0)  # messages before tasks: an OTP must not wait
        while time.monotonic() < ends and next(tasks, False):
            found = engine.turn(0.0) or found
        while time.monotonic() < ends and (engine.turn(0.0) or engine.in_flight):
            found = True
            if engine.in_flight:
                engine.turn(0.05)
    finally:
        engine.finish()
    alert_delivery.deliver_safely(limit=1)  # only one: a mail or web server that hangs must not delay the next call
    return found
