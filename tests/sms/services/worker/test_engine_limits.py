"""The dispatcher's slots, breakers and heartbeat."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from django.db import OperationalError

from providers.base import Failure
from providers.http import TooLate
from sms.models import Breaker, Dispatcher, ProviderState
from sms.services.database import clock
from sms.services.queue import outbox
from sms.services.worker import engine as worker_engine
from sms.services.worker.heartbeat import Heartbeat
from sms.services.worker.periodic import WorkerState
from tests.sms.services.worker.faults import (
    WRONG_PASSWORD,
    play,
    take,
)


def test_other_messages_never_use_all_of_a_providers_slots(shop, wire):
    shop.set_route(shop.first)
    shop.first.max_in_flight = 8
    shop.first.save()
    for number in range(20):
        shop.message(f"Salam {number}")
    assert len(take(otp_slots=64, other_slots=56)) == 7
    shop.message("Kod: 004217", is_otp=True)
    otps = take(otp_slots=57, other_slots=49)
    assert [job.message.is_otp for job in otps] == [True]


def test_after_an_account_error_nothing_is_claimed_before_the_breaker_opens(shop, wire, work):
    shop.set_route(shop.first)
    for number in range(5):
        shop.message(f"Salam {number}")
    wire.always["first.example"] = lambda request: play(request, None) if b"/ping" in request.body else refuse()
    worker_engine.work(WorkerState(slots=1))
    assert len(wire.calls) == 1
    assert ProviderState.objects.get(provider=shop.first).breaker == Breaker.OPEN


def refuse():
    raise WRONG_PASSWORD


def test_a_probe_that_was_not_made_closes_no_breaker(shop, wire, work):
    shop.first.vendor = "polledvendor"
    shop.first.save()
    ProviderState.objects.filter(provider=shop.first).update(
        breaker=Breaker.OPEN, breaker_failure=Failure.TRANSIENT, probe_interval=15, probe_at=clock.now()
    )
    wire.script("first.example", TooLate())
    work()
    assert len(wire.calls) == 1
    assert ProviderState.objects.get(provider=shop.first).breaker == Breaker.OPEN


def test_messages_that_wait_for_an_open_breaker_are_due_at_its_next_probe(shop, wire, work):
    shop.set_route(shop.first)
    message = shop.message()
    probe_at = clock.now() + timedelta(seconds=10)
    ProviderState.objects.filter(provider=shop.first).update(breaker=Breaker.OPEN, probe_at=probe_at)
    work()
    message.refresh_from_db()
    assert message.due_at == probe_at


def is_due_for_a_probe(shop):
    """A provider that can be probed with a message alone, and a message that waits for it."""
    shop.set_route(shop.first)
    ProviderState.objects.filter(provider=shop.first).update(
        breaker=Breaker.OPEN, breaker_failure=Failure.TRANSIENT, probe_interval=15, probe_at=clock.now()
    )
    return shop.message()


def test_a_message_stays_due_while_another_dispatcher_looks_for_one_to_probe_with(shop, wire, work, monkeypatch):
    message = is_due_for_a_probe(shop)
    monkeypatch.setattr(outbox, "claim_probe", lambda provider, **more: False)
    work()
    message.refresh_from_db()
    assert (message.waiting_for, wire.calls) == ("", [])


def test_a_probe_that_finds_all_messages_locked_is_given_back(shop, wire, work, monkeypatch):
    message = is_due_for_a_probe(shop)
    with monkeypatch.context() as locked:
        locked.setattr(outbox, "claim", lambda *_, **__: ([], 0))
        work()
    assert ProviderState.objects.get(provider=shop.first).probe_until is None
    work()
    message.refresh_from_db()
    assert message.status == "submitted"
    assert ProviderState.objects.get(provider=shop.first).breaker == Breaker.CLOSED


def test_messages_that_come_free_behind_the_probes_back_stay_due_for_the_next(shop, wire, work, monkeypatch):
    message = is_due_for_a_probe(shop)
    with monkeypatch.context() as locked:
        locked.setattr(outbox, "claim", lambda *_, **__: ([], 0))
        work()
    message.refresh_from_db()
    assert message.waiting_for == ""
    work()
    message.refresh_from_db()
    assert message.status == "submitted"


def test_a_heartbeat_goes_on_after_an_insert_whose_answer_was_lost(shop, monkeypatch):
    save, heartbeat = Dispatcher.save, Heartbeat(8)

    def insert_and_fail(row):
        save(copy.deepcopy(row))  # `row` itself does not know that it is stored
        raise OperationalError("the connection was cut")

    with monkeypatch.context() as broken:
        broken.setattr(Dispatcher, "save", insert_and_fail)
        with pytest.raises(OperationalError):
            heartbeat.beat(0)
    heartbeat.beat(3)
    assert Dispatcher.objects.get().in_flight == 3
