"""The faults that every simulated vendor can play, tried on one of them."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from tests.simulators import Vendors
from tests.simulators.answers import BOMB_SIZE, OVERSIZE
from tests.simulators.callbacks import WRONG_ID
from tests.simulators.client import ControlError
from tests.support.waiting import eventually

from .calls import Reply, call, call_form
from .receiver import Receiver

SEND = "/100200/sms/send"
IMPATIENT_SECONDS = 0.3


def send(vendors: Vendors, reference: str = "a", phone: str = "+40712345678", **more: str) -> Reply:
    values = {"password": "demo-accolades-password", "phoneNumber": phone, "message": "Salut", "messageId": reference}
    return call_form(vendors.accolades, SEND, {**values, **more})


def send_raw(vendors: Vendors, reference: str = "a") -> bytes:
    """Everything that comes back until the vendor closes or says nothing for a while. Raises ConnectionError."""
    body = f"password=demo-accolades-password&phoneNumber=%2B40712345678&message=Salut&messageId={reference}"
    head = f"POST {SEND} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    parts = urlsplit(vendors.accolades.url)
    answer = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=IMPATIENT_SECONDS) as client:
        client.sendall(f"{head}\r\n{body}".encode())
        try:
            while data := client.recv(65536):
                answer += data
        except TimeoutError:
            answer += b"<silence>"
    return answer


def accepted(vendors: Vendors) -> dict[str, int]:
    return vendors.accolades.accepted()


@pytest.mark.parametrize("fault", ["hang", "reset", "close"])
@pytest.mark.parametrize("taken", [True, False], ids=["after accepting", "before accepting"])
def test_a_connection_that_gives_no_byte_may_have_accepted_or_not(vendors, fault, taken):
    vendors.accolades.fault(fault, accepted=taken)
    if fault == "reset":
        with pytest.raises(ConnectionResetError):
            send_raw(vendors)
    else:
        assert send_raw(vendors) == (b"<silence>" if fault == "hang" else b"")
    assert accepted(vendors) == ({"a": 1} if taken else {})
    [seen] = vendors.accolades.calls()
    assert (seen.accepted, seen.fault) == (taken, fault)


def test_a_hanging_call_ends_when_its_client_leaves(vendors):
    vendors.accolades.fault("hang")
    began = time.monotonic()  # the client's patience counts from here: the vendor may see its call a little later
    send_raw(vendors)
    call = eventually(lambda: next((each for each in vendors.accolades.calls() if each.ended), None))
    assert call.ended - began >= IMPATIENT_SECONDS
    assert vendors.accolades.counts()["in_flight"] == 0


def test_a_hanging_call_can_be_released(vendors):
    vendors.accolades.fault("hang")
    errors: list[Exception] = []

    def wait() -> None:
        try:
            send(vendors)
        except (http.client.HTTPException, OSError) as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually(lambda: vendors.accolades.counts()["in_flight"] == 1)
    vendors.accolades.release()
    waiting.join(10)
    assert not waiting.is_alive()
    assert len(errors) == 1


def test_half_of_the_headers_and_half_of_the_body(vendors):
    vendors.accolades.faults({"fault": "half_headers"}, {"fault": "half_body"})
    assert b"\r\n\r\n" not in send_raw(vendors)
    head, _, body = send_raw(vendors).partition(b"\r\n\r\n")
    assert b"Content-Length: 14" in head
    assert body == b'{"type"'
    assert accepted(vendors) == {"a": 2}


def test_a_dripping_answer_is_genuine_byte_by_byte(vendors):
    vendors.accolades.fault("drip", interval=0.001)
    assert send(vendors).json == {"type": "ok"}


def test_oversize_and_bomb(vendors):
    vendors.accolades.faults({"fault": "oversize"}, {"fault": "gzip_bomb"})
    assert len(send(vendors).body) == OVERSIZE + len(b'{"type": "ok"}')
    bomb = send(vendors)
    assert bomb.headers["content-encoding"] == "gzip"
    assert len(bomb.body) < 64 * 1024
    assert len(gzip.decompress(bomb.body)) == BOMB_SIZE


def test_invalid_json_counts_as_accepted(vendors):
    vendors.accolades.fault("invalid_json")
    reply = send(vendors)
    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)
    assert accepted(vendors) == {"a": 1}


def test_html_redirect_and_bare_statuses_are_not_accepted(vendors):
    vendors.accolades.faults(
        {"fault": "html"},
        {"fault": "redirect"},
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 408},
    )
    html, redirect, *others = [send(vendors) for _ in range(4)]
    assert (html.status, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (redirect.status, redirect.headers["location"]) == (302, "/login")
    assert [other.status for other in others] == [500, 408]
    assert accepted(vendors) == {}


def test_too_many_with_each_kind_of_retry_after(vendors):
    for kind in ("seconds", "date", "garbage", "huge", "none", "7"):
        vendors.accolades.fault("too_many", retry_after=kind)
    replies = [send(vendors) for _ in range(6)]
    assert {reply.status for reply in replies} == {429}
    seconds, date, garbage, huge, none, literal = [reply.headers.get("retry-after") for reply in replies]
    assert (seconds, none, literal) == ("2", None, "7")
    assert parsedate_to_datetime(date).timestamp() > 0
    assert not garbage.isdigit()
    assert int(huge) > 10**20


def test_a_scripted_answer_is_exact(vendors):
    vendors.accolades.fault("answer", status=201, json={"type": ["ok"]}, headers={"X-One": "1"}, accepted=True)
    reply = send(vendors)
    assert (reply.status, reply.json, reply.headers["x-one"]) == (201, {"type": ["ok"]}, "1")
    assert accepted(vendors) == {"a": 1}


def test_a_delay_comes_after_the_acceptance(vendors):
    vendors.accolades.fault("none", delay=IMPATIENT_SECONDS)
    began = time.monotonic()
    assert send(vendors).status == 200
    assert time.monotonic() - began >= IMPATIENT_SECONDS
    [seen] = vendors.accolades.calls()
    assert seen.ended - seen.arrived >= IMPATIENT_SECONDS


def test_faults_come_in_order_and_by_match(vendors):
    vendors.accolades.faults(
        {"fault": "code", "code": "401", "match": {"phone": "0040712345699"}},
        {"fault": "code", "code": "413", "match": {"reference": "long"}, "times": 2},
        {"fault": "none"},
        {"fault": "code", "code": "500"},
    )
    order = [("a", "+40712345678"), ("long", "+40712345678"), ("b", "+40712345678"), ("c", "+40712345699")]
    statuses = [send(vendors, reference, phone).status for reference, phone in order]
    assert statuses == [200, 413, 500, 401]
    [left] = vendors.accolades.waiting_faults()
    assert (left["fault"], left["left"]) == ("code", 1)
    vendors.accolades.clear_faults()
    assert send(vendors, "long").status == 200


def test_a_fault_with_times_zero_stays(vendors):
    vendors.accolades.fault("status", status=503, times=0)
    assert {send(vendors).status for _ in range(5)} == {503}


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "explode"},
        {"fault": "html", "code": "1"},
        {"fault": "code", "code": "999"},
        {"fault": "wrong_types", "variant": "none"},
        {"fault": "none", "match": {"telephone": "1"}},
        {"fault": "none", "on": "sned"},
        {"fault": "none", "callbacks": "sometimes"},
    ],
)
def test_a_slip_in_the_script_is_loud(vendors, fault):
    with pytest.raises(ControlError):
        vendors.accolades.faults(fault)
    assert vendors.accolades.waiting_faults() == []


def test_a_slip_in_the_settings_is_loud(vendors):
    with pytest.raises(ControlError, match="latencies"):
        vendors.accolades.setup(latencies=1)


PLANS = [
    ("on_time", ["sent"]),
    ("twice", ["sent", "sent"]),
    ("contradictory", ["sent", "error"]),
    ("recovering", ["error", "sent"]),
    ([{"state": "bad", "error": "No route"}, {"after": 0.05}], ["error", "sent"]),
]


@pytest.mark.parametrize(("plan", "states"), PLANS, ids=["on time", "twice", "contradictory", "recovering", "steps"])
def test_reports_follow_the_plan(vendors, plan, states):
    vendors.accolades.setup(callback_form="json")
    vendors.accolades.fault("none", callbacks=plan)
    with Receiver() as receiver:
        send(vendors, sendResultTo=receiver.url)
        assert [report.json["status"] for report in receiver.wait_for(len(states))] == states


def test_an_early_report_is_answered_before_the_send_is(vendors):
    vendors.accolades.setup(callbacks="early")
    with Receiver() as receiver:
        send(vendors, sendResultTo=receiver.url)
        assert len(receiver.received) == 1
    [delivery] = vendors.accolades.deliveries()
    [seen] = vendors.accolades.calls()
    assert delivery["status"] == 200
    assert delivery["ended"] <= seen.ended


def test_a_report_can_carry_a_wrong_id_or_never_come(vendors):
    vendors.accolades.setup(callback_form="json")
    with Receiver() as receiver:
        vendors.accolades.faults({"fault": "none", "callbacks": "never"}, {"fault": "none", "callbacks": "wrong_id"})
        send(vendors, "first", sendResultTo=receiver.url)
        send(vendors, "second", sendResultTo=receiver.url)
        [report] = receiver.wait_for(1)
    assert report.json["id"] == WRONG_ID


def test_a_report_comes_even_where_the_answer_was_lost_and_one_can_be_sent_by_hand(vendors):
    vendors.accolades.setup(callback_form="json")
    vendors.accolades.fault("close", accepted=True)
    with Receiver() as receiver:
        with pytest.raises(http.client.RemoteDisconnected):
            send(vendors, sendResultTo=receiver.url)
        receiver.wait_for(1)
        vendors.accolades.push("a", state="bad", error="Too late")
        assert receiver.wait_for(2)[1].json["errorMessage"] == "Too late"


def test_no_report_leaves_this_machine(vendors):
    send(vendors, sendResultTo="http://192.0.2.1/webhooks/key")
    [delivery] = eventually(lambda: [each for each in vendors.accolades.deliveries() if each["ended"]])
    assert delivery["error"] == "ValueError: a simulator calls loopback addresses alone, not 192.0.2.1"


def test_a_connection_is_kept_alive(vendors):
    connection = http.client.HTTPConnection(urlsplit(vendors.accolades.url).netloc, timeout=10)
    for _ in range(3):
        connection.request("POST", SEND, b"", {"Content-Type": "application/x-www-form-urlencoded"})
        assert connection.getresponse().read()
        client = connection.sock.getsockname()
    assert connection.sock.getsockname() == client
    connection.close()


def test_what_is_no_http_is_refused(vendors):
    assert call(vendors.accolades, SEND, b"{}", {"Content-Length": "-2"}).status == 400
