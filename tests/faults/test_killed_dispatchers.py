"""Dispatchers die at any moment: nothing is lost, nothing goes out twice, at most the slots are left in doubt."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.support.postgres import Postgres
from tests.support.stack import Stack
from tests.support.waiting import eventually

from . import invariants
from .evidence import Database, Row, drained, under_way
from .ledger import Ledger
from .load import Load, items, smsplus_item
from .nursery import Forked, Nursery

SLOTS = 8


def kill_at_random(stack: Stack, dispatchers: list[Forked], kills: int) -> None:
    """kill -9 of one dispatcher after another while calls are in flight; each is started again at once."""
    for _ in range(kills):
        victim = eventually(lambda: at_work(stack, dispatchers), because="a dispatcher is at work")
        eventually(lambda: in_flight(stack), because="calls are in flight")
        time.sleep(random.uniform(0, 0.2))  # any moment of a call's life
        victim.kill()
        victim.start()


def at_work(stack: Stack, dispatchers: list[Forked]) -> Forked | None:
    """A random dispatcher that is past its start: it has said that it lives."""
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
    dispatchers = Nursery(stack, f"--slots={SLOTS}").dispatchers(3)
    load = survive_kills(stack, dispatchers, messages=600, kills=kills, rate=60)
    *others, zombie = dispatchers
    for other in others:
        other.kill()
    more = freeze(stack, zombie)
    ended = time.monotonic()
    for other in others:
        other.start()
    # Frozen in the midst of a transaction, it keeps its rows locked: nobody parks or sends those before it wakes up.
    was_parked = eventually(lambda: time.monotonic() - ended > LEASE_AND_SWEEPS or everything_is_parked(stack))
    recovered = time.monotonic() - ended
    zombie.resume()
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
    dispatchers = Nursery(stack, f"--slots={SLOTS}").dispatchers(4)
    load = survive_kills(stack, dispatchers, messages=messages, kills=kills, rate=rate)
    ended = time.monotonic()
    drained(stack, timeout=300)
    figures = invariants.check(stack, load)
    assert figures.messages >= messages
    assert 0 < figures.unconfirmed <= kills * SLOTS
    ledger.note("dispatcher killed (kill -9)", figures, runs=kills, recovered=time.monotonic() - ended)


@pytest.mark.faults
def test_a_dispatcher_frozen_amid_a_transaction_lets_go_of_its_rows(
    short_leases: Callable[..., Stack], durable_postgres: Postgres, ledger: Ledger
):
    stack = short_leases(server=durable_postgres, dispatchers=0)
    [zombie] = Nursery(stack, f"--slots={SLOTS}").dispatchers(1)
    stack.vendors.smsplus.setup(latency=0.5)
    load = Load(stack.port, items(SLOTS))
    database = Database(stack.database_url)
    with load.running():
        eventually(lambda: in_flight(stack), because="calls are in flight")
        with database.writes_locked():
            eventually(lambda: database.rows(WAITS_FOR_A_LOCK), because="its transaction waits at the table's lock")
            zombie.pause()
        frozen = time.monotonic()
        # Before the callers are waited for: the server ends such a transaction after ten seconds.
        eventually(lambda: database.rows(SILENT), because="the transaction is open, and its owner says nothing")
    stack.add_dispatcher()
    eventually(lambda: under_way(database) == 0, timeout=60, because="its rows are free, and parked")
    recovered = time.monotonic() - frozen
    zombie.resume()
    drained(stack)
    figures = invariants.check(stack, load)
    assert 0 < figures.unconfirmed <= SLOTS
    ledger.note("dispatcher frozen amid a transaction", figures, recovered=recovered, database="PostgreSQL")


OF_A_DISPATCHER = """SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND query LIKE '%sms_message%' AND query NOT LIKE '%INSERT%' AND """
WAITS_FOR_A_LOCK = OF_A_DISPATCHER + "wait_event_type = 'Lock'"
SILENT = OF_A_DISPATCHER + "state = 'idle in transaction'"
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
