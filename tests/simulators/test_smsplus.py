"""The simulated smsplus.az against the vendor's document."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators import Vendors
from tests.simulators.vendors.smsplus import MESSAGES, WRONG_TYPES

from .calls import Reply, call, call_json

SEND = "/api/sms/send"
BEARER = {"Authorization": "Bearer demo-smsplus-token"}
NUMBER = "994501234567"
OTHER_NUMBER = "994501234568"
ONE = {
    "sender_name": "AKINON",
    "message_template_id": 1432,
    "mobile_numbers": [NUMBER],
    "first_parameters": ["004217"],
}
THREE = {
    **ONE,
    "message_template_id": 1434,
    "first_parameters": ["Leyla"],
    "second_parameters": ["1005"],
    "third_parameters": ["12.05"],
}


def send(vendors: Vendors, value: Any) -> Reply:
    return call_json(vendors.smsplus, SEND, value, **BEARER)


def without(value: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value[name] for name in value if name != field}


@pytest.mark.parametrize("message", [ONE, THREE], ids=["one parameter", "three parameters"])
def test_a_message_as_the_document_says_is_accepted(vendors, message):
    reply = send(vendors, message)
    assert (reply.status, reply.json) == (200, {"success": True, "code": "100", "message": MESSAGES["100"]})
    [seen] = vendors.smsplus.calls()
    assert (seen.accepted, seen.violations, seen.fields) == (True, [], message)


REFUSALS = [
    ("107", without(ONE, "sender_name")),
    ("107", {**ONE, "sender_name": ""}),
    ("107", ["no", "object"]),
    ("108", without(ONE, "message_template_id")),
    ("109", without(ONE, "mobile_numbers")),
    ("109", {**ONE, "mobile_numbers": []}),
    ("109", {**ONE, "mobile_numbers": NUMBER}),
    ("110", {**ONE, "sender_name": "akinon"}),
    ("111", {**ONE, "message_template_id": 9999}),
    ("111", {**ONE, "message_template_id": "1432"}),
    ("111", {**ONE, "message_template_id": True}),
    ("112", {**ONE, "mobile_numbers": [NUMBER, NUMBER], "first_parameters": ["1", "2"]}),
    ("113", without(ONE, "first_parameters")),
    ("113", {**ONE, "first_parameters": "004217"}),
    ("114", without(THREE, "second_parameters")),
    ("115", without(THREE, "third_parameters")),
    ("116", {**THREE, "first_parameters": ["a", "b"]}),
    ("117", {**THREE, "second_parameters": []}),
    ("118", {**THREE, "third_parameters": ["a", "b"]}),
    ("120", {**ONE, "first_parameters": ["x" * 160]}),
    ("121", {**ONE, "mobile_numbers": [f"+{NUMBER}"]}),
    ("121", {**ONE, "mobile_numbers": [994501234567]}),
    ("121", {**ONE, "mobile_numbers": [f"{NUMBER}\n"]}),
]


@pytest.mark.parametrize(("code", "value"), REFUSALS, ids=lambda part: part if isinstance(part, str) else "")
def test_a_bad_request_earns_its_documented_code(vendors, code, value):
    assert send(vendors, value).json == {"success": False, "code": code, "message": MESSAGES[code]}
    assert vendors.smsplus.accepted() == {}


def test_a_wrong_token_is_101(vendors):
    reply = call_json(vendors.smsplus, SEND, ONE, Authorization="Bearer somebody-else")
    assert reply.json["code"] == "101"


def test_a_get_is_123(vendors):
    assert call(vendors.smsplus, SEND, method="GET", headers=BEARER).json["code"] == "123"


@pytest.mark.parametrize("code", ["102", "103", "104", "105", "106"])
def test_a_fault_of_the_account_is_told(vendors, code):
    vendors.smsplus.setup(account_fault=code)
    assert send(vendors, ONE).json["code"] == code


def test_the_balance_runs_out(vendors):
    vendors.smsplus.setup(balance=1)
    assert [send(vendors, ONE).json["code"] for _ in range(2)] == ["100", "119"]


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_each_documented_code_can_be_had_at_any_status(vendors, code):
    vendors.smsplus.faults({"fault": "code", "code": code}, {"fault": "code", "code": code, "status": 422})
    first, second = send(vendors, ONE), send(vendors, ONE)
    assert (first.status, second.status) == (200, 422)
    assert first.json == second.json == {"success": code == "100", "code": code, "message": MESSAGES[code]}


@pytest.mark.parametrize("variant", sorted(WRONG_TYPES))
def test_each_wrong_type_can_be_had(vendors, variant):
    vendors.smsplus.fault("wrong_types", variant=variant)
    assert send(vendors, ONE).json == WRONG_TYPES[variant]


def test_what_the_document_does_not_mention_is_noted(vendors):
    value = {**ONE, "first_parameters": [4217], "second_parameters": ["too many"]}
    assert send(vendors, value).json["code"] == "100"
    [seen] = vendors.smsplus.calls()
    assert seen.violations == [
        "first_parameters: 4217 is no string",
        "second_parameters: the template has no such parameter",
    ]


def test_a_message_accepted_twice_is_told_from_two_messages(vendors):
    send(vendors, ONE)
    send(vendors, {**ONE, "mobile_numbers": [OTHER_NUMBER]})
    assert vendors.smsplus.accepted_twice() == {}
    send(vendors, ONE)
    assert list(vendors.smsplus.accepted_twice().values()) == [2]
