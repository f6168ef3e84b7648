"""Onlinesim, by its document: the push to the letter, and what each answer means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.base import Failure, HttpRequest, HttpResponse, Misconfigured, Pushed, ReceivedSms, Refused
from providers.vendors.onlinesim import Onlinesim

from .samples import secret_settings

KEY = "p4rtn3r-key"
URL = "https://partner.example/v1/PUSH_SMS_RENT/"


def partner(**options: Any) -> Onlinesim:
    return Onlinesim(base_url=URL, credentials={"key": KEY}, options=options)


def received(**changes: Any) -> ReceivedSms:
    values = {
        "operation_id": 355,
        "sender": "Instagram",
        "to": "+79088081050",
        "text": "Your verification code is 800142",
        **changes,
    }
    return ReceivedSms(**values)


def test_a_push_goes_out_as_the_document_says() -> None:
    body = (
        '{"smsId": 355, "phoneFrom": "Instagram", "phone": "79088081050", '
        '"text": "Your verification code is 800142", "action": "PUSH_SMS", "key": "p4rtn3r-key", "service": "rent"}'
    )
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    assert partner().request(received()) == HttpRequest("POST", URL, headers, body.encode())


def test_the_same_message_gives_the_same_bytes_again() -> None:
    assert partner().request(received(text="Код 800142 😀")) == partner().request(received(text="Код 800142 😀"))


@pytest.mark.parametrize(
    ("sender", "written"),
    [("Instagram", "Instagram"), ("8080", "8080"), ("+79001112233", "79001112233"), ("", ""), ("A+B", "A+B")],
)
def test_a_name_stays_and_a_number_loses_its_plus(sender: str, written: str) -> None:
    assert json.loads(partner().request(received(sender=sender)).body)["phoneFrom"] == written


def test_the_options_of_other_versions_of_the_page() -> None:
    request = partner(bearer=True, phone_as_integer=True).request(received())
    assert request.headers[1] == ("Authorization", f"Bearer {KEY}")
    assert json.loads(request.body)["phone"] == 79088081050


@pytest.mark.parametrize("number", [0, -1])
def test_an_operation_without_a_number_is_not_pushed(number: int) -> None:
    with pytest.raises(Misconfigured) as caught:
        partner().request(received(operation_id=number))
    assert (caught.value.failure, caught.value.code) == (Failure.CONFIG, "operation_invalid")


def test_a_number_of_ours_that_is_no_e164_number_is_not_pushed() -> None:
    with pytest.raises(Refused):
        partner().request(received(to="1050"))


def test_without_a_key_nothing_is_pushed() -> None:
    with pytest.raises(Misconfigured) as caught:
        Onlinesim(base_url=URL, credentials={}, options={}).request(received())
    assert caught.value.code == "credentials_missing"


@pytest.mark.parametrize("body", [b"", b"OK", b'{"response":"OK"}', b"<html>", b"\xff", b"[" * 30_000, b"IGNORED"])
def test_200_ends_it_whatever_it_holds(body: bytes) -> None:
    assert partner().outcome(HttpResponse(200, {}, body))[0] is Pushed.DELIVERED


def spellings(word: str) -> dict[str, bytes]:
    return {
        "plain text": f" {word}\r\n".encode(),
        "a JSON string": json.dumps(word).encode(),
        "an object": json.dumps({"error": word}).encode(),
        "deep inside": json.dumps({"a": [1, {"b": [None, {"c": [word]}]}]}).encode(),
        "with a byte order mark": b"\xef\xbb\xbf" + word.encode(),
    }


@pytest.mark.parametrize("status", [200, 201, 400, 404, 500])
@pytest.mark.parametrize("word", ["NO_OPERATION", "NO_OP", "BAD_SERVICE"])
def test_a_stop_word_ends_it_at_any_status_wherever_it_stands(word: str, status: int) -> None:
    for body in spellings(word).values():
        assert partner().outcome(HttpResponse(status, {}, body)) == (Pushed.REFUSED, word)


@pytest.mark.parametrize("status", [201, 302, 400, 404, 429, 500])
@pytest.mark.parametrize("word", ["IGNORED", "SERVICE_BAN"])
def test_the_other_words_are_repeated_as_documented(word: str, status: int) -> None:
    for body in spellings(word).values():
        assert partner().outcome(HttpResponse(status, {}, body)) == (Pushed.AGAIN, word)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Error: NO_OPERATION",
        b'{"error":"Error: NO_OP."}',
        b'{"NO_OP":1}',
        b"no_op",
        b'{"error":"BAD_SERVICE"',
        b'{"text":"BAD_SERVICE_X"}',
    ],
)
def test_anything_else_but_200_is_pushed_again(status: int, body: bytes) -> None:
    assert partner().outcome(HttpResponse(status, {}, body)) == (Pushed.AGAIN, f"http-{status}")


def test_the_address_stays_as_the_partner_gave_it() -> None:
    assert partner().request(received()).url.endswith("/")


def test_the_facts_are_the_documents() -> None:
    assert Onlinesim.retry_seconds == 10
    assert partner().option == {"bearer": False, "phone_as_integer": False, "max_tries": 30, "timeout": 15}
    assert partner().secrets() == (KEY,)
    assert secret_settings(Onlinesim) == {"key": True}
