"""Dispatchers die at any moment: nothing is lost or sent twice; no more messages than slots are unconfirmed."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.support.postgres import Postgres
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .conftest import SHORT_TIMEOUT
from .support import invariants
from .support.cluster import Forked, ForkServer
from .support.evidence import Database, Row, drained, under_way
from .support.ledger import Ledger
from .support.load import Load, items, smsplus_item

SLOTS = 8
FrozenDispatcher = tuple[Stack, tuple[Load, ...], Forked]


def kill_at_random(stack: Stack, dispatchers: list[Forked], kills: int) -> None:
    """kill -9 of one dispatcher after another while calls are in flight; each is started again at once."""
    for _ in range(kills):
        victim = eventually(lambda: at_work(stack, dispatchers), because="a dispatcher is at work")
        eventually(lambda: in_flight(stack), because="calls are in flight")
        time.sleep(random.uniform(0, 0.2))  # any moment of a call's life
        victim.kill()
        victim.start()


def at_work(stack: Stack, dispatchers: list[Forked]) -> Forked | None:
    """A random dispatcher that has started: its heartbeat is stored."""
    alive = {row["pid"] for row in Database(stack.database_url).rows("SELECT pid FROM sms_dispatcher")}
    return random.choice([d for d in dispatchers if d.pid in alive] or [None])


def in_flight(stack: Stack) -> bool:
    return stack.vendors.smsplus.counts()["in_flight"] > 0


def survive_kills(stack: Stack, dispatchers: list[Forked], *, messages: int, kills: int, rate: float) -> Load:
    """Kills under load, which goes on until both counts are reached; every message is accepted."""
    stack.vendors.smsplus.setup(latency=0.05)
    load = Load(stack.port, (smsplus_item() for _ in range(10 * messages)), rate=rate)
    with load.running():
        kill_at_random(stack, dispatchers, kills)
        eventually(lambda: len(load.accepted()) >= messages, timeout=messages / rate * 10)
        load.stop()
    assert {reply.status for reply in load.replies} == {201}
    return load


def freeze(stack: Stack, frozen: Forked) -> Load:
    """SIGSTOP of the only dispatcher while calls of it are in flight."""
    eventually(lambda: not in_flight(stack), because="the calls of those that were killed before are over")
    stack.vendors.smsplus.setup(latency=0.5)
    load = Load(stack.port, items(SLOTS))
    with load.running():
        eventually(lambda: in_flight(stack), because="calls are in flight")
        frozen.pause()
    return load


def test_killed_and_frozen_dispatchers_lose_nothing_and_double_nothing(
    short_leases: Callable[..., Stack], ledger: Ledger
):
    kills = 20
    stack = short_leases(dispatchers=0)
    dispatchers = ForkServer(stack, f"--slots={SLOTS}").dispatchers(3)
    load = survive_kills(stack, dispatchers, messages=600, kills=kills, rate=60)
    *others, frozen_dispatcher = dispatchers
    for other in others:
        other.kill()
    more = freeze(stack, frozen_dispatcher)
    ended = time.monotonic()
    for other in others:
        other.start()
    # Frozen in a transaction, it keeps its rows locked: no other dispatcher settles or sends them before it continues.
    was_parked = eventually(lambda: time.monotonic() - ended > LEASE_AND_SWEEPS or everything_is_parked(stack))
    recovered = time.monotonic() - ended
    frozen_dispatcher.resume()
    drained(stack)
    if was_parked is PARKED:
        eventually(lambda: late_answers(stack), because="the frozen dispatcher's answers come too late")
    figures = invariants.check(stack, load, more)
    assert 0 < figures.unconfirmed <= (kills + 3) * SLOTS
    ledger.note("dispatcher killed or frozen, a few times", figures, runs=kills + 3, recovered=recovered)


@pytest.mark.faults
def test_two_hundred_killed_dispatchers_lose_nothing_and_double_nothing(
    short_leases: Callable[..., Stack], ledger: Ledger
):
    kills, messages, rate = (200, 9_000, 60) if ledger.database == "PostgreSQL" else (60, 1_500, 30)
    stack = short_leases(dispatchers=0)
    dispatchers = ForkServer(stack, f"--slots={SLOTS}").dispatchers(4)
    load = survive_kills(stack, dispatchers, messages=messages, kills=kills, rate=rate)
    ended = time.monotonic()
    drained(stack, timeout=300)
    figures = invariants.check(stack, load)
    assert figures.messages >= messages
    assert 0 < figures.unconfirmed <= kills * SLOTS
    ledger.note("dispatcher killed (kill -9)", figures, runs=kills, recovered=time.monotonic() - ended)


@pytest.fixture
def frozen_dispatcher(stacks: Callable[..., Stack], durable_postgres: Postgres) -> Callable[[str], FrozenDispatcher]:
    """A dispatcher that was frozen while the server executed its claim; the server has done its part since.

    It has claimed before, so that its statement is prepared: the server would only parse the first one.
    """

    def freeze_amid_a_claim(provisioning: str) -> FrozenDispatcher:
        stack = stacks(provisioning=provisioning, server=durable_postgres, dispatchers=0)
        database = Database(stack.database_url)
        [frozen] = ForkServer(stack, f"--slots={SLOTS}").dispatchers(1)
        first = Load(stack.port, items(1)).run()
        drained(stack)
        frozen.pause()
        loads = (first, Load(stack.port, items(SLOTS)).run())
        with database.writes_locked():
            frozen.resume()
            eventually(lambda: database.rows(CLAIM_WAITS), because="its claim waits at the table's lock")
            frozen.pause()
        eventually(lambda: not database.rows(CLAIM_WAITS), because="the claim is done")
        return stack, loads, frozen

    return freeze_amid_a_claim


@pytest.mark.faults
def test_a_dispatcher_frozen_amid_a_claim_keeps_no_row_locked(
    frozen_dispatcher: Callable[[str], FrozenDispatcher], ledger: Ledger
):
    stack, loads, frozen = frozen_dispatcher(SHORT_TIMEOUT)
    began, database = time.monotonic(), Database(stack.database_url)
    assert not database.rows(CLAIM_IS_OPEN)
    claimed = database.counts()["sending"]
    assert 0 < claimed <= SLOTS
    stack.add_dispatcher()
    eventually(lambda: under_way(database) == 0, timeout=60, because="its leases are over, and its messages parked")
    recovered = time.monotonic() - began
    frozen.resume()
    eventually(lambda: len(late_answers(stack)) == claimed, because="it says too late that it sent none of them")
    figures = invariants.check(stack, *loads)
    assert figures.unconfirmed == claimed
    ledger.note("dispatcher frozen amid a claim", figures, recovered=recovered, database="PostgreSQL")


@pytest.mark.faults
def test_a_dispatcher_frozen_amid_a_transaction_lets_go_of_its_rows(
    frozen_dispatcher: Callable[[str], FrozenDispatcher], ledger: Ledger
):
    """Where dispatchers share a limit, a claim has a transaction: the server ends it after ten seconds."""
    stack, loads, frozen = frozen_dispatcher(
        SHORT_TIMEOUT.replace("timeout = 1", f"timeout = 1\nmax_in_flight = {SLOTS}")
    )
    began, database = time.monotonic(), Database(stack.database_url)
    assert database.rows(CLAIM_IS_OPEN)
    stack.add_dispatcher()
    eventually(lambda: under_way(database) == 0, timeout=60, because="its rows are free, and sent by the other")
    recovered = time.monotonic() - began
    frozen.resume()
    drained(stack)
    figures = invariants.check(stack, *loads)
    assert figures.unconfirmed == 0
    ledger.note("dispatcher frozen amid a transaction", figures, recovered=recovered, database="PostgreSQL")


A_CLAIM = """SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND query LIKE '%WITH due AS%' AND """
CLAIM_WAITS = A_CLAIM + "state = 'active'"
CLAIM_IS_OPEN = A_CLAIM + "state = 'idle in transaction'"
PARKED = "parked"
LEASE_AND_SWEEPS = 16 + 2 * 5  # seconds


def everything_is_parked(stack: Stack) -> str:
    return PARKED if under_way(Database(stack.database_url)) == 0 else ""


def late_answers(stack: Stack) -> list[Row]:
    return [row for row in Database(stack.database_url).events() if row["kind"] == "late_answer"]


@pytest.mark.faults
def test_a_dispatcher_that_is_asked_to_end_finishes_its_calls(short_leases: Callable[..., Stack], ledger: Ledger):
    stack = short_leases(slots=SLOTS)
    stack.vendors.smsplus.setup(latency=0.3)
    [asked] = stack.dispatchers
    load = Load(stack.port, items(60), rate=40)
    with load.running():
        eventually(lambda: in_flight(stack), because="calls are in flight")
        assert asked.stop(signal.SIGTERM) == 0
        assert Database(stack.database_url).counts()["sending"] == 0
        stack.add_dispatcher()
    drained(stack)
    figures = invariants.check(stack, load)
    assert figures.unconfirmed == 0
    ledger.note("dispatcher asked to end (SIGTERM) with calls in flight", figures)
