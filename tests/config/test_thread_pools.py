"""Which threads a request is handed to, and what happens past the bound of the staff's queue."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from waitress.adjustments import Adjustments

from config.http_request import RequestParser
from config.thread_pools import STAFF_QUEUE, ThreadPools
from sms.domain.codes import Refusal


@pytest.fixture
def pools() -> ThreadPools:
    """Without threads: what is queued stays there."""
    pools = ThreadPools(0)
    pools.staff.set_thread_count(0)
    pools.staff.add_task = pools.staff.queue.append
    pools.api.add_task = pools.api.queue.append
    return pools


def connection(target: str) -> Any:
    parser = RequestParser(Adjustments())
    parser.received(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert parser.completed
    return SimpleNamespace(requests=[parser])


STAFF = ["/admin", "/admin/", "/admin/login/?next=/", "//admin/login/", "/%61dmin/", "http://x/admin/", "/static/a.js"]
STAFF += ["/docs", "/docs/", "/schema", "///static/a.js"]
API = [
    "/send-sms",
    "/send-sms/",
    "/",
    "/healthz",
    "/messages?x=/admin/",
    "/webhooks/etelecom/static/",
    "http://x/send-sms",
]


@pytest.mark.parametrize("target", STAFF)
def test_the_admin_static_files_and_documentation_have_threads_of_their_own(pools: ThreadPools, target: str) -> None:
    pools.add_task(connection(target))
    assert (len(pools.staff.queue), len(pools.api.queue)) == (1, 0)


@pytest.mark.parametrize("target", API)
def test_everything_else_is_the_api(pools: ThreadPools, target: str) -> None:
    pools.add_task(connection(target))
    assert (len(pools.staff.queue), len(pools.api.queue)) == (0, 1)


def test_past_the_bound_it_is_503_at_once(pools: ThreadPools) -> None:
    for _ in range(STAFF_QUEUE):
        pools.add_task(connection("/admin/"))
    one_more = connection("/static/a.js")
    pools.add_task(one_more)
    error = one_more.requests[0].error
    assert isinstance(error, Refusal)
    assert (error.code.status, error.retry_after) == (503, 2)
    assert (len(pools.staff.queue), len(pools.api.queue)) == (STAFF_QUEUE, 1)


def test_what_can_not_be_read_needs_no_thread_of_the_staff(pools: ThreadPools) -> None:
    broken = RequestParser(Adjustments())
    broken.received(b"GET /admin/ HTTP/9.9\r\n\r\n")
    pools.add_task(SimpleNamespace(requests=[broken]))
    assert len(pools.api.queue) == 1
