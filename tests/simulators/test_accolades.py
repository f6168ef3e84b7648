"""The simulated Accolades against the vendor's document."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from tests.simulators import Vendors
from tests.simulators.vendors.accolades import ERRORS, WRONG_TYPES

from .calls import Reply, call, call_form, call_json
from .receiver import Receiver

SEND = "/100200/sms/send"
SMS = {
    "password": "demo-accolades-password",
    "phoneNumber": "+40712345678",
    "message": "Salut\nVezi https://shop.example/new/n11",
    "messageId": "attempt-1",
}


def send(vendors: Vendors, path: str = SEND, **changes: str | None) -> Reply:
    values = {name: value for name, value in {**SMS, **changes}.items() if value is not None}
    return call_form(vendors.accolades, path, values)


def test_a_message_as_the_document_says_is_accepted(vendors):
    reply = send(vendors)
    assert (reply.status, reply.json) == (200, {"type": "ok"})
    [seen] = vendors.accolades.calls()
    assert (seen.accepted, seen.reference, seen.fields, seen.violations) == (True, "attempt-1", SMS, [])


@pytest.mark.parametrize(
    ("status", "path", "changes"),
    [
        (400, SEND, {"password": None}),
        (400, SEND, {"phoneNumber": None}),
        (400, SEND, {"phoneNumber": "+40712x"}),
        (400, SEND, {"message": None}),
        (401, SEND, {"password": "wrong"}),
        (404, "/999/sms/send", {}),
        (404, "/100200/sms/sent", {}),
    ],
)
def test_a_bad_request_earns_its_error(vendors, status, path, changes):
    reply = send(vendors, path, **changes)
    code = str(status)
    assert (reply.status, reply.json) == (status, {"type": "Error", "message": ERRORS[code][1], "code": code})
    assert vendors.accolades.accepted() == {}


def test_json_and_get_are_no_form_post(vendors):
    assert call_json(vendors.accolades, SEND, SMS).status == 400
    assert call(vendors.accolades, SEND, method="GET").status == 400


def test_too_long_a_message_is_413(vendors):
    vendors.accolades.setup(max_length=10)
    assert send(vendors).status == 413


def test_the_trailing_slash_is_a_setting(vendors):
    assert send(vendors, SEND + "/").status == 200
    vendors.accolades.setup(trailing_slash=False)
    assert [send(vendors, path).status for path in (SEND, SEND + "/")] == [200, 404]


def test_five_bad_requests_block_the_callers_address(vendors):
    assert [send(vendors, password="wrong").status for _ in range(5)] == [401] * 5
    blocked = send(vendors)
    assert (blocked.status, blocked.json["code"]) == (403, "403.6")
    vendors.accolades.reset()
    assert send(vendors).status == 200


def test_a_ping_is_answered_pong(vendors):
    reply = call_form(vendors.accolades, "/100200/ping/", {"password": SMS["password"]})
    assert (reply.status, reply.json) == (200, {"type": "pong"})
    assert vendors.accolades.accepted() == {}
    assert [call.stage for call in vendors.accolades.calls(stage="ping")] == ["ping"]


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_each_error_can_be_had(vendors, code):
    vendors.accolades.fault("code", code=code)
    assert send(vendors).json["code"] == code


@pytest.mark.parametrize("variant", sorted(WRONG_TYPES))
def test_each_wrong_type_can_be_had(vendors, variant):
    vendors.accolades.fault("wrong_types", variant=variant)
    assert send(vendors).json == WRONG_TYPES[variant]


def test_the_callback_is_a_form_post_with_the_documents_parameters(vendors):
    with Receiver() as receiver:
        send(vendors, sendResultTo=receiver.url)
        [report] = receiver.wait_for(1)
    assert (report.method, report.content_type) == ("POST", "application/x-www-form-urlencoded")
    assert parse_qs(report.body) == {
        "apiName": ["sms"],
        "type": ["deliveryReport"],
        "status": ["sent"],
        "id": ["attempt-1"],
    }


def test_an_error_report_says_why(vendors):
    vendors.accolades.setup(callbacks="bad", callback_form="json")
    with Receiver() as receiver:
        send(vendors, sendResultTo=receiver.url)
        [report] = receiver.wait_for(1)
    assert report.json["status"] == "error"
    assert report.json["errorMessage"] == "The carrier refused the message."


def test_a_callback_can_be_a_get(vendors):
    vendors.accolades.setup(callback_form="get")
    with Receiver() as receiver:
        send(vendors, sendResultTo=receiver.url)
        [report] = receiver.wait_for(1)
    assert (report.method, parse_qs(report.query)["id"]) == ("GET", ["attempt-1"])
