"""Which threads a request is handed to, and what happens past the bound of the staff's queue."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from waitress.adjustments import Adjustments

from config.server.http_request import RequestParser
from config.server.thread_pools import STAFF_QUEUE, ThreadPools
from sms.domain.codes import Refusal
from sms.services.configuration import snapshot
from tests.sms.cast import basic

CLIENT_QUEUE = 5


@pytest.fixture
def pools() -> ThreadPools:
    """Without threads: what is queued stays there."""
    pools = ThreadPools(0, client_queue=CLIENT_QUEUE)
    pools.staff.set_thread_count(0)
    pools.staff.add_task = pools.staff.queue.append
    pools.api.add_task = pools.api.queue.append
    return pools


def connection(target: str, authorization: str = "") -> Any:
    parser = RequestParser(Adjustments())
    header = f"Authorization: {authorization}\r\n" if authorization else ""
    parser.received(f"GET {target} HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode())
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


@pytest.fixture
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "cached", lambda: SimpleNamespace(clients={"alpha": 1, "beta": 2}))


def queued(pools: ThreadPools, **headers: str) -> Any:
    made = connection("/send-sms", **headers)
    pools.add_task(made)
    return made


def served(pools: ThreadPools) -> list[Any]:
    return [pools.api.queue.popleft() for _ in range(len(pools.api.queue))]


@pytest.mark.usefixtures("_clients")
def test_clients_take_turns_and_each_ones_calls_stay_in_order(pools: ThreadPools) -> None:
    alphas = [queued(pools, authorization=basic("alpha")) for _ in range(4)]
    betas = [queued(pools, authorization=basic("beta")) for _ in range(2)]
    callback = queued(pools)
    assert served(pools) == [alphas[0], betas[0], callback, alphas[1], betas[1], alphas[2], alphas[3]]


@pytest.mark.usefixtures("_clients")
@pytest.mark.parametrize(
    "given", ["", "Bearer x", "Basic ?", basic("unknown"), basic("Alpha"), basic("\x00"), "x" * 2000]
)
def test_names_of_no_client_take_one_turn_together(pools: ThreadPools, given: str) -> None:
    """So no number of made-up names delays a client."""
    strangers = [queued(pools, authorization=given) for _ in range(2)] + [queued(pools, authorization=basic("other"))]
    genuine = [queued(pools, authorization=basic("alpha")) for _ in range(2)]
    assert served(pools) == [strangers[0], genuine[0], strangers[1], genuine[1], strangers[2]]


@pytest.mark.usefixtures("_clients")
def test_a_clients_calls_past_its_bound_are_503_and_nobody_elses(pools: ThreadPools) -> None:
    waiting = [queued(pools, authorization=basic("alpha")) for _ in range(CLIENT_QUEUE)]
    refused = queued(pools, authorization=basic("alpha"))
    others = [queued(pools, authorization=basic("beta"))] + [queued(pools) for _ in range(CLIENT_QUEUE + 1)]
    error = refused.requests[0].error
    assert isinstance(error, Refusal)
    assert (error.code.status, error.retry_after) == (503, 2)
    assert [each.requests[0].error for each in waiting + others] == [None] * (2 * CLIENT_QUEUE + 2)
    assert served(pools)[:2] == [waiting[0], refused]
    assert queued(pools, authorization=basic("alpha")).requests[0].error is None


def test_before_the_configuration_was_read_all_callers_are_one(
    pools: ThreadPools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "cached", lambda: None)
    first = [queued(pools, authorization=basic("alpha")) for _ in range(2)]
    assert [*first, queued(pools, authorization=basic("beta"))] == served(pools)


def test_what_can_not_be_read_needs_no_thread_of_the_staff(pools: ThreadPools) -> None:
    broken = RequestParser(Adjustments())
    broken.received(b"GET /admin/ HTTP/9.9\r\n\r\n")
    pools.add_task(SimpleNamespace(requests=[broken]))
    assert len(pools.api.queue) == 1
