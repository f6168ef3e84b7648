"""Delivery reports from polls: which states end polling, and what an error does."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from django.db import OperationalError

from providers.base import HttpResponse, MessageState, Report
from sms.models import Alert, Attempt, Provider, ProviderState
from sms.services.database import clock
from sms.services.dispatch import poll
from sms.services.queue import queue_state
from sms.services.reports import apply
from tests.sms.services.fakes import PolledVendor, TextVendor
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
