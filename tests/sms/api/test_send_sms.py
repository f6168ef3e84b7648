"""POST /send-sms: accepted calls and the stored messages."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.test import Client

from sms.models import Message, Route
from tests.sms import cast
from tests.sms.cast import body, send


def test_an_accepted_call_is_answered_201_without_a_body(caller: Client) -> None:
    response = send(caller)
    assert (response.status_code, response.content) == (201, b"")
    assert response["Content-Length"] == "0"
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("path", ["/send-sms", "/send-sms/"])
def test_both_spellings_are_addresses_of_their_own(caller: Client, path: str) -> None:
    response = caller.post(path, body(), content_type="application/json", headers={"authorization": cast.basic()})
    assert response.status_code == 201


def test_the_row_says_everything_that_the_dispatcher_and_staff_need(caller: Client) -> None:
    send(caller, body(to=cast.TEMPLATE_TO), x_akinon_request_id="r-1", x_akinon_api_version="2")
    message = Message.objects.get()
    assert (message.client.username, message.request_id, message.api_version) == ("akinon", "r-1", "2")
    assert (message.sender, message.to, message.text, message.raw_text) == (
        "AKINON",
        cast.TEMPLATE_TO,
        cast.TEXT,
        cast.TEXT,
    )
    assert (message.encoding, message.segments, message.status) == ("GSM-7", 1, "queued")
    assert message.template_version.template.name == "order-shipped"
    assert message.parameters == {"name": "Aysel", "order": "1234"}
    assert message.provider.slug == "only"
    assert message.due_at == message.created_at == message.updated_at
    assert message.expires_at == message.created_at + timedelta(seconds=86400)
    assert [c["slug"] for c in message.decision["candidates"]] == ["only"]
    assert "1234" not in str(message.decision)


def test_an_otp_lives_as_long_as_its_route_says(caller: Client) -> None:
    Route.objects.update(otp_ttl=120)
    send(caller, body(isOtp=True))
    message = Message.objects.get()
    assert message.is_otp
    assert message.expires_at == message.created_at + timedelta(seconds=120)


def test_slash_n_becomes_a_new_line_and_the_raw_text_is_kept(caller: Client) -> None:
    send(caller, body(text="Salut/nVezi https://shop.example/new/n11"))
    message = Message.objects.get()
    assert message.text == "Salut\nVezi https://shop.example/new/n11"
    assert message.raw_text == "Salut/nVezi https://shop.example/new/n11"


def test_keys_that_nobody_knows_are_ignored(caller: Client) -> None:
    assert send(caller, body(campaign={"id": 7})).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "APPLICATION/JSON; Charset=UTF-8",
        'application/json; charset="utf-8"; version=1',
        "application/json; charset = utf-8;",
        'application/json; profile="a;charset=latin-1"',
        'application/json; profile="a\\";charset=latin-1"; charset=utf8',
    ],
)
def test_json_in_utf_8_is_taken_under_these_content_types(caller: Client, content_type: str) -> None:
    assert send(caller, content_type=content_type).status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*;q=0"])
def test_accept_is_ignored(caller: Client, accept: str) -> None:
    assert send(caller, accept=accept).status_code == 201
    assert send(caller, body(text=""), accept=accept)["Content-Type"] == "application/json"


def test_a_chunked_body_is_a_body(caller: Client) -> None:
    import io
    import json

    raw = json.dumps(body()).encode()
    response = caller.generic(
        "POST",
        "/send-sms",
        headers={"authorization": cast.basic(), "transfer-encoding": "chunked", "content-type": "application/json"},
        **{"wsgi.input": io.BytesIO(raw), "CONTENT_LENGTH": ""},
    )
    assert response.status_code == 201


def test_a_text_without_a_template_is_held_for_a_client_that_asks_for_it(caller: Client) -> None:
    from sms.models import ApiClient

    ApiClient.objects.update(on_no_template="hold")
    from sms.services.configuration import snapshot

    snapshot.reset_cache()
    assert send(caller, body(to=cast.TEMPLATE_TO, text="No template")).status_code == 201
    message = Message.objects.get()
    assert (message.status, message.provider, message.due_at) == ("held", None, None)
    assert send(caller, body(to=cast.TEMPLATE_TO, text="No template", isOtp=True)).status_code == 422


@pytest.mark.parametrize(
    ("text", "smoothing"),
    [(cast.TEXT, []), (f" {cast.TEXT}", ["outer_space"]), (cast.TEXT.replace("Aysel", "A\u0308"), ["nfc"])],
)
def test_a_message_notes_which_smoothing_its_template_needed(caller: Client, text: str, smoothing: list[str]) -> None:
    assert send(caller, body(to=cast.TEMPLATE_TO, text=text)).status_code == 201
    message = Message.objects.get()
    assert (message.text, message.smoothing) == (text, smoothing)


class TestRequestIds:
    @pytest.mark.parametrize("given", ["r-1", "!", "~" * 128, "a,b"])
    def test_a_plain_one_is_kept_and_echoed(self, caller: Client, given: str) -> None:
        assert send(caller, x_akinon_request_id=given)["x-akinon-request-id"] == given
        assert Message.objects.get().request_id == given

    @pytest.mark.parametrize("given", ["~" * 129, "a b", "\u00e9", "\x7f", "\x00", "a" * 60000])
    def test_any_other_is_kept_as_its_digest(self, caller: Client, given: str) -> None:
        echoed = send(caller, x_akinon_request_id=given)["x-akinon-request-id"]
        assert echoed.startswith("sha256:")
        assert len(echoed) == 71
        assert Message.objects.get().request_id == echoed

    def test_without_one_each_call_gets_its_own(self, caller: Client) -> None:
        assert send(caller)["x-akinon-request-id"] != send(caller)["x-akinon-request-id"]
        assert Message.objects.count() == 2

    def test_an_empty_one_is_kept_as_its_digest_and_names_no_call(self, caller: Client) -> None:
        digest = "sha256:" + hashlib.sha256(b"").hexdigest()
        assert [send(caller, x_akinon_request_id="")["x-akinon-request-id"] for _ in range(2)] == [digest] * 2
        assert [message.request_id for message in Message.objects.all()] == [digest] * 2

    def test_errors_echo_it_too(self, caller: Client) -> None:
        assert send(caller, b"", x_akinon_request_id="r-2")["x-akinon-request-id"] == "r-2"
        assert caller.get("/nowhere", headers={"x-akinon-request-id": "r-3"})["x-akinon-request-id"] == "r-3"
