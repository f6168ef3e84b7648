"""What a dispatcher looks after beside sending."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connection

from sms.models import Dispatcher, HourlyCount, Message
from sms.services.dispatch import rescue
from sms.services.worker import periodic
from tests.sms.services.reports.test_apply import store
from tests.support.waiting import eventually


def test_one_round_expires_erases_and_sums_up(shop, wire, work):
    late = shop.message("Kod: 004217", is_otp=True, ttl=-1)
    assert all(periodic.one_round())
    late.refresh_from_db()
    assert (late.status, late.text) == ("expired", None)
    assert HourlyCount.objects.exists()


def test_one_round_ends_all_whose_time_is_up_a_few_at_a_time(shop, monkeypatch):
    monkeypatch.setattr(rescue, "AT_ONCE", 1)
    for _ in range(3):
        shop.message(ttl=-1)
    assert all(periodic.one_round())
    assert set(Message.objects.values_list("status", flat=True)) == {"expired"}


def test_a_chore_that_fails_leaves_the_others_to_be_done():
    done = []
    periodic.do([lambda: 1 / 0, lambda: done.append("next")])
    assert done == ["next"]


def test_long_chores_let_those_before_them_have_their_turn_between():
    """Two that take two seconds each, at the same time: what is due every second waits for one of them alone."""
    chores = {name: (lambda name=name: name) for name in ("release", "erase", "delete")}
    timetable = periodic.Timetable([(1, chores["release"]), (5, chores["erase"]), (30, chores["delete"])])
    done = [timetable.due(now) for now in (0, 0, 2, 2, 4, 4)]
    assert done[:5] == [chores[name] for name in ("release", "erase", "release", "delete", "release")]
    assert done[5] is None


def test_a_database_that_is_away_is_waited_for(monkeypatch):
    house = periodic.House(slots=1, in_flight=lambda: 0, wake_engine=lambda: None)
    tries = []

    def job():
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("away")
        house._stopped.set()

    monkeypatch.setattr(periodic, "AFTER_A_FAULT", 0.01)
    house._until_stopped(job)
    assert len(tries) == 3


@pytest.mark.parametrize("in_flight", [0, 5])
def test_a_house_beats_while_it_is_open_and_says_when_it_stopped(shop, in_flight):
    woken = threading.Event()
    house = periodic.House(slots=8, in_flight=lambda: in_flight, wake_engine=woken.set)
    house.open()
    dispatcher = eventually(lambda: Dispatcher.objects.first())
    house.close()
    dispatcher.refresh_from_db()
    assert (dispatcher.slots, dispatcher.in_flight) == (8, in_flight)
    assert dispatcher.stopped_at


def test_calls_stored_while_it_is_open_are_read(shop, wire, work):
    message = shop.message()
    work()

    attempt = message.attempts.get()
    house = periodic.House(slots=8, in_flight=lambda: 0, wake_engine=lambda: None)
    house.open()
    try:
        store(attempt.provider_id, attempt.pk, body=f"id={attempt.pk}&state=sent".encode())
        eventually(lambda: Message.objects.get(pk=message.pk).status == "sent")
    finally:
        house.close()
        connection.close()
