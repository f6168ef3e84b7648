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

from . import claims, gates, housekeeping, notices, polls, pushes, settling, traffic
from .ahead import Ahead
from .brief import brief, commit
from .calls import Job, Poll, Probe, Push, Result, Send, run
from .gates import Look
from .housekeeping import AFTER_A_FAULT, IDLE_SECONDS
from .together import together

log = structlog.get_logger(__name__)

DEFAULT_SLOTS = 64
RESERVED_SHARE = 8
"""One slot in eight is kept for OTPs."""
Turn = tuple[list[Job], Look, list[settling.Settled]]
"""What a turn's transaction came to: calls to be made, what waits, what was settled."""


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
        self._may_find_more = False
        self._threads: list[threading.Thread] = []
        self._ahead = Ahead()

    # --- the loop ---------------------------------------------------------------------

    def turn(self, wait: float) -> bool:
        """Settle what came back and claim what is due; with nothing to do, wait that long. True if there was work.

        Both in one transaction: one commit frees the slots and owns what fills them again.
        """
        self._unsettled += self._collect(wait if not self._unsettled else 0.0)
        done = self._unsettled
        # After a failure nothing is claimed before the breakers have learnt of it.
        claims_too = self.accepting and not any(result.error or result.crash for result in done)
        if not done and not (claims_too and self._may_claim_something()):
            return False
        pushes.settle([result for result in done if isinstance(result.job, Push)])
        try:
            jobs, look, settled = self._settle_and_claim(done, claims_too=claims_too)
        except Exception as error:
            if _is_about_the_database(error):
                raise
            jobs, look, settled = self._settle_and_claim_one_by_one(done, claims_too=claims_too)
        # Not within: what is committed is counted once, whatever fails from here on.
        return self._go_on(jobs, look, done, settled, claims_too=claims_too)

    def run_forever(self, stopped: threading.Event) -> None:
        """Turn until `stopped` is set, then finish the calls in flight."""
        while not stopped.is_set():
            self._turn_safely(0.0 if self._may_find_more else IDLE_SECONDS[connection.vendor])
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
        self._may_find_more = False
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

    def _may_claim_something(self) -> bool:
        """Asked before a transaction is begun for it: on SQLite that keeps everybody else from writing."""
        return self._free([]) > 0 and (connection.vendor != "sqlite" or gates.look().is_anything_due)

    def _settle_and_claim(self, done: list[Result], *, claims_too: bool) -> Turn:
        """Two waits for the database: for what waits, with its rows, and for the commit."""
        jobs: list[Job] = []
        decided = settling.decide([result for result in done if isinstance(result.job, Send)])
        with self._giving_back(jobs):
            with brief(lambda: self._ask(decided, freed=done, claims_too=claims_too)) as (settled, look), together():
                self._ahead.look(look)
                claimed = self._claim(jobs, look, freed=done) if claims_too else _nothing
                commit()
            claimed()
        return jobs, look, settled

    def _ask(
        self, decided: list[settling.Settled], freed: Sequence[Result], *, claims_too: bool
    ) -> Callable[[], tuple[list[settling.Settled], Look]]:
        """All that needs no answer to something else, in one go: what came back is written, what waits is asked for."""
        settled = settling.write(decided)
        look = gates.ask()
        if claims_too:
            self._ahead.ask(otp_slots=self._free(freed), other_slots=self._free_for_others(freed))
        return lambda: (settled(), look())

    def _settle_and_claim_one_by_one(self, done: list[Result], *, claims_too: bool) -> Turn:
        """As above where the database took not all of it: what it does not take holds up nothing else."""
        settle_one_by_one(settling.settle, [result for result in done if isinstance(result.job, Send)])
        jobs: list[Job] = []
        with self._giving_back(jobs), brief(gates.ask) as look:
            if claims_too:
                self._claim(jobs, look, freed=done, one_by_one=True)()
        return jobs, look, []

    def _go_on(
        self,
        jobs: list[Job],
        look: Look,
        done: list[Result],
        settled: Sequence[settling.Settled],
        *,
        claims_too: bool,
    ) -> bool:
        """After the commit: hand out what is claimed, before anything else can fail; nobody else will send it."""
        self._unsettled = []
        self.in_flight -= len(done)
        self.otps_in_flight -= sum(_is_otp(result.job) for result in done)
        self._submit(jobs)
        learn_from(settled, done, look)
        others = self._take_others(look) if claims_too else []
        self._submit(others)
        came_back = any(result.error or result.surely_not_sent for result in done)
        self._may_find_more = came_back or (bool(jobs or others) and self._free_for_others([]) > 0)
        return bool(done or jobs or others)

    def _free(self, freed: Sequence[Result]) -> int:
        """The slots that are free once these results are committed."""
        return self.slots - self.in_flight + len(freed)

    def _free_for_others(self, freed: Sequence[Result]) -> int:
        """The same, less what is kept for OTPs."""
        otps = self.otps_in_flight - sum(_is_otp(result.job) for result in freed)
        return max(self._free(freed) - max(self.reserved - otps, 0), 0)

    def _claim(
        self, jobs: list[Job], look: Look, freed: Sequence[Result], *, one_by_one: bool = False
    ) -> Callable[[], None]:
        if not look.is_anything_due:
            return _nothing
        otps, others = self._free(freed), self._free_for_others(freed)
        ahead = self._ahead if not one_by_one else Ahead()  # nothing was asked in this transaction
        return claims.take(jobs, look, ahead, otp_slots=otps, other_slots=others, one_by_one=one_by_one)

    def _take_others(self, look: Look) -> list[Job]:
        """What is no message of a shop: a partner's received messages, and questions for a state.

        A partner's repeats are due to the second: they may use half of what is kept for OTPs.
        """
        for_others = self._free_for_others([])
        jobs = pushes.take(look, min(self._free([]), for_others + self.reserved // 2))
        return jobs + polls.take(look, min(for_others - len(jobs), max(1, self.slots // 4)))

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


def _nothing() -> None:
    """The answer where nothing was claimed."""


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


def learn_from(settled: Sequence[settling.Settled], done: Sequence[Result], look: Look) -> None:
    """What follows a commit: breakers, early reports, answers to polls and probes."""
    settling.afterwards(settled, in_trouble={gate.provider for gate in look.gates if gate.bad_calls})
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
    ends = time.monotonic() + budget if budget is not None else float("inf")
    if budget is not None:  # a worker that is called again and again lives between the calls, too
        housekeeping.beat_between_calls(slots)
    chores = housekeeping.one_round()
    try:
        found = engine.turn(0.0)  # an OTP does not wait for chores
        while time.monotonic() < ends and next(chores, False):
            found = engine.turn(0.0) or found
        while time.monotonic() < ends and (engine.turn(0.0) or engine.in_flight):
            found = True
            if engine.in_flight:
                engine.turn(0.05)
    finally:
        engine.finish()
    notices.deliver_safely(limit=1)  # a web server that hangs must not hold up the next call of this
    return found
