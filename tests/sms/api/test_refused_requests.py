"""The record of rejected calls."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from sms.models import RefusalCount, RefusedRequest
from sms.services.intake import rejections
from tests.sms import cast
from tests.sms.cast import body, send


def test_a_refusal_is_found_by_its_client_request_id_and_number(caller: Client) -> None:
    send(caller, body(to=cast.TEMPLATE_TO, text="Your parcel 1234 is lost"), x_akinon_request_id="r-1")
    kept = RefusedRequest.objects.get()
    assert (kept.client.username, kept.request_id) == ("akinon", "r-1")
    assert (kept.http_status, kept.code, kept.field) == (422, "template_not_matched", "text")
    assert (kept.sender, kept.to) == ("AKINON", cast.TEMPLATE_TO)


def test_the_shape_hides_every_digit_and_is_kept_only_where_it_helps(caller: Client) -> None:
    send(caller, body(to=cast.TEMPLATE_TO, text="Your parcel 1234 is lost"))
    shape = RefusedRequest.objects.get().shape
    assert shape == "Your parcel #### is lost"
    send(caller, body(from_="SHOP", text="Your parcel 1234 is lost"))
    assert RefusedRequest.objects.get(code="unknown_sender").shape == ""


def test_the_nearest_template_and_the_first_difference_are_told(caller: Client) -> None:
    send(caller, body(to=cast.TEMPLATE_TO, text="Hello Aysel, order 1234 is on it's way."))
    nearest = RefusedRequest.objects.get().nearest
    assert nearest.startswith("order-shipped: ")
    assert "1234" not in nearest


def test_several_faults_are_one_refusal_under_the_first(caller: Client) -> None:
    send(caller, body(from_="", to="x"))
    assert (RefusedRequest.objects.get().code, RefusedRequest.objects.get().field) == ("blank", "from")


@pytest.mark.parametrize(
    "values",
    [
        body(from_="A\x00" * 100, to="+\x00\u202e" * 100, text="\x00"),
        body(from_=7, to=["x"], text={}),
        [],
        b"\xff",
    ],
)
def test_whatever_stood_in_the_call_the_refusal_can_be_kept(caller: Client, values: Any) -> None:
    assert send(caller, values).status_code == 400
    kept = RefusedRequest.objects.get()
    assert "\x00" not in kept.sender + kept.to
    assert len(kept.sender) <= 64
    assert len(kept.to) <= 32


def test_a_minutes_surplus_is_only_counted(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "RECORDED_A_MINUTE", 3)
    for _ in range(5):
        send(caller, b"")
    counts = list(RefusalCount.objects.order_by("minute").values_list("count", flat=True))
    assert sum(counts) == 5
    assert RefusedRequest.objects.count() == sum(min(count, 3) for count in counts)


def test_strangers_and_lost_ways_leave_no_refusal(caller: Client) -> None:
    send(caller, b"", authorization=None)
    caller.get("/send-sms", headers={"authorization": cast.basic()})
    caller.get("/nowhere", headers={"authorization": cast.basic()})
    assert not RefusedRequest.objects.exists()


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("Hello WOLFRAM, order is lost", "Hello XXXXXXX, order is xxxx"),
        ("hello wolfram, order on its way", "hello xxxxxxx, order on its way"),
        ("Hello W-O-L-F, order", "Hello X-X-X-X, order"),
        ("Hello a1way, order 1234", "Hello x#xxx, order ####"),
        ("Hello Şifrə, order", "Hello Xxxxx, order"),
        ("Hello 'way', order parol:gizli", "Hello 'way', order xxxxx:xxxxx"),
    ],
)
def test_of_a_one_time_password_only_the_words_of_templates_are_kept(caller: Client, text: str, shape: str) -> None:
    send(caller, body(to=cast.TEMPLATE_TO, text=text, isOtp=True))
    assert RefusedRequest.objects.get().shape == shape


@pytest.mark.parametrize(
    "text",
    [
        "Hello Aysel, order 1234 is on its way. WOLFRAM",
        "WOLFRAM Hello Aysel, order 1234 is on its way.",
        "Hello Aysel, order WOLFRAM is not on its way.",
        "Hello Aysel, the wolfram order 1234 is on its way.",
        "Hello Aysel, order 1234 is on its way. It is WOLFRAM",
        "Hello Aysel, order 1234 is on its way. Long words: WOLFRAM",
        "Tied WOLFRAM WOLFRAM",
    ],
)
def test_the_difference_quotes_no_word_of_a_one_time_password(caller: Client, text: str) -> None:
    send(caller, body(to=cast.TEMPLATE_TO, text=text, isOtp=True))
    kept = RefusedRequest.objects.get()
    assert "wolf" not in (kept.nearest + kept.shape).lower()
    assert "WO" not in kept.nearest
