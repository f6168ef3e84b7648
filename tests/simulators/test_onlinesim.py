"""The simulated Onlinesim endpoint against the partner's document."""

from __future__ import annotations

import json

import pytest

from tests.simulators import Vendors
from tests.simulators.vendors.onlinesim import WORDS

from .calls import Reply, call

ENDPOINT = "/v1/PUSH_SMS_RENT"
TYPE = "application/json; charset=utf-8"
PUSH = {
    "smsId": 355,
    "phoneFrom": "Instagram",
    "phone": "79088081050",
    "text": "Your verification code is 800142",
    "action": "PUSH_SMS",
    "key": "demo-onlinesim-key",
    "service": "rent",
}


def push(vendors: Vendors, value: object = PUSH, content_type: str = TYPE, **headers: str) -> Reply:
    body = json.dumps(value).encode()
    return call(vendors.onlinesim, ENDPOINT, body, {"Content-Type": content_type, **headers})


def test_a_push_as_the_document_says_is_accepted_and_kept_byte_for_byte(vendors):
    assert push(vendors).status == 200
    [seen] = vendors.onlinesim.calls()
    assert (seen.accepted, seen.body, seen.header("content-type")) == (True, json.dumps(PUSH).encode(), TYPE)
    assert seen.ended >= seen.arrived


@pytest.mark.parametrize("field", sorted(PUSH))
def test_every_field_is_required(vendors, field):
    assert push(vendors, {name: PUSH[name] for name in PUSH if name != field}).status == 400
    assert vendors.onlinesim.accepted() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"smsId": 0},
        {"smsId": "355"},
        {"smsId": True},
        {"phone": 79088081050},
        {"phone": "+79088081050"},
        {"action": "PUSH"},
        {"service": "short"},
        {"key": "wrong"},
        {"text": None},
    ],
)
def test_a_wrong_type_or_value_is_refused(vendors, changes):
    assert push(vendors, {**PUSH, **changes}).status == 400


@pytest.mark.parametrize("content_type", ["application/json", "application/json;charset=utf-8", "text/plain"])
def test_the_content_type_must_be_exact(vendors, content_type):
    assert push(vendors, content_type=content_type).status == 400


def test_a_number_without_an_active_operation_is_no_operation(vendors):
    vendors.onlinesim.setup(operations={"79088081050": 356})
    reply = push(vendors)
    assert (reply.status, reply.json) == (400, {"error": "NO_OPERATION"})


def test_bearer_and_an_integer_phone_are_settings(vendors):
    vendors.onlinesim.setup(bearer=True, phone_as_integer=True)
    value = {**PUSH, "phone": 79088081050}
    assert push(vendors, value).status == 400
    assert push(vendors, value, Authorization="Bearer demo-onlinesim-key").status == 200


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_each_word_can_stand_anywhere_at_any_status(vendors, word, status):
    for form in ("json", "nested", "text"):
        vendors.onlinesim.fault("word", word=word, form=form, status=status)
    replies = [push(vendors) for _ in range(3)]
    assert [reply.status for reply in replies] == [status] * 3
    assert replies[0].json == {"error": word}
    assert replies[1].json == {"response": {"errors": [{"code": word}]}}
    assert replies[2].body.decode() == word
