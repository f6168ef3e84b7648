"""A provider's breaker, and the alert that goes with it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from providers.base import Failure, HttpResponse, Misconfigured, Unconfirmed
from sms.models import Alert, Breaker, Message, Provider, ProviderState
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import circuit_breaker
from sms.services.monitoring import alerts
from sms.services.queue import outbox
from sms.services.worker import engine as worker_engine
from tests.sms.services.fakes import error
from tests.sms.services.worker.faults import raising_once, status, turn_until_idle

NO_CREDIT = error(Misconfigured, Failure.BALANCE, "119")
SILENCE = error(Unconfirmed, Failure.AMBIGUOUS, "timeout")


def state_of(provider):
    return ProviderState.objects.get(provider=provider)


def is_alerted(provider):
    return Alert.objects.filter(key=f"breaker:{provider.slug}", closed_at=None).exists()


@pytest.fixture
def guarded(shop, wire, settings):
    """A vendor that takes the new password alone; its breaker opened with the old one."""
    settings.CONFIGURATION_MAX_AGE = 1.0  # as it is in production
    shop.first.vendor, shop.first.credentials = "accolades", {"account_number": "1", "password": "old"}
    shop.first.save()
    shop.set_route(shop.first)

    def answer(request):
        is_new = b"password=new" in request.body
        return HttpResponse(200, {}, b'{"type":"ok"}') if is_new else HttpResponse(401, {}, b'{"type":"Error"}')

    wire.always["first.example"] = answer
    shop.message()
    snapshot.reset_cache()
    return shop.first


def test_a_vendor_is_called_with_what_its_breaker_was_closed_with(shop, guarded, wire, work):
    """It blocks callers after bad logins; a process may have read the configuration a moment before."""
    work()
    assert state_of(guarded).breaker == Breaker.OPEN
    waiting = shop.message("it waits")
    work()
    snapshot.latest()
    calls = len(wire.calls)
    with transaction.atomic():  # as when staff save the form
        guarded.credentials = {"account_number": "1", "password": "new"}
        guarded.save()
        circuit_breaker.close_by_hand(guarded)
    work()
    assert status(waiting) == "submitted"
    assert not any(b"password=old" in request.body for request in wire.calls[calls:])


def test_bad_calls_that_are_not_in_a_row_open_no_breaker(shop, wire, work):
    shop.set_route(shop.first)
    for number in range(6):
        wire.script("first.example", SILENCE, HttpResponse(200))
        for _ in range(2):
            shop.message(str(number))
            work()
    assert state_of(shop.first).breaker == Breaker.CLOSED


def test_a_breaker_opens_together_with_its_alert(shop, wire, monkeypatch):
    """A fault in between undoes both; the next bad call opens both."""
    shop.set_route(shop.first)
    monkeypatch.setattr(worker_engine, "RETRY_SECONDS", 0.0)
    engine = worker_engine.Engine(2)
    wire.script("first.example", NO_CREDIT, NO_CREDIT)
    raising_once(monkeypatch, alerts, "open_alert", OperationalError("gone"))
    for text in ("one", "two"):
        shop.message(text)
        turn_until_idle(engine)
    engine.finish()
    assert state_of(shop.first).breaker == Breaker.OPEN
    assert is_alerted(shop.first)


@pytest.mark.postgresql_alone
def test_who_closes_a_breaker_does_not_close_the_alert_of_who_opens_it_right_after(shop, monkeypatch):
    account = snapshot.current().accounts[shop.first.pk]
    circuit_breaker.record_outcome(account, [NO_CREDIT], was_probe=False)
    genuine, announces = circuit_breaker._announce, threading.Event()

    def open_again():
        announces.wait(30)
        circuit_breaker.record_outcome(account, [NO_CREDIT], was_probe=False)
        connection.close()

    def held_up(account, state, after):
        if not after.is_open:
            announces.set()
            other.join(0.5)  # the other one may not get in between: it waits for our commit
        genuine(account, state, after)

    monkeypatch.setattr(circuit_breaker, "_announce", held_up)
    other = threading.Thread(target=open_again)
    other.start()
    circuit_breaker.record_outcome(account, [None], was_probe=True)
    other.join(30)
    assert state_of(shop.first).breaker == Breaker.OPEN
    assert is_alerted(shop.first)


def test_a_long_slug_and_a_long_code_make_an_alert_all_the_same(shop, wire):
    Provider.objects.filter(pk=shop.first.pk).update(slug="s" * 64)
    shop.first.refresh_from_db()
    shop.first.save()
    engine = worker_engine.Engine(2)
    shop.message()
    wire.script("first.example", error(Misconfigured, Failure.CONFIG, "c" * 40))
    turn_until_idle(engine)
    engine.finish()
    [key] = Alert.objects.filter(key__startswith="config:").values_list("key", flat=True)
    assert alerts.close_alert(f"config:{'s' * 64}:{'c' * 40}")
    assert len(key) == 100


def test_when_a_breaker_closes_what_waited_is_due_at_once_otps_and_others(shop):

    later = clock.now() + timedelta(seconds=30)
    waiting = [shop.message(due_at=later, waiting_for="first", is_otp=number % 2 == 0) for number in range(4)]
    outbox.wake_waiting(shop.first.pk, now=clock.now())
    assert not Message.objects.filter(pk__in=[each.pk for each in waiting], due_at__gt=clock.now()).exists()
