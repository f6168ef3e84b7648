"""The periodic tasks and the threads of a worker."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connection

from sms.models import Dispatcher, HourlyCount, Message
from sms.services.dispatch import rescue
from sms.services.objectives import roll_up as objective_sums
from sms.services.worker import periodic
from tests.sms.services.reports.calls import store
from tests.support.waiting import eventually


def test_one_run_expires_erases_and_sums_up(shop, wire):
    late = shop.message("Kod: 004217", is_otp=True, ttl=-1)
    assert all(periodic.run_once(periodic.WorkerState(slots=8)))
    late.refresh_from_db()
    assert (late.status, late.text) == ("expired", None)
    assert HourlyCount.objects.exists()


def test_one_run_expires_all_that_are_due_in_batches(shop, monkeypatch):
    monkeypatch.setattr(rescue, "AT_ONCE", 1)
    for _ in range(3):
        shop.message(ttl=-1)
    assert all(periodic.run_once(periodic.WorkerState(slots=8)))
    assert set(Message.objects.values_list("status", flat=True)) == {"expired"}


def test_objectives_are_summed_one_period_at_a_time_and_for_a_bounded_time(monkeypatch):
    limits = []
    monkeypatch.setattr(objective_sums, "roll_up", lambda limit: limits.append(limit) or 1)
    monkeypatch.setattr(periodic, "MAX_TASK_SECONDS", 0.0)
    periodic.periodic_tasks(periodic.WorkerState(slots=8))[-1].run()
    assert limits == [1]


def test_the_error_of_one_task_does_not_stop_the_others():
    done = []
    periodic.run_safely([lambda: 1 / 0, lambda: done.append("next")])
    assert done == ["next"]


def test_a_slow_task_delays_no_task_before_it():
    """Two tasks that take two seconds each are due at once: what is due every second waits for one of them alone."""
    release, erase, delete = (periodic.PeriodicTask(seconds, object) for seconds in (1.0, 5.0, 30.0))
    schedule = periodic.Schedule([release, erase, delete])
    run = [schedule.next_due(now) for now in (0, 0, 2, 2, 4, 4)]
    assert run == [release, erase, release, delete, release, None]


def test_a_step_is_repeated_after_an_error_of_the_database(monkeypatch):
    threads = periodic.BackgroundThreads(slots=1, in_flight=lambda: 0, wake_engine=lambda: None)
    tries = []

    def job():
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("away")
        threads.request_stop()

    monkeypatch.setattr(periodic, "RETRY_SECONDS", 0.01)
    threads.run_until_stopped(job)
    assert len(tries) == 3


@pytest.mark.parametrize("in_flight", [0, 5])
def test_the_threads_write_a_heartbeat_and_record_the_stop(shop, in_flight):
    woken = threading.Event()
    threads = periodic.BackgroundThreads(slots=8, in_flight=lambda: in_flight, wake_engine=woken.set)
    threads.start()
    dispatcher = eventually(lambda: Dispatcher.objects.first())
    threads.stop()
    dispatcher.refresh_from_db()
    assert (dispatcher.slots, dispatcher.in_flight) == (8, in_flight)
    assert dispatcher.stopped_at


def test_callbacks_are_read_while_the_threads_run(shop, wire, work):
    message = shop.message()
    work()

    attempt = message.attempts.get()
    threads = periodic.BackgroundThreads(slots=8, in_flight=lambda: 0, wake_engine=lambda: None)
    threads.start()
    try:
        store(attempt.provider_id, attempt.pk, body=f"id={attempt.pk}&state=sent".encode())
        eventually(lambda: Message.objects.get(pk=message.pk).status == "sent")
    finally:
        threads.stop()
        connection.close()
