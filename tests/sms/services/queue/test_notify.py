"""Notifications: when they are sent, by which thread, and what they say."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from sms.services.queue import notify
from sms.services.queue.notify import CALLS, MESSAGES, Notifier
from tests.support.waiting import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql_alone]
LONG = 3600.0


class Recorder:
    """Records what was sent, and whether the calling thread sent it."""

    def __init__(self) -> None:
        self.caller = threading.current_thread()
        self.by_caller: list[list[str]] = []
        self.by_thread: list[list[str]] = []

    def __call__(self, subjects: set[str]) -> None:
        sent = self.by_caller if threading.current_thread() is self.caller else self.by_thread
        sent.append(sorted(subjects))


@pytest.fixture
def sent():
    return Recorder()


def test_after_a_pause_the_committing_thread_sends_at_once(sent):
    Notifier(sent, pause=LONG).notify(MESSAGES)
    assert (sent.by_caller, sent.by_thread) == ([[MESSAGES]], [])


def test_what_follows_within_the_pause_is_sent_together_by_the_thread(sent):
    notifier = Notifier(sent, pause=0.2)
    notifier.notify(MESSAGES)
    notifier.notify(MESSAGES)
    notifier.notify(CALLS)
    eventually(lambda: sum(map(len, sent.by_caller + sent.by_thread)) >= 3)
    assert sent.by_caller[0] == [MESSAGES]
    assert {subject for each in sent.by_caller[1:] + sent.by_thread for subject in each} == {MESSAGES, CALLS}


def test_within_the_pause_the_committing_thread_sends_nothing(sent):
    notifier = Notifier(sent, pause=LONG)
    for subject in (MESSAGES, MESSAGES, CALLS):
        notifier.notify(subject)
    assert sent.by_caller == [[MESSAGES]]


def test_in_a_transaction_the_thread_sends(sent):
    with transaction.atomic():
        Notifier(sent).notify(MESSAGES)
        eventually(lambda: sent.by_thread == [[MESSAGES]])
    assert sent.by_caller == []


def test_a_listener_receives_the_subject(monkeypatch):
    monkeypatch.setattr(notify, "_notifier", Notifier())
    listener = connection.copy()
    with listener.cursor() as cursor:
        cursor.execute(f"LISTEN {notify.CHANNEL}")
    notify.notify_workers(CALLS)
    received = [note.payload for note in listener.connection.notifies(timeout=30, stop_after=1)]
    listener.close()
    assert received == [CALLS]


def test_a_failed_notification_raises_nothing(monkeypatch):
    monkeypatch.setattr(notify, "CHANNEL", "no channel")
    notify.send_notifications({MESSAGES})
