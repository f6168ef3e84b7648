"""Each fault of a call at each vendor, and the message's state after it."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from providers import connection
from providers.http import Client
from sms.domain import lifecycle
from sms.models import Message
from sms.services.configuration import network_policy
from sms.services.database import clock
from tests.simulators import Vendors
from tests.support.ports import free_port

from .support.shop import BACKUPS, MAKE, SLUGS, Shop, outcomes, took

BACK_OFF = 3600
"""Seconds, so that nothing is due again while a test runs, however slow the machine is."""
every_vendor = pytest.mark.parametrize("vendor", sorted(SLUGS))


@pytest.fixture
def shop(db: None, vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(lifecycle, "backoff", lambda *_, **__: float(BACK_OFF))
    return Shop(vendors)


# --- it surely did not leave ------------------------------------------------------------------------


@contextmanager
def no_such_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    genuine = socket.getaddrinfo

    def look_up(host: Any, *more: Any, **named: Any) -> Any:
        if host == "vendor.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return genuine(host, *more, **named)

    monkeypatch.setattr(connection.socket, "getaddrinfo", look_up)
    yield "http://vendor.example"


@contextmanager
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield f"http://127.0.0.1:{free_port()}"


@contextmanager
def never_connects(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A port whose queue of connections is full."""
    monkeypatch.setattr(network_policy, "Client", partial(Client, connect_timeout=0.3))
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def no_tls(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """https at a port that speaks plain HTTP."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


UNREACHABLE = {
    "DNS failure": (no_such_host, "dns"),
    "connection refused": (nobody_listens, "refused"),
    "connect timeout": (never_connects, "connect_timeout"),
    "TLS failure": (no_tls, "tls"),
}


@every_vendor
@pytest.mark.parametrize("fault", UNREACHABLE)
def test_what_could_not_leave_waits_and_then_goes_to_the_next_provider(
    shop: Shop, vendor: str, fault: str, monkeypatch: pytest.MonkeyPatch
):
    unreachable, code = UNREACHABLE[fault]
    item = MAKE[vendor]()
    with unreachable(monkeypatch) as address:
        shop.move(vendor, address)
        message = shop.accept(item)
        shop.work()
        message.refresh_from_db()
        assert outcomes(message) == [(vendor, "unavailable")]
        assert message.attempts.get().code == code
        assert message.status == "queued"
        assert message.due_at <= clock.now() + timedelta(seconds=BACK_OFF)
        shop.make_due(message)
        shop.work()
    message.refresh_from_db()
    assert outcomes(message) == [(vendor, "unavailable")] * 2 + [(BACKUPS[vendor], "accepted")]
    assert message.status == "submitted"
    assert took(shop.vendor(BACKUPS[vendor]), item) == 1


# --- nobody knows -----------------------------------------------------------------------------------

DOUBTFUL: dict[str, dict[str, Any]] = {
    "silence before it reads": {"fault": "hang", "accepted": False},
    "silence after it accepted": {"fault": "hang", "accepted": True},
    "reset before it accepts": {"fault": "reset", "accepted": False},
    "reset after it accepted": {"fault": "reset", "accepted": True},
    "closed without a byte": {"fault": "close", "accepted": True},
    "half the headers": {"fault": "half_headers"},
    "half the body": {"fault": "half_body"},
    "an answer that drips": {"fault": "drip"},
    "an answer without end": {"fault": "oversize"},
    "a compressed bomb": {"fault": "gzip_bomb", "accepted": True},
    "half a gzip": {"fault": "encoded", "coding": "half_gzip"},
    "JSON cut short": {"fault": "invalid_json"},
    "JSON of another shape": {"fault": "answer", "accepted": True, "json": ["what", "is", "this"]},
    "half a surrogate pair": {"fault": "answer", "accepted": True, "body": '{"message": "\\ud800\\u0000", "x": 1}'},
    "HTML at 200": {"fault": "html", "accepted": True},
    "HTML at 502": {"fault": "html", "status": 502, "accepted": True},
    "HTTP 408": {"fault": "status", "status": 408},
    "HTTP 500": {"fault": "status", "status": 500},
    "HTTP 503": {"fault": "status", "status": 503, "accepted": True},
}


@pytest.mark.parametrize("fault", DOUBTFUL)
def test_what_may_have_left_is_unconfirmed_and_never_sent_again(shop: Shop, fault: str):
    items = {vendor: MAKE[vendor]() for vendor in SLUGS}
    messages = {vendor: shop.accept(item) for vendor, item in items.items()}
    for vendor in SLUGS:
        shop.vendor(vendor).faults(DOUBTFUL[fault])
    shop.work()
    for vendor, message in messages.items():
        message.refresh_from_db()
        assert (message.status, outcomes(message)) == ("unconfirmed", [(vendor, "unconfirmed")])
    Message.objects.update(due_at=clock.now())
    shop.work()
    for vendor, item in items.items():
        assert took(shop.vendor(vendor), item) == 1
        assert took(shop.vendor(BACKUPS[vendor]), item) == 0


# --- too many calls ---------------------------------------------------------------------------------

RETRY_AFTER = {"120": 120, "garbage": BACK_OFF, "none": BACK_OFF, "huge": 300, "-5": BACK_OFF}
"""The header of a 429, and the seconds after which the message is due again."""


@pytest.mark.parametrize("header", RETRY_AFTER)
def test_a_429_is_waited_out(shop: Shop, header: str, monkeypatch: pytest.MonkeyPatch):
    if RETRY_AFTER[header] != BACK_OFF:
        monkeypatch.setattr(lifecycle, "backoff", lambda *_, **__: 0.0)
    messages = {vendor: shop.accept(MAKE[vendor]()) for vendor in SLUGS}
    before = clock.now()
    for vendor in SLUGS:
        shop.vendor(vendor).fault("too_many", retry_after=header)
    shop.work()
    after = clock.now()
    delay = timedelta(seconds=RETRY_AFTER[header])
    for vendor, message in messages.items():
        message.refresh_from_db()
        assert (message.status, outcomes(message)) == ("queued", [(vendor, "unavailable")])
        assert before + delay <= message.due_at <= after + delay


# --- every documented refusal ---------------------------------------------------------------------------

CLASSES: dict[str, dict[str, str]] = {
    "smsplus": {
        **dict.fromkeys(["101", "102", "103", "104", "105", "106"], "account"),
        **dict.fromkeys([*map(str, range(107, 119)), "123"], "config"),
        "119": "balance",
        "120": "content",
        "121": "recipient",
        "122": "ambiguous",
    },
    "accolades": {
        "400": "content",
        "401": "account",
        "403.6": "account",
        "404": "account",
        "413": "content",
        "500": "ambiguous",
    },
    "etelecom": {
        "-1": "recipient",
        "-2": "content",
        "-3": "balance",
        "-6": "config",
        "-8": "config",
        "-9": "config",
    },
}
"""The tables of the vendors' documents, as our classes of failure."""
OUTCOME = {
    **dict.fromkeys(["account", "balance", "config"], "misconfigured"),
    **dict.fromkeys(["recipient", "content"], "refused"),
    "ambiguous": "unconfirmed",
}


@every_vendor
def test_every_documented_refusal_has_its_consequence(shop: Shop, vendor: str):
    for code, failure in CLASSES[vendor].items():
        with transaction.atomic():
            refused(shop, vendor, code, failure)
            transaction.set_rollback(True)


def refused(shop: Shop, vendor: str, code: str, failure: str) -> None:
    item = MAKE[vendor]()
    message = shop.accept(item)
    shop.vendor(vendor).fault("code", code=code)
    shop.work()
    message.refresh_from_db()
    first = (vendor, OUTCOME[failure])
    assert message.attempts.order_by("number")[0].failure == failure, code
    assert shop.state(vendor).breaker == ("open" if failure in ("account", "balance") else "closed")
    if failure == "ambiguous":
        assert (message.status, outcomes(message)) == ("unconfirmed", [first])
    else:
        assert (message.status, outcomes(message)) == ("submitted", [first, (BACKUPS[vendor], "accepted")])
        assert took(shop.vendor(BACKUPS[vendor]), item) == 1


STATUSES = {
    301: "account",
    302: "account",
    400: "content",
    401: "account",
    403: "account",
    404: "config",
    405: "config",
    410: "content",
    413: "content",
}
OWN_STATUSES = {("accolades", 404): "account"}  # its account number stands in the path


@every_vendor
def test_every_bare_status_has_its_consequence(shop: Shop, vendor: str):
    for status, failure in STATUSES.items():
        with transaction.atomic():
            answered(shop, vendor, status, OWN_STATUSES.get((vendor, status), failure))
            transaction.set_rollback(True)


def answered(shop: Shop, vendor: str, status: int, failure: str) -> None:
    message = shop.accept(MAKE[vendor]())
    shop.vendor(vendor).fault("redirect" if status < 400 else "status", status=status)
    shop.work()
    message.refresh_from_db()
    assert message.attempts.order_by("number")[0].failure == failure, status
    assert message.status == "submitted"
    assert outcomes(message)[-1] == (BACKUPS[vendor], "accepted")
