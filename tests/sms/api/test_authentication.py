"""Basic credentials: which are accepted, and that every 401 is the same response."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.test import Client

from sms.models import ApiClient, Message, RefusedRequest
from sms.services.configuration import snapshot
from sms.services.database import clock
from tests.sms import cast
from tests.sms.cast import errors, send


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


GOOD = f"{cast.USERNAME}:{cast.SECRET}".encode()
WRONG = {
    "none": None,
    "empty": "",
    "the scheme alone": "Basic",
    "another scheme": "Bearer " + b64(GOOD),
    "no base64": "Basic !!!!",
    "base64 without its padding": "Basic " + b64(GOOD).rstrip("="),
    "base64 with a blank inside": "Basic " + b64(GOOD)[:8] + " " + b64(GOOD)[8:],
    "base64 with more behind it": "Basic " + b64(GOOD) + "====",
    "URL-safe base64": "Basic " + base64.urlsafe_b64encode(b"akinon:\xff\xfe\xfd").decode(),
    "not UTF-8": "Basic " + b64(b"akinon:\xff"),
    "no colon": "Basic " + b64(b"akinon"),
    "nobody": "Basic " + b64(b":"),
    "an unknown user": "Basic " + b64(b"nobody:" + cast.SECRET.encode()),
    "another letter case": "Basic " + b64(b"AKINON:" + cast.SECRET.encode()),
    "a wrong secret": "Basic " + b64(b"akinon:wrong"),
    "no secret": "Basic " + b64(b"akinon:"),
    "the secret and a bit": "Basic " + b64(GOOD + b"x"),
    "NUL in the name": "Basic " + b64(b"akinon\x00:" + cast.SECRET.encode()),
    "NUL in the secret": "Basic " + b64(GOOD + b"\x00"),
    "a new line behind": "Basic " + b64(GOOD + b"\n"),
    "a control character": "Basic " + b64(b"aki\x1bnon:x"),
    "a C1 control": "Basic " + b64("aki\x85non:x".encode()),
    "a full-width colon": "Basic " + b64("akinon\uff1ax".encode()),
    "60,000 bytes": "Basic " + b64(b"akinon:" + b"x" * 45_000),
}


@pytest.mark.parametrize("header", WRONG.values(), ids=WRONG)
def test_every_cause_gives_the_same_bytes(caller: Client, header: str | None) -> None:
    response = send(caller, authorization=header, x_akinon_request_id="r-1")
    plain = send(caller, authorization="Basic " + b64(b"akinon:wrong"), x_akinon_request_id="r-1")
    assert errors(response) == [(401, "unauthorized", "")]
    assert response["WWW-Authenticate"] == 'Basic realm="sms", charset="UTF-8"'
    assert (response.content, dict(response.headers)) == (plain.content, dict(plain.headers))
    assert not Message.objects.exists()
    assert not RefusedRequest.objects.exists()


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_schemes_letter_case_does_not_matter(caller: Client, scheme: str) -> None:
    assert send(caller, authorization=f"{scheme} {b64(GOOD)}").status_code == 201


def test_a_secret_may_hold_colons_and_any_letters(caller: Client) -> None:
    cast.client("colon", "a:b:ç\u00a0")
    snapshot.reset_cache()
    assert send(caller, authorization=cast.basic("colon", "a:b:ç\u00a0")).status_code == 201


def test_a_disabled_client_is_out(caller: Client) -> None:
    ApiClient.objects.update(enabled=False)
    snapshot.reset_cache()
    assert errors(send(caller)) == [(401, "unauthorized", "")]


@pytest.mark.parametrize(("left", "status"), [(timedelta(minutes=1), 201), (timedelta(seconds=-1), 401)])
def test_during_a_rotation_the_old_secret_holds_until_its_time_is_up(
    caller: Client, left: timedelta, status: int
) -> None:
    client = ApiClient.objects.get()
    new = client.rotate_secret(previous_valid_until=clock.now() + left)
    client.save()
    snapshot.reset_cache()
    assert send(caller).status_code == status
    assert send(caller, authorization=cast.basic(secret=new)).status_code == 201


def test_an_empty_previous_digest_authenticates_nobody(caller: Client) -> None:
    ApiClient.objects.update(previous_digest="", previous_valid_until=clock.now() + timedelta(hours=1))
    snapshot.reset_cache()
    assert send(caller, authorization=cast.basic(secret="")).status_code == 401
