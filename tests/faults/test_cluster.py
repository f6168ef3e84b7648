"""Two web servers, four dispatchers, a primary that dies and a standby that takes over."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support import processes
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.processes import http_status
from tests.support.stack import Stack
from tests.support.standby import Standby, both
from tests.support.waiting import eventually

from .support import invariants
from .support.cluster import ForkServer
from .support.evidence import drained
from .support.ledger import Ledger
from .support.load import Load, smsplus_item

ACCEPTS_AGAIN_SECONDS = 15.0
SLOTS = 8
MESSAGES_BEFORE = 300
LAG = 50


@pytest.fixture
def standby(durable_postgres: Postgres) -> Iterator[Standby]:
    with Standby(durable_postgres) as standby:
        eventually(standby.follows, because="the standby follows")
        yield standby


@contextlib.contextmanager
def load_on_both(stack: Stack) -> Iterator[list[Load]]:
    """Two web servers, each under load that repeats what is not answered 201."""
    port = free_port()
    second = stack.keep(processes.web(port, ["-w", "2"], stack.environment, stack.folder, name="web-2"))
    second.start(lambda: http_status(port, "/readyz") == 200)
    loads = [
        Load(at, (smsplus_item() for _ in range(5000)), rate=40, tries=200, pause=0.2) for at in (stack.port, port)
    ]
    with loads[0].running(), loads[1].running():
        yield loads
        for load in loads:
            load.stop()


def fail_over(primary: Postgres, standby: Standby, loads: list[Load]) -> float:
    """Kill the primary, promote the standby; returns the seconds until both web servers accepted again."""
    killed = time.monotonic()
    primary.kill()
    standby.promote()
    for load in loads:
        eventually(lambda: [reply for reply in load.accepted() if reply.began > killed])  # noqa: B023
    recovered = time.monotonic() - killed
    before = sum(len(load.accepted()) for load in loads)
    eventually(lambda: sum(len(load.accepted()) for load in loads) >= before + 100, because="it goes on")
    return recovered


def run(
    short_leases: Callable[..., Stack], primary: Postgres, standby: Standby, *, lags: bool = False
) -> tuple[Stack, list[Load], float]:
    stack = short_leases(server=both(primary, standby), dispatchers=0)
    ForkServer(stack, f"--slots={SLOTS}").dispatchers(4)
    stack.vendors.smsplus.setup(latency=0.05)
    with load_on_both(stack) as loads:
        eventually(lambda: stack.vendors.smsplus.counts()["accepted"] >= MESSAGES_BEFORE, timeout=120)
        if lags:
            standby.lose_sight()
            seen = stack.vendors.smsplus.counts()["accepted"]
            eventually(lambda: stack.vendors.smsplus.counts()["accepted"] >= seen + LAG)
        recovered = fail_over(primary, standby, loads)
    return stack, loads, recovered


@pytest.mark.faults
def test_a_failover_to_a_synchronous_standby_loses_nothing(
    short_leases: Callable[..., Stack], durable_postgres: Postgres, standby: Standby, ledger: Ledger
):
    standby.make_synchronous()
    stack, loads, recovered = run(short_leases, durable_postgres, standby)
    drained(stack)
    figures = invariants.check(stack, *loads)
    assert recovered < ACCEPTS_AGAIN_SECONDS
    ledger.note(
        "primary killed (kill -9), synchronous standby promoted", figures, recovered=recovered, database="PostgreSQL"
    )


@pytest.mark.faults
@pytest.mark.parametrize("lags", [False, True])
def test_what_a_failover_to_an_asynchronous_standby_loses_is_written_down(
    short_leases: Callable[..., Stack], durable_postgres: Postgres, standby: Standby, ledger: Ledger, lags: bool
):
    stack, loads, recovered = run(short_leases, durable_postgres, standby, lags=lags)
    drained(stack)
    figures = invariants.count(stack, *loads)
    assert (figures.lost > 0) >= lags, "a standby that lags must lose something, or this test measures nothing"
    words = f"asynchronous standby promoted{f' that lagged by over {LAG} messages' if lags else ''}"
    ledger.note(f"primary killed (kill -9), {words}", figures, recovered=recovered, database="PostgreSQL")
