"""Held messages: what releases them, and what does not."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import OperationalError

from sms.models import Message
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.maintenance import restore
from sms.services.queue import held_messages, outbox
from sms.services.queue.held_messages import HeldMessageScan
from sms.services.staff import message_actions
from sms.services.staff.answer_facts import answer_message
from sms.services.staff.timeline import timeline_of
from tests.sms.services.worker.faults import raising_once, status

WHO = {"actor": "aysel", "reason": "the customer called"}


@pytest.fixture
def scan():
    return HeldMessageScan()


def pass_recheck_time(monkeypatch):
    later = time.monotonic() + held_messages.RECHECK_TIME.total_seconds() + 1
    monkeypatch.setattr(held_messages.time, "monotonic", lambda: later)


def hold(shop, **columns):
    held = shop.message(status="held", provider_id=None, due_at=None)
    Message.objects.filter(pk=held.pk).update(**columns or {"status": "held"})
    return held


def test_they_are_checked_in_batches_and_again_after_each_change(shop, scan):
    held = [hold(shop) for _ in range(5)]
    assert [scan.release_batch(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert {status(each) for each in held} == {"queued"}
    old = hold(shop, created_at=clock.now() - timedelta(hours=1))
    assert scan.release_batch(limit=2) == 0
    assert status(old) == "held"
    shop.first.save()
    assert scan.release_batch(limit=2) == 1
    assert status(old) == "queued"


def test_new_ones_are_checked_for_a_while_after_a_change(shop, scan, monkeypatch):
    """Another process may have held them by its older copy of the configuration."""
    scan.release_batch()
    held = hold(shop)
    scan.release_batch()
    assert status(held) == "queued"
    pass_recheck_time(monkeypatch)
    later = hold(shop)
    scan.release_batch()
    assert status(later) == "held"


def test_after_an_error_of_the_database_the_batch_is_checked_again(shop, scan, monkeypatch):
    held = [hold(shop) for _ in range(3)]
    raising_once(monkeypatch, outbox, "move_message", OperationalError("deadlock detected"))
    with pytest.raises(OperationalError):
        scan.release_batch()
    pass_recheck_time(monkeypatch)
    scan.release_batch()
    assert {status(each) for each in held} == {"queued"}


def test_a_text_that_our_own_code_fails_on_does_not_stop_the_others(shop, scan, monkeypatch):
    poison, good = hold(shop), hold(shop)
    raising_once(monkeypatch, snapshot.Snapshot, "decide", ValueError("a fault of ours"))
    scan.release_batch()
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


def test_a_held_message_that_expires_says_that_it_waited_for_a_template(shop, work):
    held = hold(shop)
    for provider in (shop.first, shop.second):
        provider.enabled = False
        provider.save()
    Message.objects.update(expires_at=clock.now())
    work()
    held.refresh_from_db()
    assert (held.status, held.code, held.detail) == (
        "expired",
        "expired",
        "No approved template gave its text in time.",
    )


def test_a_queued_message_that_expires_says_what_it_waited_for(shop, work):
    shop.set_route(shop.first)
    message = shop.message()
    shop.first.enabled = False
    shop.first.save()
    work()
    Message.objects.update(expires_at=clock.now())
    work()
    message.refresh_from_db()
    assert (message.status, message.waiting_for) == ("expired", "")
    assert message.detail == "Until then: waiting for first: The provider is disabled."


# --- what the pages say -------------------------------------------------------------------------------------


def sentence(message):
    message.refresh_from_db()
    return answer_message(message, str, with_near=False).sentence


def test_the_page_says_why_a_message_is_held_though_a_template_gives_its_text(shop):
    held = hold(shop)
    for provider in (shop.first, shop.second):
        provider.enabled = False
        provider.save()
    assert sentence(held) == "Held: first: The provider is disabled.; second: The provider is disabled."
    shop.set_route()
    assert sentence(held) == "Held: No enabled provider serves this destination."


def test_one_that_a_backup_brought_back_is_not_said_to_be_released_automatically(shop):
    held = hold(shop)
    Message.objects.filter(pk=held.pk).update(in_doubt=True)
    assert sentence(held) == "Held: it may have been sent since the backup that was restored."
    assert "staff release or cancel it" in timeline_of(held).next


@pytest.mark.parametrize("status", ["held", "queued", "canceled", "expired"])
def test_a_message_that_was_held_at_intake_is_never_said_to_have_been_sent_as_free_text(shop, status):
    message = shop.message(status=status, decision={"code": "template_not_matched", "prefix": "+994", "candidates": []})
    assert timeline_of(message).entries[1].title == "No approved template matches this text"
