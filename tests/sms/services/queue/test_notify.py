"""The bell: who rings it, when, and for whom."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from sms.services.queue import notify as queue_notify
from sms.services.queue.notify import CALLS, MESSAGES

pytestmark = pytest.mark.django_db(transaction=True)
RINGS = connection.vendor == "postgresql"
notify = queue_notify._notify


@pytest.fixture
def rung(monkeypatch):
    """What was rung for, in the thread that asked."""
    rung = []
    monkeypatch.setattr(queue_notify, "_notify", lambda due: rung.append(sorted(due)))
    monkeypatch.setattr(queue_notify, "_rouse_thread", lambda: rung.append("left to the thread"))
    monkeypatch.setattr(queue_notify, "_rung_at", float("-inf"))
    queue_notify._waiting.clear()
    yield rung
    queue_notify._waiting.clear()


def expected(*rung):
    return list(rung) if RINGS else []


def test_after_a_pause_whoever_committed_rings_at_once(rung):
    queue_notify.ring()
    assert rung == expected([MESSAGES])


def test_what_follows_at_once_is_left_to_the_thread_and_rung_together(rung, monkeypatch):
    for what in (MESSAGES, MESSAGES, CALLS):
        queue_notify.ring(what)
    assert rung == expected([MESSAGES], "left to the thread", "left to the thread")
    monkeypatch.setattr(queue_notify, "_rung_at", float("-inf"))
    assert queue_notify._take() == ({MESSAGES, CALLS} if RINGS else set())


def test_a_later_ring_takes_along_what_waits(rung, monkeypatch):
    queue_notify.ring()
    queue_notify.ring(CALLS)
    monkeypatch.setattr(queue_notify, "_rung_at", float("-inf"))
    queue_notify.ring()
    assert rung[-1:] == expected([CALLS, MESSAGES])
    assert not queue_notify._waiting


def test_nobody_rings_within_a_transaction(rung):
    with transaction.atomic():
        queue_notify.ring()
    assert rung == expected("left to the thread")


def test_the_bell_is_heard_with_what_it_is_for(rung, monkeypatch):
    monkeypatch.setattr(queue_notify, "_notify", notify)
    if not RINGS:
        queue_notify.ring(CALLS)
        assert not queue_notify._waiting
        return
    listener = connection.copy()
    with listener.cursor() as cursor:
        cursor.execute(f"LISTEN {queue_notify.CHANNEL}")
    queue_notify.ring(CALLS)
    heard = [note.payload for note in listener.connection.notifies(timeout=30, stop_after=1)]
    listener.close()
    assert heard == [CALLS]
