"""POST /messages/<id>/outcome, and by request id: what a client reports of its message."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.forms.models import model_to_dict
from django.test import Client

from sms.domain.ids import uuid7
from sms.models import ApiClient, Attempt, BlockedNumber, Message, MessageOutcome, RefusedRequest
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.intake import client_outcomes
from tests.sms import cast
from tests.sms.cast import errors, send

AUTH = {"authorization": cast.basic()}
OUTCOMES = ("not_received", "used", "unsubscribed")


@pytest.fixture
def message(caller: Client) -> Message:
    send(caller, x_akinon_request_id="r-1")
    return Message.objects.get()


def post(caller: Client, path: str, body: Any, *, auth: Any = AUTH, content_type: str = "application/json") -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return caller.post(path, raw, content_type=content_type, headers=auth)


def report(caller: Client, message: Message, outcome: Any) -> Any:
    return post(caller, f"/messages/{message.pk}/outcome", {"outcome": outcome})


def attempt(message: Message, number: int, outcome: str | None) -> Attempt:
    at = clock.now()
    return Attempt.objects.create(
        id=uuid7(int(at.timestamp() * 1000), number),
        message=message,
        number=number,
        provider=message.provider,
        lease_token=uuid.uuid4(),
        outcome=outcome,
        started_at=at,
    )


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(
    "path", ["/messages/{id}/outcome", "/messages/{id}/outcome/", "/messages/outcome?request_id=r-1"]
)
def test_an_outcome_is_kept_and_the_same_call_is_the_same_answer(
    caller: Client, message: Message, path: str, outcome: str
) -> None:
    answers = [post(caller, path.format(id=message.pk), {"outcome": outcome, "campaign": 7}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    kept = MessageOutcome.objects.get()
    assert (kept.message_id, kept.outcome) == (message.pk, outcome)
    at = kept.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert answers[0].json() == {"id": str(message.pk), "outcome": outcome, "reported_at": at}


@pytest.mark.parametrize("first", OUTCOMES)
@pytest.mark.parametrize("second", OUTCOMES)
def test_the_strongest_is_kept_in_any_order(caller: Client, message: Message, first: str, second: str) -> None:
    report(caller, message, first)
    kept = report(caller, message, second).json()["outcome"]
    assert kept == max(first, second, key=OUTCOMES.index)
    assert MessageOutcome.objects.get().outcome == kept


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_message_stays_as_it_is_and_no_number_is_blocked(caller: Client, message: Message, outcome: str) -> None:
    for status in ("queued", "unconfirmed", "delivered", "failed"):
        Message.objects.update(status=status)
        before = model_to_dict(Message.objects.get())
        assert report(caller, message, outcome).status_code == 200
        assert model_to_dict(Message.objects.get()) == before
    assert not Attempt.objects.exists()
    assert not BlockedNumber.objects.exists()


@pytest.mark.parametrize(
    ("outcomes", "counted"),
    [
        ([], None),
        (["accepted"], 1),
        (["unconfirmed", "accepted"], 2),
        (["accepted", "refused"], 1),
        (["unconfirmed", "unavailable", "misconfigured"], 1),
        (["refused"], None),
        (["unconfirmed", None], 2),
    ],
)
def test_it_counts_for_the_last_attempt_that_may_have_been_sent(
    caller: Client, message: Message, outcomes: list[str | None], counted: int | None
) -> None:
    for number, outcome in enumerate(outcomes, 1):
        attempt(message, number, outcome)
    report(caller, message, "used")
    found = MessageOutcome.objects.get().attempt
    assert (found.number if found else None) == counted


def test_a_stronger_outcome_counts_for_the_attempt_of_then(caller: Client, message: Message) -> None:
    attempt(message, 1, "accepted")
    report(caller, message, "not_received")
    last = attempt(message, 2, "accepted")
    report(caller, message, "not_received")
    assert MessageOutcome.objects.get().attempt.number == 1
    report(caller, message, "used")
    assert MessageOutcome.objects.get().attempt == last


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "required", "outcome")),
        ({"outcome": None}, (400, "required", "outcome")),
        ({"outcome": True}, (400, "invalid_type", "outcome")),
        ({"outcome": ["used"]}, (400, "invalid_type", "outcome")),
        ({"outcome": ""}, (400, "invalid_parameter", "outcome")),
        ({"outcome": "read"}, (400, "invalid_parameter", "outcome")),
        ({"outcome": "USED"}, (400, "invalid_parameter", "outcome")),
        ({"outcome": "used\u0000"}, (400, "invalid_parameter", "outcome")),
        ({"outcome": "x" * 60_000}, (400, "invalid_parameter", "outcome")),
        (b"", (400, "malformed_json", "")),
        (b"[]", (400, "malformed_json", "")),
        (b'{"outcome": "used", "outcome": "used"}', (400, "malformed_json", "")),
        (b'{"outcome": "' + b"x" * 65_536 + b'"}', (413, "payload_too_large", "")),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(caller: Client, message: Message, body: Any, expected: Any) -> None:
    for path in (f"/messages/{message.pk}/outcome", "/messages/outcome?request_id=r-1"):
        assert errors(post(caller, path, body)) == [expected]
    assert not MessageOutcome.objects.exists()


def test_another_content_type_and_method_are_refused(caller: Client, message: Message) -> None:
    path = f"/messages/{message.pk}/outcome"
    answer = post(caller, path, {"outcome": "used"}, content_type="text/xml")
    assert errors(answer) == [(415, "unsupported_media_type", "")]
    for each in (path, "/messages/outcome"):
        answer = caller.get(each, headers=AUTH)
        assert (errors(answer), answer["Allow"]) == ([(405, "method_not_allowed", "")], "POST")


def test_other_clients_messages_and_unknown_ones_get_the_same_bytes(caller: Client, message: Message) -> None:
    cast.client("other", "another-made-up-secret")
    snapshot.reset_cache()
    other = {"authorization": cast.basic("other", "another-made-up-secret")}
    paths = [f"/messages/{message.pk}/outcome", f"/messages/{uuid.uuid4()}/outcome"]
    paths += [f"/messages/outcome?request_id={name}" for name in ("r-1", "r-2")]
    answers = [post(caller, path, {"outcome": "used"}, auth=other) for path in paths]
    assert errors(answers[0]) == [(404, "not_found", "")]
    assert len({answer.content for answer in answers}) == 1
    assert not MessageOutcome.objects.exists()


def test_it_needs_credentials_and_the_permission_to_read_messages(caller: Client, message: Message) -> None:
    path = f"/messages/{message.pk}/outcome"
    assert errors(post(caller, path, {"outcome": "used"}, auth={})) == [(401, "unauthorized", "")]
    ApiClient.objects.update(read_messages=False)
    snapshot.reset_cache()
    assert errors(report(caller, message, "used")) == [(403, "forbidden", "")]
    assert not MessageOutcome.objects.exists()


def test_a_body_that_cannot_be_read_is_named_before_the_query(caller: Client, message: Message) -> None:
    """In the order of every endpoint: the body, then the fields."""
    assert errors(post(caller, "/messages/outcome", b"[")) == [(400, "malformed_json", "")]
    assert errors(post(caller, "/messages/outcome", b"{}", content_type="text/xml"))[0][0] == 415


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_stored", [False, True])
def test_a_message_that_is_deleted_during_the_call_is_not_found(
    caller: Client, message: Message, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    """As retention and `forget_number` do."""
    if is_stored:
        report(caller, message, "not_received")
    found = client_outcomes._last_sent
    monkeypatch.setattr(client_outcomes, "_last_sent", lambda pk: Message.objects.all().delete() and found(pk))
    assert errors(report(caller, message, "used")) == [(404, "not_found", "")]
    assert not MessageOutcome.objects.exists()


@pytest.mark.parametrize("query", ["", "?request_id=", "?request_id=r-1&request_id=r-1", "?id=r-1"])
def test_exactly_one_request_id_is_needed(caller: Client, message: Message, query: str) -> None:
    answer = post(caller, f"/messages/outcome{query}", {"outcome": "used"})
    assert errors(answer) == [(400, "invalid_parameter", "request_id")]
    assert RefusedRequest.objects.get().field == "request_id"


def test_a_request_id_of_several_messages_names_none(caller: Client, message: Message) -> None:
    send(caller, cast.body(to=cast.TEMPLATE_TO), x_akinon_request_id="r-1")
    answer = post(caller, "/messages/outcome?request_id=r-1", {"outcome": "used"})
    assert errors(answer) == [(400, "invalid_parameter", "request_id")]
    assert "use POST /messages/<id>/outcome" in answer.json()["errors"][0]["message"]
    assert not MessageOutcome.objects.exists()


def test_it_is_deleted_with_its_message(caller: Client, message: Message) -> None:
    attempt(message, 1, "accepted")
    report(caller, message, "used")
    message.delete()
    assert not MessageOutcome.objects.exists()
