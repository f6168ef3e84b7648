"""The alert rules: late messages, unconfirmed messages, no dispatcher."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from sms.domain.lifecycle import Status
from sms.models import Alert, Dispatcher, Message
from sms.services.database import clock
from sms.services.monitoring import alert_delivery, alert_rules, status
from sms.services.worker import engine
from sms.services.worker.heartbeat import Heartbeat
from sms.services.worker.periodic import WorkerState
from tests.support.waiting import eventually


def open_keys() -> set[str]:
    return set(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


def ago(seconds: float):
    return clock.now() - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("key", "is_otp", "limit"),
    [("otp:late", True, alert_rules.OTP_LATE_SECONDS), ("queue:waiting", False, alert_rules.WAITING_SECONDS)],
)
def test_a_late_message_opens_an_alert_that_closes_when_it_is_gone(shop, key, is_otp, limit):
    message = shop.message(is_otp=is_otp, created_at=ago(limit - 20))
    alert_rules.evaluate()
    assert open_keys() == set()
    Message.objects.update(created_at=ago(limit + 1))
    alert_rules.evaluate()
    alert_rules.evaluate()
    assert open_keys() == {key}
    Message.objects.filter(pk=message.pk).update(status=Status.SUBMITTED)
    alert_rules.evaluate()
    assert open_keys() == set()
    assert Alert.objects.get().advice


def test_a_doubt_that_stays_opens_an_alert_until_it_is_settled(shop):
    shop.message(status=Status.UNCONFIRMED, updated_at=ago(alert_rules.UNCONFIRMED_SECONDS + 61))
    shop.message(status=Status.UNCONFIRMED)
    alert_rules.evaluate()
    [alert] = Alert.objects.all()
    assert (alert.key, alert.title) == ("unconfirmed:waiting", "2 unconfirmed: the oldest for 11 minutes")
    Message.objects.update(status=Status.SUBMITTED)
    alert_rules.evaluate()
    assert open_keys() == set()


def test_the_web_side_says_that_no_dispatcher_lives_and_a_dispatcher_that_one_does(shop):
    Heartbeat(8).beat(0)
    alert_rules.check_dispatchers()
    assert open_keys() == set()
    Dispatcher.objects.update(seen_at=ago(status.ALIVE.total_seconds() + 1))
    alert_rules.check_dispatchers()
    alert_rules.check_dispatchers()
    assert open_keys() == {alert_rules.NO_DISPATCHER}
    alert_rules.evaluate()
    assert open_keys() == set()


def test_a_dispatcher_that_ended_by_itself_does_not_count(shop):
    Heartbeat(8).beat(0)
    Dispatcher.objects.update(stopped_at=clock.now())
    alert_rules.check_dispatchers()
    assert open_keys() == {alert_rules.NO_DISPATCHER}


def test_the_web_side_delivers_that_notice_itself(shop, settings, mailoutbox):
    settings.ALERT_EMAIL = ["staff@shop.example"]
    alert_rules.check_dispatchers()
    assert [message.subject for message in mailoutbox] == [
        "[SMS Desk] opened: No dispatcher was seen for a minute: messages are accepted, but none is sent"
    ]


def test_the_web_sides_thread_looks_again_and_again_and_outlives_faults(shop, monkeypatch):
    monkeypatch.setattr(status, "ALIVE", timedelta(0))
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError("made up")

    monkeypatch.setattr(alert_rules, "check_dispatchers", look)
    stopped = threading.Event()
    thread = threading.Thread(target=alert_rules.watch_dispatchers, args=(stopped, 0.001))
    thread.start()
    eventually(lambda: len(looks) > 2)
    stopped.set()
    thread.join()


def test_the_notices_thread_delivers_until_it_is_stopped(shop, monkeypatch):
    told: list[int] = []
    monkeypatch.setattr(alert_delivery, "EVERY", 0.001)
    monkeypatch.setattr(alert_delivery, "deliver", lambda limit: told.append(limit))
    stopped = threading.Event()
    thread = threading.Thread(target=alert_delivery.deliver_until, args=(stopped,))
    thread.start()
    eventually(lambda: len(told) > 1)
    stopped.set()
    thread.join()


def test_a_worker_that_is_called_again_and_again_counts_as_one_dispatcher(shop, wire):
    state = WorkerState(slots=8)
    engine.work(state, budget=0.0)
    engine.work(state, budget=0.0)
    assert Dispatcher.objects.count() == 1
    assert status.is_dispatcher_alive()


def test_draining_once_leaves_no_heartbeat(shop, wire):
    engine.work(WorkerState(slots=8))
    assert not Dispatcher.objects.exists()
