"""PostgreSQL fails under load: callers get 503 or a broken connection, never a wrong answer, and nothing is lost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.support.postgres import MAX_CONNECTIONS, Postgres
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.evidence import drained
from .support.ledger import Ledger
from .support.load import Load, smsplus_item

RECOVERY_SECONDS = 5.0


def load_on(stack: Stack, messages: int = 3000, rate: float = 60) -> Load:
    return Load(stack.port, (smsplus_item() for _ in range(messages)), rate=rate, tries=100, pause=0.2)


def first_accepted_since(load: Load, moment: float) -> float:
    """Seconds from the moment to the end of the first call that began after it and was accepted."""
    return eventually(lambda: [r.at for r in load.accepted() if r.began > moment])[0] - moment


def only_503s(load: Load) -> None:
    assert {reply.status for reply in load.refused()} <= {503}


def test_postgresql_restarted_at_once_under_load(
    stacks: Callable[..., Stack], durable_postgres: Postgres, ledger: Ledger
):
    restarts, recovered = 2, []
    stack = stacks(server=durable_postgres, dispatchers=2, slots=8)
    load = load_on(stack)
    with load.running():
        eventually(lambda: stack.vendors.smsplus.counts()["accepted"] >= 20, because="dispatchers are at work")
        for round in range(1, restarts + 1):
            eventually(lambda: len(load.accepted()) >= 100 * round)  # noqa: B023
            durable_postgres.restart_immediate()
            recovered.append(first_accepted_since(load, time.monotonic()))
        load.stop()
    drained(stack)
    only_503s(load)
    figures = invariants.check(stack, load)
    assert max(recovered) < RECOVERY_SECONDS
    ledger.note(
        "PostgreSQL restarted at once (-m immediate)",
        figures,
        runs=restarts,
        recovered=max(recovered),
        database="PostgreSQL",
    )


TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def database_name(stack: Stack) -> str:
    return stack.database_url.rpartition("/")[2]


@contextlib.contextmanager
def connections_exhausted(stack: Stack, server: Postgres) -> Iterator[None]:
    """The test holds all connections: the product's are ended, and opened by the test before the product can."""
    with contextlib.ExitStack() as ours:
        first = ours.enter_context(psycopg.connect(server.url, autocommit=True))
        taken, tries = 1, 0
        while taken < MAX_CONNECTIONS:
            assert (tries := tries + 1) < 10 * MAX_CONNECTIONS
            try:
                ours.enter_context(psycopg.connect(server.url))
                taken += 1
            except psycopg.OperationalError:
                first.execute(TERMINATE, [database_name(stack)])
        yield


@contextlib.contextmanager
def read_only(stack: Stack, server: Postgres) -> Iterator[None]:
    """The database refuses writes, as a replica does, or as an operator configures it when the disk is full."""
    name = database_name(stack)
    with server.connection() as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')  # type: ignore[arg-type]
        connection.execute(TERMINATE, [name])
        yield
        connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')  # type: ignore[arg-type]
        connection.execute(TERMINATE, [name])


@pytest.mark.faults
@pytest.mark.parametrize("fault", [connections_exhausted, read_only])
def test_postgresql_that_takes_no_message_for_a_while(
    stacks: Callable[..., Stack],
    durable_postgres: Postgres,
    ledger: Ledger,
    fault: Callable[[Stack, Postgres], contextlib.AbstractContextManager[None]],
):
    stack = stacks(server=durable_postgres, slots=8)
    load = load_on(stack, rate=40)
    with load.running():
        eventually(lambda: len(load.accepted()) >= 50)
        with fault(stack, durable_postgres):
            eventually(lambda: len(load.refused()) >= 20, because="calls are refused")
        recovered = first_accepted_since(load, time.monotonic())
        load.stop()
    drained(stack)
    only_503s(load)
    figures = invariants.check(stack, load)
    assert recovered < RECOVERY_SECONDS
    words = "connections exhausted" if fault is connections_exhausted else "read-only"
    ledger.note(f"PostgreSQL: {words}", figures, recovered=recovered, database="PostgreSQL")
