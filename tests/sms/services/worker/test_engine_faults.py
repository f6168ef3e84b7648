"""The dispatcher where the database or our own code fails at the worst moment."""

from __future__ import annotations

import time

import pytest
from django.db import DataError, OperationalError
from structlog.testing import capture_logs

from sms.models import Attempt, Message, MessageEvent, Provider
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import claim as dispatch_claim
from sms.services.dispatch import eligibility, outcomes, poll, rescue, settle
from sms.services.queue import claimed_messages, outbox
from sms.services.worker import engine as worker_engine
from tests.sms.services.worker.faults import (
    REFUSED_CONNECTION,
    SILENCE,
    lose_answer,
    play,
    raise_,
    raising_once,
    status,
    take,
    turn_until_idle,
)


def test_what_is_claimed_is_sent_though_a_later_step_fails(shop, wire, engine, monkeypatch):
    message = shop.message()
    raising_once(monkeypatch, poll, "take", OperationalError("gone"))
    turn_until_idle(engine)
    turn_until_idle(engine)
    assert status(message) == "submitted"
    assert wire.texts() == ["Salam"]


def test_what_is_claimed_is_sent_though_recording_the_outcomes_of_the_same_turn_fails(shop, wire, engine, monkeypatch):
    first = shop.message("Salam 1")
    engine.turn(0.0)
    second = shop.message("Salam 2")
    raising_once(monkeypatch, settle, "_mark_late", OperationalError("gone"))
    turn_until_idle(engine)
    turn_until_idle(engine)
    assert (status(first), status(second)) == ("submitted", "submitted")
    assert wire.texts() == ["Salam 1", "Salam 2"]


@pytest.mark.parametrize("limit", [{}, {"max_in_flight": 5}, {"rate_limit": 100}])
def test_a_claim_whose_answer_was_lost_is_given_back_and_sent_once(shop, wire, engine, monkeypatch, limit):
    Provider.objects.update(**limit)
    message = shop.message()
    lose_answer(monkeypatch, outbox, "claim")
    engine._turn_safely(0.0)
    assert wire.calls == []
    turn_until_idle(engine)
    turn_until_idle(engine)
    message.refresh_from_db()
    assert (message.status, message.attempts_made) == ("submitted", 1)
    assert wire.texts() == ["Salam"]
    assert Attempt.objects.count() == 1
    assert not MessageEvent.objects.exists()


def test_a_claim_that_was_not_committed_leaves_no_rows(shop, wire, engine, monkeypatch):
    message = shop.message()
    raising_once(monkeypatch, outbox, "claim", OperationalError("the connection was cut"))
    turn_until_idle(engine)
    turn_until_idle(engine)
    assert status(message) == "submitted"
    assert Attempt.objects.count() == len(wire.calls) == 1


AFTER_THE_CLAIM = [
    (dispatch_claim, "tries_of", OperationalError("gone")),
    (dispatch_claim, "tries_of", ValueError("a fault of ours")),
    (claimed_messages, "reschedule", OperationalError("gone")),
    (claimed_messages, "set_templates", OperationalError("gone")),
    (dispatch_claim, "_measure", ValueError("a fault of ours")),
]


@pytest.mark.parametrize(("place", "name", "fault"), AFTER_THE_CLAIM)
def test_a_fault_between_claim_and_call_loses_nothing(shop, wire, engine, monkeypatch, place, name, fault):
    """Whatever step it strikes: what was claimed is sent once, or waits as before, with no attempt to be seen."""
    other = Provider.objects.create(slug="third", vendor="textvendor", base_url="https://third.example", paused=True)
    waits = shop.message("waits", provider_id=other.pk, pinned_provider=other)
    gone = shop.message(
        "gone", pinned_provider=Provider.objects.create(slug="gone", vendor="textvendor", enabled=False)
    )
    goes = shop.message("goes", parameters={"name": "of another template"})
    raising_once(monkeypatch, place, name, fault)
    for _ in range(3):
        turn_until_idle(engine)
    assert [status(each) for each in (waits, gone, goes)] == ["queued", "queued", "submitted"]
    assert wire.texts() == ["goes"]
    assert list(Attempt.objects.values_list("message", "number")) == [(goes.pk, 1)]
    assert Message.objects.get(pk=gone.pk).waiting_for
    assert engine._claimer.unstarted == set()


def test_a_claim_that_can_not_be_given_back_does_not_block_others(shop, wire, engine, monkeypatch):
    first = shop.message("first")
    lose_answer(monkeypatch, outbox, "claim")
    engine._turn_safely(0.0)
    second = shop.message("second")
    monkeypatch.setattr(claimed_messages, "give_back", lambda attempts: raise_(DataError("no such number")))
    turn_until_idle(engine)
    turn_until_idle(engine)
    assert (status(first), status(second)) == ("sending", "submitted")
    assert engine._claimer.unstarted == set()


def test_a_worker_that_ends_gives_back_what_an_error_left_claimed(shop, wire, engine, monkeypatch):
    message = shop.message()
    lose_answer(monkeypatch, outbox, "claim")
    engine._turn_safely(0.0)
    engine.finish()
    message.refresh_from_db()
    assert (message.status, message.attempts_made, wire.calls) == ("queued", 0, [])
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("refused", ["claim", "set_templates"])
def test_a_message_that_the_database_rejects_does_not_block_others(shop, wire, engine, monkeypatch, refused):
    poison, good = (
        shop.message("Salam 1", parameters={"other": "x"}),
        shop.message("Salam 2", parameters={"other": "x"}),
    )
    genuine_claim, genuine_set = outbox.claim, claimed_messages.set_templates

    def claim(provider, **more):
        first = Message.objects.filter(status="queued", due_at__lte=clock.now()).order_by("due_at")
        if poison.pk in first.values_list("pk", flat=True)[: len(more["attempts"])]:
            raise DataError("no such number")
        return genuine_claim(provider, **more)

    def set_templates(records):
        if any(record["message"] == poison.pk for record in records):
            raise DataError("no such number")
        return genuine_set(records)

    places = {"claim": (outbox, claim), "set_templates": (claimed_messages, set_templates)}
    monkeypatch.setattr(places[refused][0], refused, places[refused][1])
    for _ in range(3):
        turn_until_idle(engine)
        Message.objects.filter(pk=poison.pk).update(due_at=clock.now())
    assert (status(poison), status(good)) == ("failed", "submitted")
    assert wire.texts() == ["Salam 2"]
    assert Attempt.objects.filter(message=poison).count() == 0


def test_the_time_in_which_a_call_may_begin_counts_from_before_the_claim(shop, wire, monkeypatch):
    shop.message()
    genuine = outbox.claim

    def slow(*args, **more):
        time.sleep(0.2)  # as if the process had been frozen here
        return genuine(*args, **more)

    monkeypatch.setattr(outbox, "claim", slow)
    [send] = take(otp_slots=1, other_slots=1)
    assert send.not_after <= time.monotonic() - 0.2 + outbox.CONNECT_SECONDS + outbox.SLACK_SECONDS


def test_a_fault_of_ours_with_a_message_is_logged_without_its_text(shop, wire, work, monkeypatch):
    message = shop.message("Kod: 004217", is_otp=True)

    def judge(self, providers, *, text, **more):
        raise ValueError(f"no idea what {text!r} means")

    monkeypatch.setattr(snapshot.Snapshot, "check_providers", judge)
    with capture_logs() as logs:
        work()
    message.refresh_from_db()
    assert "004217" not in str(logs)
    assert "message.crashed" in str(logs)
    assert "004217" not in message.detail
    assert "ValueError" in message.detail


def test_an_accepted_message_that_our_own_code_fails_on_is_never_sent_again(shop, wire, work, monkeypatch):
    message = shop.message("Salam")

    def fail(*args):
        raise KeyError("a fault of ours")

    monkeypatch.setattr(settle, "_follow", fail)
    work()
    assert status(message) == "unconfirmed"
    assert len(wire.calls) == 1


@pytest.fixture
def answered(shop, engine):
    """An engine with a result that is not settled yet."""
    shop.message("a")
    engine._turn_safely(0.0)
    engine._results.put(engine._results.get(timeout=30))
    return engine


@pytest.mark.parametrize("place", ["a thread that can't be started", "what follows the commit"])
def test_a_fault_after_the_commit_frees_no_slot_twice(shop, wire, answered, monkeypatch, place):
    """With fewer than no calls in flight it would never end, or too early."""
    shop.message("b"), shop.message("c")
    fault = RuntimeError("can't start new thread")
    if place == "what follows the commit":
        raising_once(monkeypatch, settle, "afterwards", fault)
    else:
        raising_once(monkeypatch, answered, "_start_thread", fault)
    answered._turn_safely(0.0)
    turn_until_idle(answered)
    assert answered.in_flight == 0
    assert sorted(wire.texts()) == ["a", "b", "c"]


def test_answers_are_kept_though_the_database_is_away_where_nothing_loops(shop, wire, work, monkeypatch):
    """As under Celery: the engine ends with the call, so it settles first."""
    monkeypatch.setattr(worker_engine, "RETRY_SECONDS", 0.0)
    message, genuine, faults = shop.message(), settle.write, [OperationalError("gone")]

    def write(decided):
        if decided and faults:
            raise faults.pop()
        return genuine(decided)

    monkeypatch.setattr(settle, "write", write)
    with pytest.raises(OperationalError):
        work()
    assert status(message) == "submitted"


@pytest.mark.parametrize(("in_doubt", "end"), [(True, "unconfirmed"), (False, "failed")])
def test_a_message_that_our_code_fails_on_keeps_its_doubt_and_an_otp_not_its_text(
    shop, wire, work, monkeypatch, in_doubt, end
):
    message = shop.message("Code 123456", is_otp=True, in_doubt=in_doubt, crashes=2)
    monkeypatch.setattr(eligibility, "candidates_of", lambda due: 1 / 0)
    work()
    message.refresh_from_db()
    assert (message.status, message.text is None) == (end, True)


def test_a_settle_whose_answer_was_lost_is_no_late_answer(shop, wire, engine, monkeypatch):
    message = shop.message()
    engine.turn(0.0)
    result = engine._results.get(timeout=30)
    engine._results.put(result)
    lose_answer(monkeypatch, outcomes, "write")
    turn_until_idle(engine)
    turn_until_idle(engine)
    assert status(message) == "submitted"
    assert not MessageEvent.objects.filter(kind="late_answer").exists()


@pytest.mark.parametrize(("fault", "left"), [(REFUSED_CONNECTION, "queued"), (SILENCE, "unconfirmed")])
def test_a_result_that_our_own_code_fails_on_does_not_block_others(shop, wire, work, monkeypatch, fault, left):
    poison, good = shop.message("Salam 1"), shop.message("Salam 2")
    wire.always["first.example"] = lambda request: play(request, fault)
    genuine = settle.candidates_of

    def candidates_of(message):
        if message.id == poison.pk:
            raise KeyError("a fault of ours")
        return genuine(message)

    monkeypatch.setattr(settle, "candidates_of", candidates_of)
    work()
    assert (status(poison), status(good)) == (left, "submitted")


def test_an_abandoned_otp_whose_text_is_erased_is_parked_like_any_other(shop, wire):
    message = shop.message("Kod: 004217", is_otp=True)
    take(otp_slots=1, other_slots=0)
    Message.objects.filter(pk=message.pk).update(text=None, lease_until=clock.now())
    assert rescue.park_abandoned() == 1
    assert status(message) == "unconfirmed"
