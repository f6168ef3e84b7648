"""Held messages: what sets them free, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError

from sms.models import Message
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.maintenance import restore
from sms.services.queue import held_messages, outbox
from sms.services.staff import message_actions
from tests.sms.services.worker.test_engine_faults import raising_once, status

WHO = {"actor": "aysel", "reason": "the customer called"}


def hold(shop, **columns):
    held = shop.message(status="held", provider_id=None, due_at=None)
    Message.objects.filter(pk=held.pk).update(**columns or {"status": "held"})
    return held


def test_of_many_a_few_are_looked_at_at_a_time(shop):
    """So that what else a dispatcher looks after has its turn; a change of the configuration begins anew."""
    held = [hold(shop) for _ in range(5)]
    assert [held_messages.release(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert {status(each) for each in held} == {"queued"}
    old = hold(shop, created_at=clock.now() - timedelta(hours=1))
    assert held_messages.release(limit=2) == 0
    assert status(old) == "held"
    shop.first.save()
    assert held_messages.release(limit=2) == 1
    assert status(old) == "queued"


def test_what_another_process_holds_right_after_a_change_is_looked_at_again_and_later_no_more(shop, monkeypatch):
    """That process may have looked at the configuration of a moment before."""
    held_messages.release()
    held = hold(shop)
    held_messages.release()
    assert status(held) == "queued"
    monkeypatch.setattr(held_messages._walk, "ends", 0.0)
    later = hold(shop)
    held_messages.release()
    assert status(later) == "held"


def test_a_fault_of_the_database_leaves_none_behind(shop, monkeypatch):
    held = [hold(shop) for _ in range(3)]
    raising_once(monkeypatch, outbox, "move", OperationalError("deadlock detected"))
    with pytest.raises(OperationalError):
        held_messages.release()
    monkeypatch.setattr(held_messages._walk, "ends", 0.0)
    held_messages.release()
    assert {status(each) for each in held} == {"queued"}


def test_a_text_that_our_own_code_fails_on_holds_up_no_other(shop, monkeypatch):
    poison, good = hold(shop), hold(shop)
    raising_once(monkeypatch, snapshot.Snapshot, "decide", ValueError("a fault of ours"))
    held_messages.release()
    assert (status(poison), status(good)) == ("held", "queued")


def test_what_a_backup_brought_back_is_released_by_a_person_alone(shop, wire, work):
    """It may have gone out since the backup was taken."""
    held = hold(shop)
    parked = restore.quarantine(before=clock.now() + timedelta(seconds=1), reason="restored")
    assert (parked.messages, parked.held) == (0, 1)
    work()
    assert (status(held), wire.texts()) == ("held", [])
    assert held.events.get().kind == "parked"
    assert message_actions.release_held([held.pk], provider_id=None, **WHO) == 1
    work()
    assert wire.texts() == ["Salam"]
