"""Claims: what is marked, what is given back, and what a dispatcher that dies in between leaves behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from providers.base import Failure, HttpResponse, Refused
from sms.models import ApiClient, Attempt, Message, Provider, ProviderState, RouteProvider
from sms.services.database import clock
from sms.services.dispatch import rescue
from sms.services.dispatch.claim import Claimer
from sms.services.queue import claimed_messages, outbox, queue_state
from sms.services.worker import engine as worker_engine
from tests.sms.services.fakes import error
from tests.support.waiting import eventually


def take(*, slots):
    jobs = []
    Claimer(slots).claim(jobs, queue_state.read_queue(), otp_slots=slots, other_slots=slots)
    return jobs


def state(message):
    message.refresh_from_db()
    return message.status, message.attempts_made, message.attempts.count()


def disable(*providers):
    for provider in providers:
        provider.enabled = False
        provider.save()


def make_due():
    Message.objects.filter(status="queued").update(due_at=clock.now())


def reschedule(message, attempt):
    record = {"message": message.pk, "attempt": attempt, "provider": message.provider_id}
    claimed_messages.reschedule([{**record, "due_at": clock.now(), "waiting_for": ""}])


@pytest.mark.parametrize(("otps", "others"), [(20, 20), (3, 20), (20, 3), (0, 20), (8, 0)])
def test_no_more_is_claimed_than_slots_are_free(shop, wire, otps, others):
    for number in range(otps):
        shop.message(f"Kod {number}", is_otp=True)
    for number in range(others):
        shop.message(f"Salam {number}")
    wire.always["first.example"] = lambda request: HttpResponse(200)
    engine = worker_engine.Engine(8)
    engine.turn(0.0)
    assert engine.in_flight == min(8, otps + min(others, 7))
    assert Message.objects.filter(status="sending").count() == engine.in_flight
    engine.finish()


def test_what_may_not_go_is_given_back_as_if_it_had_not_been_claimed(shop, wire, work):
    message = shop.message()
    disable(shop.first, shop.second)
    work()
    assert state(message) == ("queued", 0, 0)
    assert "disabled" in message.waiting_for
    assert (message.lease_token, message.lease_until) == (None, None)
    assert wire.calls == []


def test_what_waits_is_judged_before_it_is_claimed(shop, wire, work, monkeypatch):
    """So a dispatcher that is killed leaves no doubt about messages that wait for a template or a provider."""
    message = shop.message()
    disable(shop.first, shop.second)
    work()
    make_due()
    genuine, claimed = outbox.claim, []

    def claim(*words, **more):
        found = genuine(*words, **more)
        claimed.extend(found[0])
        return found

    monkeypatch.setattr(outbox, "claim", claim)
    work()
    assert claimed == []
    shop.second.enabled = True
    shop.second.save()
    make_due()
    work()
    assert state(message) == ("submitted", 1, 1)
    assert wire.texts("second") == ["Salam"]


def test_an_otp_that_waits_takes_none_of_the_calls_that_are_allowed_in_a_second(shop):
    Provider.objects.filter(pk=shop.first.pk).update(rate_limit=1)
    closed = ApiClient.objects.create(username="closed", secret_digest="0" * 64, enabled=False)
    waits = shop.message("Kod 1", is_otp=True, client=closed, waiting_for="The client is disabled.")
    other = shop.message("Salam")
    ProviderState.objects.update(tokens=1.0, tokens_at=clock.now())
    assert [job.message.id for job in take(slots=8)] == [other.pk]
    assert state(waits) == ("queued", 0, 0)


def test_behind_many_that_wait_the_others_are_sent(shop, wire, work):
    waiting = [shop.message(f"waits {number}", pinned_provider=shop.first) for number in range(30)]
    disable(shop.first)
    work()
    long_ago = clock.now() - timedelta(minutes=1)
    Message.objects.filter(pk__in=[each.pk for each in waiting]).update(due_at=long_ago)
    shop.first.enabled = True
    shop.first.save()
    good = shop.message("good")
    disable(shop.first)
    Message.objects.filter(pk=good.pk).update(provider=shop.second)
    work()
    assert state(good)[0] == "submitted"
    assert {state(each) for each in waiting} == {("queued", 0, 0)}


def test_given_back_with_earlier_attempts_it_keeps_their_numbers(shop, wire, work):
    message = shop.message()
    wire.script("first.example", error(Refused, Failure.RECIPIENT, "121"))
    RouteProvider.objects.filter(provider=shop.second).delete()
    Message.objects.update(decision={"candidates": [{"provider": shop.first.pk}, {"provider": shop.second.pk}]})
    disable(shop.second)
    claimed = take(slots=1)
    assert [job.message.attempts_made for job in claimed] == [1]
    claimed_messages.give_back([job.attempt for job in claimed])
    shop.second.enabled = True
    shop.second.save()
    make_due()
    work()
    assert list(message.attempts.order_by("number").values_list("number", "provider")) == [
        (1, shop.first.pk),
        (2, shop.second.pk),
    ]


def test_what_goes_out_with_another_template_says_so(shop, wire, work):
    message = shop.message(parameters={"name": "of a template that is gone"})
    work()
    message.refresh_from_db()
    assert (message.status, message.parameters, message.template_version) == ("submitted", {}, None)


@pytest.mark.parametrize("state", [{"breaker": "open"}, {"retry_at": clock.now}])
def test_nothing_is_claimed_where_the_breaker_opened_since_the_queue_was_read(shop, wire, state):
    message = shop.message()
    queue = queue_state.read_queue()
    values = {name: value() + timedelta(minutes=1) if callable(value) else value for name, value in state.items()}
    ProviderState.objects.update(**values)
    jobs = []
    Claimer(8).claim(jobs, queue, otp_slots=8, other_slots=8)
    message.refresh_from_db()
    assert (jobs, message.status, message.attempts_made) == ([], "queued", 0)


def test_a_full_dispatcher_reads_the_queue_seldom_and_again_when_notified(shop, wire, monkeypatch):
    """A notification, a failure, or a slot that stays free: each has it read the queue at its next turn."""
    for number in range(40):
        shop.message(str(number))
    genuine, read = queue_state.read_queue, []
    monkeypatch.setattr(queue_state, "read_queue", lambda: read.append(1) or genuine())
    monkeypatch.setattr(worker_engine, "QUEUE_SECONDS", 60.0)
    engine = worker_engine.Engine(8)
    for _ in range(3):
        engine.turn(0.0)
        eventually(lambda: engine._results.qsize() == engine.in_flight)
    assert len(read) == 1
    shop.message("Kod: 004217", is_otp=True)
    engine.wake()
    engine.turn(0.0)
    assert len(read) == 2
    eventually(lambda: "Kod: 004217" in wire.texts())
    engine.finish()


@pytest.fixture
def killed(shop, monkeypatch):
    """A message whose dispatcher died between the claim and giving it back."""
    message = shop.message()
    disable(shop.first, shop.second)

    def die(records):
        raise SystemExit

    with monkeypatch.context() as dies:
        dies.setattr(claimed_messages, "reschedule", die)
        with pytest.raises(SystemExit):
            take(slots=1)
    return message


def test_a_dispatcher_killed_before_it_gives_back_leaves_a_doubt_and_no_second_call(killed, wire, work):
    """The row can't say that the call was not begun: it is as any other that a killed dispatcher had claimed."""
    assert state(killed) == ("sending", 1, 1)
    Message.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert rescue.park_abandoned() == 1
    work()
    assert state(killed) == ("unconfirmed", 1, 1)
    assert wire.calls == []


def test_what_a_sweep_has_parked_is_not_given_back(killed, wire):
    """A dispatcher that was frozen in between gives back too late."""
    attempt = Attempt.objects.get()
    Message.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    rescue.park_abandoned()
    reschedule(killed, attempt.pk)
    claimed_messages.give_back([attempt.pk])
    assert state(killed) == ("unconfirmed", 1, 1)
    assert Attempt.objects.get().code == "lease_over"


def test_another_ones_claim_is_not_given_back(shop, wire):
    message = shop.message()
    [job] = take(slots=1)
    reschedule(message, clock.new_id())
    reschedule(message, None)
    assert state(message) == ("sending", 1, 1)
    message.refresh_from_db()
    assert message.lease_token == job.attempt


@pytest.mark.parametrize("limit", [{}, {"max_in_flight": 200}])
@pytest.mark.postgresql_alone
def test_many_at_once_never_claim_the_same_message(shop, limit):
    Provider.objects.update(**limit)
    for number in range(120):
        shop.message(str(number))

    def claim_until_none_is_left(_):
        taken = []
        try:
            while queue_state.read_queue().is_anything_due:
                taken += [job.message.id for job in take(slots=7)]
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [each for found in pool.map(claim_until_none_is_left, range(4)) for each in found]
    assert len(taken) == len(set(taken)) == Attempt.objects.count() == 120
    assert set(Attempt.objects.values_list("number", flat=True)) == {1}
