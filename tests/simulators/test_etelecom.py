"""The simulated eTelecom against the vendor's document."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.simulators import Vendors
from tests.simulators.vendors.etelecom import CODES
from tests.support.waiting import eventually

from .calls import Reply, call_json
from .receiver import Receiver

SEND = "/api/OmniMessage/SendMessage"
STATUS = "/api/OmniReport/GetStatusOmni"
LOGIN = {"username": "demo", "password": "demo-etelecom-password"}
OTP = {
    **LOGIN,
    "phonenumber": "84901234567",
    "routerule": "3",
    "templatecode": "OTP01",
    "list_param": {"otp": "004217"},
}


def send(vendors: Vendors, **changes: Any) -> Reply:
    return call_json(vendors.etelecom, SEND, {**OTP, **changes})


def status(vendors: Vendors, omni_id: str) -> Reply:
    return call_json(vendors.etelecom, STATUS, {**LOGIN, "idOmniMess": omni_id})


def test_a_message_as_the_document_says_is_accepted_with_an_id_under_a_key_with_spaces(vendors):
    reply = send(vendors)
    assert (reply.status, reply.json["status"], reply.json["code"]) == (200, "1", "Success")
    assert re.fullmatch("ICOMNI[A-Z0-9]{30}", reply.json[" idOmniMess "])
    [seen] = vendors.etelecom.calls()
    assert (seen.accepted, seen.fields, seen.violations) == (True, OTP, [])


def test_routes_may_come_as_an_array_or_as_the_setting_says(vendors):
    order = {"templatecode": "ORDER01", "list_param": {"customer_name": "Lan", "order_code": "1005"}}
    assert send(vendors, **order, routerule=["1", "3"]).json["status"] == "1"
    assert send(vendors, **order, routerule="1,3").json["status"] == "1"
    vendors.etelecom.setup(routerule_form="string")
    assert send(vendors, **order, routerule=["1", "3"]).json["status"] == "-8"


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        ("-1", {"phonenumber": "+84901234567"}, "PhoneNumber Wrong Format"),
        ("-1", {"phonenumber": 84901234567}, "PhoneNumber Wrong Format"),
        ("-2", {"list_param": {}}, "Wrong Format Parameter: otp"),
        ("-2", {"list_param": {"otp": 4217}}, "Wrong Format Parameter: otp"),
        ("-2", {"list_param": {"otp": "x" * 31}}, "Wrong Format Parameter: otp"),
        ("-6", {"templatecode": "NONE"}, "Can't find template with templatecode: NONE "),
        ("-8", {"routerule": "2"}, "Can't find any routing for this request"),
        ("-8", {"routerule": None}, "Can't find any routing for this request"),
        ("-9", {"routerule": "7"}, "Can't find any information about channel: 7"),
    ],
)
def test_a_bad_message_earns_its_documented_code_at_200(vendors, code, changes, words):
    reply = send(vendors, **changes)
    assert (reply.status, reply.json) == (200, {"status": code, "code": words})
    assert vendors.etelecom.accepted() == {}


def test_the_balance_runs_out(vendors):
    vendors.etelecom.setup(balance=1)
    assert [send(vendors).json["status"] for _ in range(2)] == ["1", "-3"]


@pytest.mark.parametrize("changes", [{"username": "other"}, {"password": "wrong"}, {"password": None}])
def test_a_wrong_login_is_401_as_plain_text(vendors, changes):
    reply = send(vendors, **changes)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (
        401,
        b"Unauthorized",
        "text/plain; charset=utf-8",
    )


def test_an_address_off_the_white_list_is_401_as_plain_text(vendors):
    vendors.etelecom.setup(allowed_ips=["192.0.2.1"])
    reply = send(vendors)
    assert (reply.status, reply.body) == (401, b"Can't access from this IP")


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_documented_code_can_be_had(vendors, code):
    vendors.etelecom.fault("code", code=code)
    assert send(vendors).json["status"] == code


@pytest.mark.parametrize("words", ["Unauthorized", "Can't access from this IP"])
def test_both_texts_of_401_can_be_had(vendors, words):
    vendors.etelecom.fault("code", code=words)
    reply = send(vendors)
    assert (reply.status, reply.body.decode()) == (401, words)


def test_the_id_can_be_missing_or_under_another_key(vendors):
    vendors.etelecom.fault("wrong_types", variant="id_missing")
    assert send(vendors).json == {"status": "1", "code": "Success"}
    vendors.etelecom.setup(id_key="idOmniMess")
    assert "idOmniMess" in send(vendors).json


@pytest.mark.parametrize("final", ["SUCCESS", "FAIL"])
def test_the_state_is_processing_first_and_final_later(vendors, final):
    vendors.etelecom.setup(processing=3600, final=final)
    omni_id = send(vendors).json[" idOmniMess "]
    assert status(vendors, omni_id).json["status"] == "PROCESSING"
    vendors.etelecom.setup(processing=0)
    second = send(vendors).json[" idOmniMess "]
    eventually(lambda: status(vendors, second).json["status"] == final)


def test_the_final_state_can_be_scripted_for_one_message(vendors):
    vendors.etelecom.setup(processing=0)
    vendors.etelecom.fault("none", final="FAIL", match={"phone": "+84901234568"})
    good = send(vendors).json[" idOmniMess "]
    bad = send(vendors, phonenumber="84901234568").json[" idOmniMess "]
    assert [status(vendors, each).json["status"] for each in (good, bad)] == ["SUCCESS", "FAIL"]


def test_the_state_can_come_in_the_vendors_broken_json(vendors):
    vendors.etelecom.setup(broken_status_json=True, processing=0)
    body = status(vendors, send(vendors).json[" idOmniMess "]).body.decode()
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert '"status": "SUCCESS"' in body
    assert '"list_param":"{"otp":"1"}"' in body


def test_an_unknown_id_has_no_state(vendors):
    assert status(vendors, "ICOMNI").json["status"] == "-4"


def test_the_registered_webhook_gets_the_final_state_as_json(vendors):
    with Receiver() as receiver:
        vendors.etelecom.setup(webhook_url=receiver.url)
        omni_id = send(vendors).json[" idOmniMess "]
        [report] = receiver.wait_for(1)
    assert report.content_type == "application/json"
    assert report.json == {
        "IdOmniMess": omni_id,
        "Status": "SUCCESS",
        "Channel": "SMS",
        "ErrorCode": "0",
        "MtCount": 1,
        "TelcoId": 1,
        "IsCharged": True,
    }
