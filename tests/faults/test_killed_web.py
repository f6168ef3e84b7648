"""Web processes die: what was answered 201 is stored, and a call with a repeated request id adds no second message."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.support import processes
from tests.support.postgres import Postgres, children_of
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.evidence import Database, drained
from .support.ledger import Ledger
from .support.load import Caller, Item, Load, Reply, smsplus_item


def workers(stack: Stack) -> list[int]:
    return children_of(stack.web.pid)


def kill_a_worker(stack: Stack) -> None:
    victim = random.choice(eventually(lambda: workers(stack), because="gunicorn has workers"))
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)


def load_on(stack: Stack) -> Load:
    return Load(stack.port, (smsplus_item() for _ in range(3000)), rate=40, tries=200, pause=0.1)


def goes_on(load: Load, messages: int = 40) -> None:
    before = len(load.accepted())
    eventually(lambda: len(load.accepted()) >= before + messages, because="messages are accepted")


def test_killed_web_workers_lose_nothing_and_double_nothing(stacks: Callable[..., Stack], ledger: Ledger):
    kills = 6
    stack = stacks()
    load = load_on(stack)
    with load.running():
        goes_on(load)
        for _ in range(kills):
            time.sleep(random.uniform(0, 0.3))  # any moment of a request's life
            kill_a_worker(stack)
        goes_on(load)
        load.stop()
    killed_before_the_commit(stack)
    drained(stack)
    assert any(reply.status is None for reply in load.replies), "no kill hit a request"
    figures = invariants.check(stack, load)
    assert figures.unconfirmed == 0
    ledger.note("web worker killed", figures, runs=kills + 2)


@pytest.mark.faults
def test_a_killed_gunicorn_master_loses_nothing_and_doubles_nothing(stacks: Callable[..., Stack], ledger: Ledger):
    stack = stacks()
    load = load_on(stack)
    with load.running():
        goes_on(load)
        kill_the_master(stack)
        goes_on(load)
        load.stop()
    drained(stack)
    assert any(reply.status is None for reply in load.replies), "the kill hit no request"
    figures = invariants.check(stack, load)
    assert figures.unconfirmed == 0
    ledger.note("gunicorn's master killed", figures)


@pytest.mark.faults
def test_a_worker_killed_between_the_commit_and_the_answer_stores_the_message_once(
    stacks: Callable[..., Stack], durable_postgres: Postgres, ledger: Ledger
):
    stack = stacks(server=durable_postgres)
    serve_without_prepared_statements(stack)
    database = Database(stack.database_url)
    load = Load(stack.port, [smsplus_item()], tries=200, pause=0.1)
    with load.running():
        with database.writes_locked():
            eventually(lambda: database.rows(INSERT_WAITS), because="the request waits at the table's lock")
            [worker] = workers(stack)
            os.kill(worker, signal.SIGSTOP)
        eventually(lambda: len(database.messages()) == 1, because="the server commits, and the worker knows nothing")
        assert load.replies == []
        os.kill(worker, signal.SIGKILL)
    assert load.replies[0].status is None
    assert len(load.accepted()) == 1
    drained(stack)
    figures = invariants.check(stack, load)
    assert (figures.messages, figures.unconfirmed) == (1, 0)
    ledger.note("web worker killed between commit and answer", figures, database="PostgreSQL")


def serve_without_prepared_statements(stack: Stack) -> None:
    """Restart the web side with one worker whose INSERT waits as a whole: of a prepared one only the parsing would."""
    stack.web.send(signal.SIGTERM)
    stack.web.wait()
    environment = {**stack.environment, "DATABASE_URL": f"{stack.database_url}?DISABLE_SERVER_SIDE_CURSORS=true"}
    stack.web = stack.keep(processes.web(stack.port, ["-w", "1"], environment, stack.folder, name="web-unprepared"))
    stack.start_web()


INSERT_WAITS = """SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
AND query LIKE 'INSERT INTO sms_message %'"""


def kill_the_master(stack: Stack) -> None:
    """Kill gunicorn's master. Its workers notice and end; then it is started again on the same port."""
    orphans = workers(stack)
    stack.web.send(signal.SIGKILL)
    eventually(lambda: not any(os.path.exists(f"/proc/{orphan}") for orphan in orphans), because="the workers end")
    stack.web.wait()
    stack.start_web()


def killed_before_the_commit(stack: Stack) -> None:
    """All workers die while a request waits for a lock to store its message; the caller's repeat is stored once."""
    item, replies = smsplus_item(), []
    with Database(stack.database_url).writes_locked():
        caller = threading.Thread(target=lambda: replies.append(send(stack, item)))
        caller.start()
        time.sleep(0.5)  # the request is on its way to the lock; if it is not there yet, no harm is done
        for worker in workers(stack):
            os.kill(worker, signal.SIGKILL)
        caller.join()
    assert [reply.status for reply in replies] == [None]
    last = eventually(lambda: accepted(stack, item), because="the repeat is accepted")
    rows = Database(stack.database_url).rows("SELECT request_id FROM sms_message")
    assert [row["request_id"] for row in rows].count(last.item.request_id) == 1


def send(stack: Stack, item: Item) -> Reply:
    with Caller(stack.port) as caller:
        return caller.send(item)


def accepted(stack: Stack, item: Item) -> Reply | None:
    reply = send(stack, item)
    return reply if reply.status == 201 else None
