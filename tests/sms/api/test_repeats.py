"""Idempotency: the same call again within 24 hours is answered 201 and stored once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from sms.models import Message, Provider, RefusedRequest, SenderName
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.maintenance import retention
from tests.sms import cast
from tests.sms.cast import body, errors, send


def test_the_same_call_again_is_201_and_nothing_new(caller: Client) -> None:
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    again = send(caller, x_akinon_request_id="r-1")
    assert (again.status_code, again.content, again["x-akinon-request-id"]) == (201, b"", "r-1")
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Other text"},
        {"to": "+40712345679"},
        {"from_": "PENDING"},
        {"isOtp": True},
    ],
)
def test_the_same_id_with_other_values_is_another_message(caller: Client, changes: dict[str, Any]) -> None:
    send(caller, x_akinon_request_id="r-1")
    assert send(caller, body(**changes), x_akinon_request_id="r-1").status_code == 201
    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    "equal",
    [{"isOtp": False}, {"text": cast.TEXT, "campaign": 7}],
)
def test_what_counts_is_the_values_after_parsing(caller: Client, equal: dict[str, Any]) -> None:
    send(caller, x_akinon_request_id="r-1")
    send(caller, body(**equal), x_akinon_request_id="r-1")
    assert Message.objects.count() == 1


def test_texts_that_become_equal_are_equal(caller: Client) -> None:
    for text in ("a/nb", "a\nb", "a\r\nb"):
        send(caller, body(text=text), x_akinon_request_id="r-1")
    assert Message.objects.count() == 1


def test_another_clients_call_is_no_repeat(caller: Client) -> None:
    cast.client("other", "another-made-up-secret")
    snapshot.reset_cache()
    send(caller, x_akinon_request_id="r-1")
    send(caller, x_akinon_request_id="r-1", authorization=cast.basic("other", "another-made-up-secret"))
    assert Message.objects.count() == 2


def test_values_do_not_run_over_into_each_other(caller: Client) -> None:
    SenderName.objects.create(name="AB")
    SenderName.objects.create(name="A")
    snapshot.reset_cache()
    send(caller, body(from_="A", text="Bx"), x_akinon_request_id="r-1")
    send(caller, body(from_="AB", text="x"), x_akinon_request_id="r-1")
    assert Message.objects.count() == 2


def test_a_repeat_is_201_even_where_routing_would_refuse_now(caller: Client) -> None:
    send(caller, x_akinon_request_id="r-1")
    Provider.objects.update(enabled=False)
    SenderName.objects.filter(name="AKINON").delete()
    snapshot.reset_cache()
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert not RefusedRequest.objects.exists()
    assert errors(send(caller, x_akinon_request_id="r-2")) == [(422, "unknown_sender", "from")]


def test_a_refused_call_is_no_first(caller: Client) -> None:
    Provider.objects.update(enabled=False)
    snapshot.reset_cache()
    assert send(caller, x_akinon_request_id="r-1").status_code == 422
    Provider.objects.update(enabled=True)
    snapshot.reset_cache()
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert Message.objects.count() == 1


@pytest.mark.parametrize(("age", "messages"), [(timedelta(hours=23, minutes=59), 1), (timedelta(hours=24), 2)])
def test_after_24_hours_an_equal_call_is_a_new_message(caller: Client, age: timedelta, messages: int) -> None:
    send(caller, x_akinon_request_id="r-1")
    Message.objects.update(created_at=clock.now() - age)
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert Message.objects.count() == messages


@pytest.mark.django_db(transaction=True)
def test_fifty_equal_calls_at_once_are_one_message_and_fifty_201s(caller: Client) -> None:
    snapshot.current()

    def call(_: int) -> int:
        try:
            return send(Client(raise_request_exception=False), x_akinon_request_id="r-1").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(call, range(50))) == [201] * 50
    assert Message.objects.count() == 1


NEW_KEY = "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldyE="


@pytest.mark.parametrize("place", [0, 1])
def test_a_repeat_is_found_with_a_new_key(caller: Client, settings: Any, place: int) -> None:
    send(caller, x_akinon_request_id="r-1")
    keys = list(settings.FIELD_ENCRYPTION_KEYS)
    settings.FIELD_ENCRYPTION_KEYS = [*keys[:place], NEW_KEY, *keys[place:]]
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    settings.DIGEST_KEY = "a-made-up-key-of-its-own-for-digests-alone"
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert Message.objects.count() == 1


def without_key(request_id: str) -> str:
    """The digest of the version before, for the call of `body()`."""
    client = Message.objects.get().client_id
    parts = (str(client), request_id, "AKINON", cast.FREE_TO, cast.TEXT, "False")
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in map(str.encode, parts))).hexdigest()


def test_a_repeat_is_found_of_what_the_version_before_stored(caller: Client) -> None:
    send(caller, x_akinon_request_id="r-1")
    Message.objects.update(repeat_key=without_key("r-1"))
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert Message.objects.count() == 1
    Message.objects.update(created_at=clock.now() - timedelta(hours=24, seconds=1))
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert Message.objects.count() == 2


def test_the_stored_key_is_not_to_be_recomputed_without_the_secret(caller: Client) -> None:
    send(caller, x_akinon_request_id="r-1")
    assert Message.objects.get().repeat_key != without_key("r-1")


def test_a_repeat_is_found_after_the_text_is_erased(caller: Client) -> None:
    send(caller, body(isOtp=True), x_akinon_request_id="r-1")
    Message.objects.update(status="submitted", expires_at=clock.now())
    while retention.erase_due():
        pass
    assert Message.objects.get().text is None
    assert send(caller, body(isOtp=True), x_akinon_request_id="r-1").status_code == 201
    assert Message.objects.count() == 1


def test_the_key_of_an_erased_text_goes_after_a_day(caller: Client) -> None:
    send(caller, body(isOtp=True), x_akinon_request_id="r-1")
    Message.objects.update(status="submitted", expires_at=clock.now())
    while retention.erase_due():
        pass
    Message.objects.update(created_at=clock.now() - timedelta(hours=24, seconds=1))
    while retention.erase_due():
        pass
    assert Message.objects.get().repeat_key is None
