"""Polls by the vendor's rules: several messages at once, by number, from a queue, at a rate, until an end."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import chain

import pytest
from django.db import DataError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from providers.answers import by_status
from providers.base import (
    Failure,
    HttpRequest,
    HttpResponse,
    MessageState,
    Polls,
    Report,
    Unconfirmed,
)
from sms.models import Alert, Attempt, Callback, DeliveryReport, Message, Provider, ProviderState
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import poll
from sms.services.queue import queue_state
from sms.services.reports import receive
from sms.services.worker import engine
from tests.sms.services.fakes import PolledVendor, error
from tests.sms.services.reports.calls import status
from tests.support.waiting import eventually

HOST = "polled.example"
AGAIN = timedelta(seconds=50)
"""In place of a second, in which a slow machine would ask again within a test."""


def poll_request(self, *asked):
    return HttpRequest("POST", f"{self.base_url}/poll", (), " ".join(each.vendor_id for each in asked).encode())


def poll_outcome(self, response):
    """A list of reports as they stand in the fake's JSON."""
    if response.status // 100 != 2:
        raise by_status(response)
    try:
        found = json.loads(response.body or b"[]")
    except ValueError:
        raise by_status(response) from None
    return [Report(MessageState(each.pop("state")), **each) for each in found]


@pytest.fixture
def vendor(shop, monkeypatch):
    """Sets the rules of the polled vendor, which answers with a list."""
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url=f"https://{HOST}")
    shop.set_route(provider)
    monkeypatch.setattr(PolledVendor, "poll_request", poll_request)
    monkeypatch.setattr(PolledVendor, "poll_outcome", poll_outcome)
    monkeypatch.setattr(poll, "AT_ONCE_AGAIN", AGAIN)

    def set_rules(**rules):
        monkeypatch.setattr(PolledVendor, "polls", Polls(**rules))
        return provider

    return set_rules


def sent(shop, wire, work, *ids, **columns):
    """Messages that the vendor accepted with these ids; their polls are due."""
    numbers = columns.pop("numbers", [f"+99450111000{number}" for number in range(len(ids))])
    messages = []
    for vendor_id, number in zip(ids, numbers, strict=True):
        wire.script(HOST, HttpResponse(200, body=vendor_id.encode()))
        messages.append(shop.message(to=number))
        work()
    wire.calls.clear()
    due()
    return messages


def due():
    Attempt.objects.filter(poll_at__isnull=False).update(poll_at=clock.now())


def answer(*reports, status=200):
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(reports).encode())


def polled(wire):
    return [sorted(call.body.decode().split()) for call in wire.calls if call.url.endswith("/poll")]


def test_one_call_asks_for_several_messages(shop, vendor, wire, work):
    vendor(at_once=2)
    one, two, three = sent(shop, wire, work, "V-1", "V-2", "V-3")
    said = [{"state": "delivered", "vendor_id": "V-1"}, {"state": "undelivered", "vendor_id": "V-2"}]
    wire.always[HOST] = answer(*said, {"state": "delivered", "vendor_id": "V-3"})
    work()
    assert sorted(map(len, polled(wire))) == [1, 2]
    assert sorted(chain(*polled(wire))) == ["V-1", "V-2", "V-3"]
    assert [status(each) for each in (one, two, three)] == ["delivered", "undelivered", "delivered"]
    assert not Attempt.objects.filter(poll_at__isnull=False).exists()


def test_an_answer_by_numbers_finds_each_message(shop, vendor, wire, work):
    vendor(at_once=5)
    one, two = sent(shop, wire, work, "V-1", "V-2")
    wire.script(HOST, answer({"state": "delivered", "to": one.to.lstrip("+")}, {"state": "sent", "to": two.to}))
    work()
    assert (status(one), status(two)) == ("delivered", "sent")
    waiting = Attempt.objects.get(poll_at__isnull=False)
    assert waiting.message_id == two.pk


UNUSABLE_REPORTS = [
    [{"state": "delivered", "vendor_id": "V-9"}],
    [{"state": "delivered", "reference": "made-up"}],
    [{"state": "delivered", "to": "994501119999"}],
    [{"state": "delivered"}],
    [{"state": "unknown", "vendor_id": "V-1"}],
    [],
]


@pytest.mark.parametrize("said", UNUSABLE_REPORTS)
def test_what_was_not_asked_for_changes_nothing(shop, vendor, wire, work, said):
    vendor(at_once=5)
    messages = sent(shop, wire, work, "V-1", "V-2")
    wire.script(HOST, answer(*said))
    work()
    assert {status(each) for each in messages} == {"submitted"}
    assert Attempt.objects.filter(poll_at__gt=clock.now()).count() == 2


def test_a_report_about_another_message_is_logged(shop, vendor, wire, work):
    vendor(at_once=5)
    sent(shop, wire, work, "V-1", "V-2")
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-9"}))
    with capture_logs() as logs:
        work()
    assert [line["provider"] for line in logs if line["event"] == "poll.unmatched"] == ["polled"]


@pytest.mark.parametrize("delays", [(0,), (-5,), (1, 0)])
def test_a_vendor_is_not_asked_again_at_once(shop, vendor, wire, work, monkeypatch, delays):
    monkeypatch.setattr(PolledVendor, "poll_delays", lambda self: delays)
    vendor()
    sent(shop, wire, work, "V-1")
    Attempt.objects.update(polls=5)
    [attempt] = Attempt.objects.all()
    now = clock.now()
    account = snapshot.current().accounts[attempt.provider_id]
    assert poll._next(account, attempt, now) == now + timedelta(seconds=1)


def test_two_messages_to_one_number_are_not_told_apart_by_it(shop, vendor, wire, work):
    vendor(at_once=5)
    messages = sent(shop, wire, work, "V-1", "V-2", numbers=["+994501110001"] * 2)
    wire.script(HOST, answer({"state": "delivered", "to": "994501110001"}))
    work()
    assert {status(each) for each in messages} == {"submitted"}


def test_an_unconfirmed_call_is_asked_for_where_the_vendor_needs_no_id(shop, vendor, wire, work):
    vendor(needs_id=False)
    wire.script(HOST, error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    message = shop.message()
    work()
    assert status(message) == "unconfirmed"
    due()
    wire.script(HOST, answer({"state": "delivered", "reference": str(message.attempts.get().pk)}))
    work()
    assert status(message) == "delivered"


def test_an_unconfirmed_call_is_not_asked_for_where_the_vendor_needs_its_id(shop, vendor, wire, work):
    vendor()
    wire.script(HOST, error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    shop.message()
    work()
    assert Attempt.objects.get().poll_at is None


# --- rate and end --------------------------------------------------------------------------


def test_a_vendor_that_takes_few_polls_gets_one_at_a_time(shop, vendor, wire, work):
    provider = vendor(per_minute=10)
    sent(shop, wire, work, "V-1", "V-2", "V-3")
    now = clock.now()
    work()
    work()
    assert len(polled(wire)) == 1
    state = ProviderState.objects.get(provider=provider)
    assert 5 <= (state.next_poll_at - now).total_seconds() <= 7
    due()
    ProviderState.objects.update(next_poll_at=clock.now())
    work()
    assert len(polled(wire)) == 2


def test_two_dispatchers_share_the_rate(shop, vendor, wire, work):
    vendor(per_minute=10)
    sent(shop, wire, work, "V-1", "V-2")
    queue = queue_state.read_queue()
    assert [len(poll.take(queue, 8)) for _ in range(3)] == [1, 0, 0]


def test_until_its_next_poll_nothing_is_read_for_a_vendor_that_takes_few(shop, vendor, wire, work):
    vendor(per_minute=10)
    sent(shop, wire, work, "V-1", "V-2")
    work()
    due()
    queue = queue_state.read_queue()
    with CaptureQueriesContext(connection) as queries:
        assert poll.take(queue, 8) == []
    assert [each["sql"] for each in queries if "sms_attempt" in each["sql"] or "sms_providerstate" in each["sql"]] == []


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, 60), ({"retry-after": "120"}, 120), ({"retry-after": "9" * 9}, 3600)]
)
def test_after_an_answer_of_too_many_calls_a_vendor_is_not_asked_for_a_while(
    shop, vendor, wire, work, headers, seconds
):
    provider = vendor(per_minute=60)
    sent(shop, wire, work, "V-1")
    wire.script(HOST, HttpResponse(429, headers))
    now = clock.now()
    work()
    wait = ProviderState.objects.get(provider=provider).next_poll_at - now
    assert seconds - 1 <= wait.total_seconds() <= seconds + 30
    assert Attempt.objects.get().poll_at is not None


@pytest.mark.parametrize(("age", "goes_on"), [(timedelta(hours=1), True), (timedelta(hours=25), False)])
def test_polling_ends_when_the_vendor_no_longer_knows(shop, vendor, wire, work, age, goes_on):
    vendor(until=timedelta(hours=24))
    sent(shop, wire, work, "V-1")
    Attempt.objects.update(finished_at=clock.now() - age, polls=9)
    work()
    assert (Attempt.objects.get().poll_at is not None) == goes_on


# --- queues --------------------------------------------------------------------------------


def queued(shop, vendor, wire, work, *ids, **rules):
    vendor(at_once=None, consumes=True, **rules)
    return sent(shop, wire, work, *ids)


def test_a_queue_is_asked_once_for_all_that_is_due_and_read_from_the_database(shop, vendor, wire, work):
    one, two = queued(shop, vendor, wire, work, "V-1", "V-2")
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-1"}))
    work()
    assert len(polled(wire)) == 1
    stored = Callback.objects.get()
    assert (stored.method, bytes(stored.body)) == ("POLL", answer({"state": "delivered", "vendor_id": "V-1"}).body)
    receive.read_pending()
    assert (status(one), status(two)) == ("delivered", "submitted")
    assert DeliveryReport.objects.get().is_poll
    assert Attempt.objects.get(message=one).poll_at is None


def test_a_crash_between_storing_and_applying_loses_nothing(shop, vendor, wire, work, monkeypatch):
    [message] = queued(shop, vendor, wire, work, "V-1")
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-1"}))
    with monkeypatch.context() as patched:
        patched.setattr(poll, "settle", lambda results: 1 / len(()) if results else None)
        patched.setattr(receive, "read_pending", lambda *_, **__: 0)
        with pytest.raises(ZeroDivisionError):
            work()
    receive.read_pending()
    assert status(message) == "delivered"


def test_an_answer_that_the_database_does_not_take_at_first_is_stored_later(shop, vendor, wire, work, monkeypatch):
    [message] = queued(shop, vendor, wire, work, "V-1")
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-1"}))
    real, failures = receive.store_answer, []

    def fails_once(*words):
        if not failures:
            failures.append(words)
            raise OperationalError("gone")
        real(*words)

    monkeypatch.setattr(receive, "store_answer", fails_once)
    monkeypatch.setattr(engine, "RETRY_SECONDS", 0.0)
    dispatcher = engine.Engine(slots=4)
    eventually(lambda: dispatcher._turn_safely(0.05) or Callback.objects.exists())
    dispatcher.finish()
    receive.read_pending()
    assert status(message) == "delivered"


def test_an_answer_that_can_not_be_stored_delays_no_other_result(shop, vendor, wire, work, monkeypatch):
    [one] = queued(shop, vendor, wire, work, "V-1")

    def refuses(*words):
        raise DataError("not a value of this column")

    monkeypatch.setattr(receive, "store_answer", refuses)
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-1"}))
    work()
    assert status(one) == "submitted"
    wire.script(HOST, HttpResponse(200, body=b"V-2"))
    another = shop.message("Salam 2")
    work()
    assert status(another) == "submitted"


def test_an_answer_stored_twice_is_one(shop, vendor, wire, work):
    provider = vendor(at_once=None, consumes=True)
    for _ in range(2):
        receive.store_answer(provider.pk, "key", answer({"state": "delivered", "vendor_id": "V-1"}))
    assert Callback.objects.get().count == 2
    receive.store_answer(provider.pk, "another", answer({"state": "delivered", "vendor_id": "V-1"}))
    assert Callback.objects.count() == 2


def test_a_queue_that_was_not_empty_is_asked_again_at_once(shop, vendor, wire, work):
    queued(shop, vendor, wire, work, "V-1", "V-2")
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-1"}))
    work()
    assert Attempt.objects.latest("id").poll_at <= clock.now() + AGAIN
    due()
    wire.script(HOST, answer())
    work()
    assert Attempt.objects.latest("id").poll_at >= clock.now() + timedelta(seconds=60)


def test_a_list_that_the_vendor_keeps_is_asked_for_at_the_usual_times(shop, vendor, wire, work):
    vendor(at_once=None)
    sent(shop, wire, work, "V-1")
    wire.script(HOST, answer({"state": "sent", "vendor_id": "V-1"}))
    work()
    attempt = Attempt.objects.get()
    assert attempt.poll_at >= clock.now() + timedelta(seconds=60)
    assert attempt.polls == 1


@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(hours=73)])
def test_polling_a_queue_that_is_never_empty_ends_like_any_other(shop, vendor, wire, work, age):
    queued(shop, vendor, wire, work, "V-1")
    Attempt.objects.update(finished_at=clock.now() - age, polls=32767)
    wire.script(HOST, answer({"state": "sent", "vendor_id": "V-other"}))
    work()
    attempt = Attempt.objects.get()
    assert (attempt.poll_at is None) == (age > timedelta(hours=72))
    assert attempt.polls in (32766, 32767)


UNREADABLE = [HttpResponse(200, {}, b"half of [it"), HttpResponse(202, {}, b"\xff\x00"), HttpResponse(207, {}, b"<x/>")]


@pytest.mark.parametrize("said", UNREADABLE)
def test_an_answer_that_can_not_be_read_is_kept_with_a_note(shop, vendor, wire, work, said):
    [message] = queued(shop, vendor, wire, work, "V-1")
    wire.script(HOST, said)
    work()
    receive.read_pending()
    stored = Callback.objects.get()
    assert (bytes(stored.body), stored.note[:17]) == (said.body, "could not be read")
    assert status(message) == "submitted"


LOST = [HttpResponse(200, {}, b"", unreadable=40), error(Unconfirmed, Failure.AMBIGUOUS, "oversize")]


@pytest.mark.parametrize("said", LOST)
def test_an_answer_that_can_not_be_kept_raises_an_alert(shop, vendor, wire, work, said):
    queued(shop, vendor, wire, work, "V-1")
    wire.script(HOST, said)
    work()
    assert not Callback.objects.exists()
    assert Alert.objects.filter(key="unread-report:polled", closed_at=None).exists()


@pytest.mark.parametrize("said", [HttpResponse(200), HttpResponse(401, {}, b"[]"), HttpResponse(500, {}, b"[]")])
def test_an_answer_with_nothing_in_it_is_not_stored(shop, vendor, wire, work, said):
    queued(shop, vendor, wire, work, "V-1")
    wire.script(HOST, said)
    work()
    assert not Callback.objects.exists()
    assert not Alert.objects.filter(key__startswith="unread-report").exists()


def test_a_queue_may_name_our_reference_or_a_message_that_is_not_ours(shop, vendor, wire, work):
    [message] = queued(shop, vendor, wire, work, "V-1")
    mine = {"state": "delivered", "reference": str(message.attempts.get().pk)}
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-other"}, mine))
    work()
    receive.read_pending()
    assert status(message) == "delivered"
    assert DeliveryReport.objects.get(vendor_message_id="V-other").is_waiting


def test_an_otp_whose_text_is_erased_leaves_no_answer_behind(shop, vendor, wire, work):
    vendor(at_once=None, consumes=True)
    wire.script(HOST, HttpResponse(200, body=b"V-1"))
    message = shop.message("Kod: 004217", is_otp=True)
    work()
    due()
    wire.script(HOST, answer({"state": "delivered", "vendor_id": "V-1", "detail": "Kod: 004217"}))
    work()
    receive.read_pending()
    assert Message.objects.get(pk=message.pk).text is None
    assert not Callback.objects.exclude(body=None).exists()
    assert "004217" not in DeliveryReport.objects.get().detail
