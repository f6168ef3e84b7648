"""A stack of real processes: it carries a message, survives its signals, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psycopg
import pytest

from tests.support.databases import is_postgresql
from tests.support.stack import ONE_WORKER, Stack
from tests.support.waiting import eventually

OTP = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."
NUMBER = "+994501234567"


@pytest.fixture
def stack(stacks: Callable[..., Stack]) -> Stack:
    """Everything as real processes, with the shop of shop.toml."""
    return stacks(web_words=ONE_WORKER)


def statuses(stack: Stack) -> list[str]:
    return [message["status"] for message in stack.messages()]


def test_a_message_goes_from_the_call_to_the_vendor(stack):
    reply = stack.send_sms(NUMBER, OTP, x_akinon_request_id="request-1")
    assert (reply.status, reply.body, reply.headers["x-akinon-request-id"]) == (201, b"", "request-1")
    eventually(lambda: statuses(stack) == ["submitted"])
    [seen] = stack.vendors.smsplus.calls()
    assert (seen.accepted, seen.violations, seen.fields["first_parameters"]) == (True, [], ["004217"])


@pytest.mark.any_database
def test_registered_webhooks_reach_the_product(stack):
    stack.register_webhooks()
    stack.send_sms("+84901234567", "Ma xac nhan cua ban la 004217.")
    eventually(lambda: statuses(stack) == ["delivered"])
    assert [delivery["status"] for delivery in stack.vendors.etelecom.deliveries()] == [200]


def test_killed_processes_come_back_to_their_database(stack):
    stack.vendors.smsplus.fault("hang", accepted=False)
    stack.send_sms(NUMBER, OTP)
    eventually(lambda: stack.vendors.smsplus.calls())
    stack.web.kill()
    [dispatcher] = stack.dispatchers
    dispatcher.kill()
    stack.start_web()
    assert statuses(stack) == ["sending"]


def test_the_dispatcher_finishes_its_calls_and_ends_with_0(stack):
    stack.vendors.smsplus.fault("none", delay=0.5)
    stack.send_sms(NUMBER, OTP)
    eventually(lambda: stack.vendors.smsplus.counts()["in_flight"] == 1)
    [dispatcher] = stack.dispatchers
    assert dispatcher.stop(signal.SIGTERM) == 0
    assert statuses(stack) == ["submitted"]


def test_stacks_share_nothing_and_leave_nothing_behind(stacks: Callable[..., Stack]):
    one, two = (stacks(dispatchers=0, web_words=ONE_WORKER) for _ in range(2))
    one.send_sms(NUMBER, OTP)
    assert (len(one.messages()), len(two.messages())) == (1, 0)
    one.close()
    assert not any(process.is_running for process in one.processes)
    if is_postgresql(one.database_url):
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(one.database_url)
    assert two.messages() == []


@pytest.mark.any_database
def test_killed_web_workers_are_replaced(stacks: Callable[..., Stack]):
    stack = stacks(web_words=("-w", "2"))
    workers = stack.web.children()
    assert len(workers) == 2
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: len(set(stack.web.children()) - set(workers)) == 2, because="two new workers")
    eventually(lambda: stack.send_sms(NUMBER, OTP).status == 201)


def test_a_postgresql_may_be_killed_under_a_stack(stacks, durable_postgres):
    stack = stacks(server=durable_postgres, web_words=ONE_WORKER)
    stack.send_sms(NUMBER, OTP)
    eventually(lambda: statuses(stack) == ["submitted"])
    durable_postgres.kill()
    refused = stack.send_sms(NUMBER, OTP)
    assert (refused.status, refused.json["errors"][0]["code"]) == (503, "unavailable")
    durable_postgres.start()
    eventually(lambda: stack.send_sms(NUMBER, OTP).status == 201)
    eventually(lambda: statuses(stack) == ["submitted", "submitted"])
