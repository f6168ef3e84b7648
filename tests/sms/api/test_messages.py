"""GET /messages and GET /messages/<id>: a client's own messages, newest first."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from sms.domain.lifecycle import ReportState
from sms.models import ApiClient, Attempt, DeliveryReport, Message, RefusedRequest
from sms.services.configuration import snapshot
from sms.services.database import clock
from tests.sms import cast
from tests.sms.cast import body, errors, send

AUTH = {"authorization": cast.basic()}


def get(caller: Client, path: str = "/messages", **query: Any) -> Any:
    return caller.get(path, query, headers=AUTH)


def test_a_message_looks_as_the_interface_says(caller: Client) -> None:
    send(caller, body(to=cast.TEMPLATE_TO), x_akinon_request_id="r-1")
    message = Message.objects.get()
    attempt = Attempt.objects.create(
        id=uuid.uuid4(),
        message=message,
        number=1,
        provider=message.provider,
        lease_token=uuid.uuid4(),
        outcome="accepted",
        code="100",
        detail="OK",
        started_at=clock.now(),
        finished_at=clock.now(),
    )
    DeliveryReport.objects.create(
        provider=message.provider,
        attempt=attempt,
        message=message,
        status=ReportState.DELIVERED,
        code="0",
        detail="",
        applied=True,
        received_at=clock.now(),
    )
    found = get(caller).json()
    assert found["next"] is None
    (shown,) = found["results"]
    assert get(caller, f"/messages/{message.id}").json() == shown
    assert get(caller, f"/messages/{message.id}/").json() == shown
    for holder in (shown, *shown["attempts"], *shown["reports"]):
        for key in [k for k in holder if k.endswith("_at")]:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", holder.pop(key))
    assert shown == {
        "id": str(message.id),
        "request_id": "r-1",
        "from": "AKINON",
        "to": cast.TEMPLATE_TO,
        "text": cast.TEXT,
        "is_otp": False,
        "status": "queued",
        "provider": "only",
        "template": "order-shipped",
        "template_version": 1,
        "parameters": {"name": "Aysel", "order": "1234"},
        "encoding": "GSM-7",
        "segments": 1,
        "attempts": [
            {
                "id": str(attempt.id),
                "provider": "only",
                "outcome": "accepted",
                "code": "100",
                "detail": "OK",
                "vendor_message_id": "",
            }
        ],
        "reports": [{"provider": "only", "status": "delivered", "code": "0", "detail": "", "applied": True}],
    }


def test_a_free_text_has_no_template_and_no_parameters(caller: Client) -> None:
    send(caller)
    (shown,) = get(caller).json()["results"]
    assert (shown["template"], shown["parameters"], shown["text"]) == (None, {}, cast.TEXT)


def test_an_otps_text_and_parameters_are_never_shown(caller: Client) -> None:
    send(caller, body(to=cast.TEMPLATE_TO, isOtp=True))
    (shown,) = get(caller).json()["results"]
    assert (shown["text"], shown["parameters"]) == (None, None)


def test_erased_ones_are_null(caller: Client) -> None:
    send(caller)
    Message.objects.update(text=None, parameters=None)
    (shown,) = get(caller).json()["results"]
    assert (shown["text"], shown["parameters"]) == (None, None)


def test_pages_follow_each_other_newest_first_without_gap_or_overlap(caller: Client) -> None:
    for number in range(5):
        send(caller, x_akinon_request_id=f"r-{number}")
    seen, cursor = [], None
    for _ in range(3):
        page = get(caller, limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [message["request_id"] for message in page["results"]]
        cursor = page["next"]
    assert seen == ["r-4", "r-3", "r-2", "r-1", "r-0"]
    assert cursor is None


def test_fifty_are_usual_and_two_hundred_the_most(caller: Client) -> None:
    for _ in range(51):
        send(caller)
    assert len(get(caller).json()["results"]) == 50
    assert len(get(caller, limit=200).json()["results"]) == 51


def test_the_filters_filter(caller: Client) -> None:
    send(caller, x_akinon_request_id="r-1")
    send(caller, body(to=cast.TEMPLATE_TO), x_akinon_request_id="a b")
    Message.objects.filter(request_id="r-1").update(status="failed")

    def found(**query: Any) -> list[str]:
        return [message["to"] for message in get(caller, **query).json()["results"]]

    assert found(request_id="r-1") == [cast.FREE_TO]
    assert found(request_id="a b") == [cast.TEMPLATE_TO]
    assert found(request_id="r-2") == []
    assert found(to=cast.FREE_TO) == found(to=cast.FREE_TO[1:]) == [cast.FREE_TO]
    assert caller.get(f"/messages?to={cast.FREE_TO}", headers=AUTH).json()["results"][0]["to"] == cast.FREE_TO
    assert found(status="failed") == [cast.FREE_TO]
    assert found(status="queued", to=cast.FREE_TO) == []
    assert len(found(campaign="7")) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=", "limit"),
        ("status=gone", "status"),
        ("status=", "status"),
        ("to=0712", "to"),
        ("to=%00", "to"),
        ("request_id=", "request_id"),
        ("cursor=x", "cursor"),
        ("cursor=" + "g" * 32, "cursor"),
        ("cursor=" + "%D9%A1" * 32, "cursor"),
        ("cursor=1_" + "1" * 30, "cursor"),
        ("cursor=%2B" + "1" * 31, "cursor"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_a_bad_parameter_is_named(caller: Client, query: str, field: str) -> None:
    assert errors(caller.get(f"/messages?{query}", headers=AUTH)) == [(400, "invalid_parameter", field)]
    assert RefusedRequest.objects.get().field == field


def test_other_clients_messages_do_not_exist(caller: Client) -> None:
    send(caller)
    cast.client("other", "another-made-up-secret")
    snapshot.reset_cache()
    other = {"authorization": cast.basic("other", "another-made-up-secret")}
    assert caller.get("/messages", headers=other).json()["results"] == []
    assert errors(caller.get(f"/messages/{Message.objects.get().id}", headers=other)) == [(404, "not_found", "")]
    assert errors(get(caller, f"/messages/{uuid.uuid4()}")) == [(404, "not_found", "")]


def test_a_client_that_may_not_read_is_403(caller: Client) -> None:
    ApiClient.objects.update(read_messages=False)
    snapshot.reset_cache()
    assert errors(get(caller)) == [(403, "forbidden", "")]
    assert RefusedRequest.objects.get().code == "forbidden"
    assert send(caller).status_code == 201


def test_without_credentials_it_is_401(caller: Client) -> None:
    assert errors(caller.get("/messages")) == [(401, "unauthorized", "")]
    assert errors(caller.get(f"/messages/{uuid.uuid4()}")) == [(401, "unauthorized", "")]


def test_head_is_get_without_its_body(caller: Client) -> None:
    response = caller.head("/messages", headers=AUTH)
    assert (response.status_code, response.content) == (200, b"")
    assert int(response["Content-Length"]) > 0


def test_a_page_costs_a_fixed_number_of_queries(caller: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(10):
        send(caller)
    with django_assert_max_num_queries(5):
        get(caller)
