"""A new version takes over while traffic runs: a migration first, then one process after the other."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.support.stack import Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.evidence import Database, drained
from .support.ledger import Ledger
from .support.load import Load, smsplus_item
from .test_killed_web import workers

EXPAND = (
    "ALTER TABLE sms_message ADD COLUMN of_the_next_version varchar(20) NULL",
    "CREATE INDEX of_the_next_version ON sms_message (of_the_next_version)",
)
"""What a migration of the next version does first, as our rule has it: a new column without a default, an index."""


@pytest.mark.faults
def test_a_migration_and_rolling_restarts_under_load_lose_nothing_and_say_no_5xx(
    short_leases: Callable[..., Stack], ledger: Ledger
):
    stack = short_leases(dispatchers=2, slots=8)
    stack.vendors.smsplus.setup(latency=0.05)
    load = Load(stack.port, (smsplus_item() for _ in range(3000)), rate=40, tries=20)
    with load.running():
        goes_on(load)
        for statement in EXPAND:
            Database(stack.database_url).rows(statement)
        goes_on(load)  # the old version works on the new tables
        reload_web(stack)
        goes_on(load)
        for dispatcher in stack.dispatchers:
            assert dispatcher.stop(signal.SIGTERM) == 0
            dispatcher.start()
            goes_on(load)
        load.stop()
    drained(stack)
    assert load.refused() == []
    figures = invariants.check(stack, load)
    assert figures.unconfirmed == 0
    ledger.note("migration and rolling restarts of web and dispatchers", figures, runs=4)


def goes_on(load: Load, messages: int = 40) -> None:
    before = len(load.accepted())
    eventually(lambda: len(load.accepted()) >= before + messages, because="messages are accepted")


def reload_web(stack: Stack) -> None:
    """gunicorn's HUP: new workers first, then the old ones end gracefully."""
    old = set(workers(stack))
    stack.web.send(signal.SIGHUP)
    eventually(lambda: len(workers(stack)) == len(old) and not old & set(workers(stack)), because="workers are new")
