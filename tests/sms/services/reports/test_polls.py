"""Delivery reports from polls: which states end polling, and what an error does."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from providers.base import Failure, HttpResponse, MessageState, Misconfigured, Polls, Report, Unconfirmed
from sms.models import Alert, Attempt, Message, Provider, ProviderState
from sms.services.database import clock
from sms.services.dispatch import poll, rescue
from sms.services.queue import queue_state
from sms.services.reports import apply
from tests.sms.services.fakes import PolledVendor, TextVendor, error
from tests.sms.services.reports.calls import call, receive, status


@pytest.fixture
def polled(shop, wire, work):
    """A message that its vendor took and is asked for."""
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(provider)
    message = shop.message()
    wire.script("polled.example", HttpResponse(200, body=b"V-1"))
    work()
    return message


def ask(wire, work, answer):
    """The vendor answers the next question for the state so."""
    Attempt.objects.update(poll_at=clock.now())
    wire.script("polled.example", answer)
    work()


@pytest.mark.parametrize(("word", "ends"), [("delivered", True), ("undelivered", True), ("sent", False)])
def test_polling_ends_with_a_final_state(polled, wire, work, word, ends):
    ask(wire, work, HttpResponse(200, body=word.encode()))
    assert status(polled) == word
    assert (polled.attempts.get().poll_at is None) == ends


def test_polling_goes_on_after_a_state_that_may_change(polled, wire, work, monkeypatch):
    answer = Report(MessageState.UNDELIVERED, final=False)
    with monkeypatch.context() as patched:
        patched.setattr(PolledVendor, "poll_outcome", lambda self, response: [answer])
        ask(wire, work, HttpResponse(200))
    assert (status(polled), polled.attempts.get().poll_at is None) == ("undelivered", False)
    ask(wire, work, HttpResponse(200, body=b"delivered"))
    assert (status(polled), polled.attempts.get().poll_at) == ("delivered", None)


@pytest.mark.parametrize("word", ["delivered", "undelivered"])
def test_after_a_database_error_a_final_state_is_asked_for_again(polled, wire, work, monkeypatch, word):
    with monkeypatch.context() as patched:
        patched.setattr(apply, "apply_reports", Mock(side_effect=OperationalError))
        with pytest.raises(OperationalError):
            ask(wire, work, HttpResponse(200, body=word.encode()))
    assert polled.attempts.get().poll_at is not None
    ask(wire, work, HttpResponse(200, body=word.encode()))
    assert (status(polled), polled.attempts.get().poll_at) == (word, None)


@pytest.mark.parametrize("word", ["delivered", "undelivered"])
def test_a_final_report_ends_polling_though_a_poll_is_in_flight(polled, wire, work, word):
    def reported_meanwhile(request):
        receive(polled.attempts.get().provider_id, None, body=f"id=V-1&state={word}".encode())
        return HttpResponse(200)

    ask(wire, work, reported_meanwhile)
    assert (status(polled), polled.attempts.get().poll_at) == (word, None)


def test_a_poll_with_rejected_credentials_opens_the_breaker_and_raises_an_alert(polled, wire, work):
    ask(wire, work, HttpResponse(401))
    state = ProviderState.objects.get(provider__slug="polled")
    assert (state.breaker, state.breaker_failure, state.breaker_code) == ("open", "account", "http-401")
    assert Alert.objects.filter(key="breaker:polled", closed_at=None).exists()
    assert polled.attempts.get().poll_at is not None
    calls = len(wire.calls)
    Attempt.objects.update(poll_at=clock.now())
    work()
    assert len(wire.calls) == calls  # nothing is asked until staff act


@pytest.mark.parametrize(
    "answer", [HttpResponse(500), HttpResponse(404), HttpResponse(429), HttpResponse(200, body=b"")]
)
def test_other_bad_answers_to_a_poll_do_not_open_the_breaker(polled, wire, work, answer):
    for _ in range(6):
        ask(wire, work, answer)
    state = ProviderState.objects.get(provider__slug="polled")
    assert (state.breaker, state.bad_calls) == ("closed", 0)
    assert status(polled) == "submitted"


def test_a_bad_report_moves_the_message_to_the_next_provider_only_if_it_was_not_sent(shop, wire, work, monkeypatch):
    monkeypatch.setattr(
        TextVendor, "read_reports", lambda self, values: [Report(MessageState.UNDELIVERED, reference=values["id"])]
    )
    shop.set_route(shop.first, shop.second)
    message = shop.message()
    work()
    call(message.attempts.get(), state="undelivered")
    assert status(message) == "undelivered"


def test_a_poll_changes_the_message_and_polling_stops_when_delivered(polled, wire, work):
    message = polled
    attempt = message.attempts.get()
    assert 29 <= (attempt.poll_at - attempt.finished_at).total_seconds() <= 31
    Attempt.objects.update(poll_at=clock.now())
    wire.script("polled.example", HttpResponse(200))
    work()
    assert 100 <= (message.attempts.get().poll_at - clock.now()).total_seconds() <= 121
    Attempt.objects.update(poll_at=clock.now())
    wire.script("polled.example", HttpResponse(200, body=b"delivered"))
    work()
    assert status(message) == "delivered"
    assert message.attempts.get().poll_at is None


def test_the_polls_of_all_providers_together_use_no_more_than_the_free_slots(shop, wire, work):
    for name in ("one", "two"):
        provider = Provider.objects.create(slug=name, vendor="polledvendor", base_url=f"https://{name}.example")
        shop.set_route(provider)
        for number in range(3):
            wire.script(f"{name}.example", HttpResponse(200, body=f"{name}-{number}".encode()))
            shop.message(f"{name} {number}")
        work()
    Attempt.objects.update(poll_at=clock.now())
    queue = queue_state.read_queue()
    assert [len(poll.take(queue, limit)) for limit in (4, 4, 4)] == [4, 2, 0]


@pytest.mark.parametrize("word", ["delivered", "undelivered"])
def test_a_final_state_that_was_not_stored_is_asked_for_again(polled, wire, work, monkeypatch, word):
    def dies(*args):
        raise OperationalError("the connection is closed")

    with monkeypatch.context() as patched:
        patched.setattr(apply, "apply_polls", dies)
        with pytest.raises(OperationalError):
            ask(wire, work, HttpResponse(200, body=word.encode()))
    assert polled.attempts.get().poll_at is not None
    ask(wire, work, HttpResponse(200, body=word.encode()))
    assert (status(polled), polled.attempts.get().poll_at) == (word, None)


def test_a_question_reads_no_texts_and_no_raw_calls(polled):
    Attempt.objects.update(poll_at=clock.now())
    with CaptureQueriesContext(connection) as queries:
        assert poll.take(queue_state.read_queue(), 4)
    columns = ("raw_request", "raw_response", '"raw_text"', '"parameters"', '"sms_message"."text"')
    assert [name for name in columns for each in queries if name in each["sql"]] == []


@pytest.mark.parametrize("delete", [False, True])
def test_a_failed_poll_keeps_nothing_of_the_messages(polled, wire, work, delete):
    Message.objects.update(text="Kod 482913", parameters={"code": "482913"})

    def refuses(request):
        if delete:
            Message.objects.all().delete()
        raise Misconfigured(Failure.ACCOUNT, "made-up", "No login for the code 482913.")

    ask(wire, work, refuses)
    stored = ProviderState.objects.get(provider__slug="polled").breaker_detail
    assert stored
    assert "482913" not in stored


@pytest.fixture
def repeated(shop, wire, work, monkeypatch):
    """An unconfirmed call that is to be repeated, of a vendor that is asked by our reference."""
    monkeypatch.setattr(PolledVendor, "repeats_are_safe", True)
    monkeypatch.setattr(PolledVendor, "polls", Polls(needs_id=False))
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    Provider.objects.update(updated_at=clock.now() - timedelta(days=1))
    shop.set_route(provider, shop.first)
    wire.script("polled.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    message = shop.message()
    work()
    assert status(message) == "queued"
    return message


def test_an_unconfirmed_call_is_asked_for_though_its_repeat_falls_away(repeated, wire, work):
    Message.objects.update(expires_at=clock.now())
    rescue.expire()
    assert status(repeated) == "unconfirmed"
    ask(wire, work, HttpResponse(200, body=b"delivered"))
    assert status(repeated) == "delivered"


@pytest.mark.parametrize("state", [MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.REJECTED])
def test_answers_about_two_calls_with_one_reference_send_nothing_elsewhere(repeated, wire, work, monkeypatch, state):
    Message.objects.update(due_at=clock.now())
    wire.script("polled.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    first, second = repeated.attempts.all()
    assert None not in (first.poll_at, second.poll_at)
    monkeypatch.setattr(PolledVendor, "poll_outcome", lambda self, response: [Report(state, left=False)])
    ask(wire, work, HttpResponse(200))
    work()
    assert wire.texts("first.example") == []
    assert not Attempt.objects.filter(poll_at__isnull=False).exists()
