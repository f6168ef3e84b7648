"""Pushing received messages to a partner: each try, what follows it, and pushing again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.base import Failure, HttpResponse, Unavailable, Unconfirmed
from providers.http import TooLate
from providers.registry import FORWARDERS
from providers.vendors.onlinesim import Onlinesim
from sms.models import Alert, InboundMessage, InboundPush, InboundPushAttempt, Partner, RentedNumber
from sms.services.database import clock
from sms.services.dispatch import poll
from sms.services.inbound import forward
from sms.services.queue import queue_state
from sms.services.queue.errors import ActionRefused
from sms.services.worker import engine
from tests.sms import received
from tests.sms.services.fakes import error
from tests.support.standins import Pigeon
from tests.support.waiting import PATIENCE_SECONDS

DELIVERED = HttpResponse(200, body=b"delivered")
REFUSED = HttpResponse(400, body=b"refused")
AGAIN = HttpResponse(500, body=b"busy")
TRIES = 3  # Pigeon's default
LOST_KEY = "bWFkZS11cC1ieS1zb21lYm9keS1lbHNlLWVudGlyZWw="


@pytest.fixture
def push(transactional_db, monkeypatch) -> InboundPush:
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)
    message = received.message(received.enter())
    return forward.queue_push(message, RentedNumber.objects.get(), now=clock.now())


def again(push, work) -> None:
    received.push_now(push)
    assert work()
    push.refresh_from_db()


def test_a_push_that_the_partner_takes_is_delivered_and_never_repeated(push, wire, work):
    wire.script(received.HOST, DELIVERED)
    assert work()
    push.refresh_from_db()
    assert (push.status, push.tries, push.due_at, push.lease_token, push.code) == (
        "delivered",
        1,
        None,
        None,
        "delivered",
    )
    attempt = push.attempts.get()
    assert (attempt.number, attempt.outcome, attempt.http_status) == (1, "delivered", 200)
    assert attempt.started_at <= attempt.finished_at
    assert not work()
    assert [call.body for call in wire.calls] == [b"355 Instagram +994501112233 Code 800142"]


def test_a_push_that_is_claimed_is_made_though_the_claim_of_polls_fails(push, wire, monkeypatch):
    wire.script(received.HOST, DELIVERED)
    monkeypatch.setattr(poll, "take", lambda *args: 1 / 0)
    made = engine.Engine(2)
    with pytest.raises(ZeroDivisionError):
        made.turn(0.0)
    assert made.in_flight == 1
    made.close()
    made._results.get(timeout=PATIENCE_SECONDS)
    assert len(wire.calls) == 1


def test_a_stop_word_ends_it(push, wire, work):
    wire.script(received.HOST, REFUSED)
    work()
    push.refresh_from_db()
    assert (push.status, push.due_at) == ("refused", None)
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [
        AGAIN,
        error(Unconfirmed, Failure.AMBIGUOUS, "timeout"),
        error(Unavailable, Failure.TRANSIENT, "connection_refused"),
        TooLate("the lease is over"),
        RuntimeError("a fault of ours"),
    ],
)
def test_anything_else_is_due_again_10_seconds_after_its_end(push, wire, work, answer):
    wire.script(received.HOST, answer)
    work()
    push.refresh_from_db()
    attempt = push.attempts.get()
    assert (push.status, push.tries, attempt.outcome) == ("waiting", 1, "again")
    assert push.code == attempt.code
    assert push.due_at - attempt.finished_at == timedelta(seconds=10)
    assert not work()


def broken_off(status: int) -> Unconfirmed:
    failure = error(Unconfirmed, Failure.AMBIGUOUS, "timeout")
    failure.status = status
    return failure


@pytest.mark.parametrize(
    ("status", "ends", "code"),
    [(200, "delivered", "http-200"), (500, "waiting", "timeout"), (302, "waiting", "timeout")],
)
def test_an_answer_whose_body_breaks_off_counts_by_its_status(push, wire, work, monkeypatch, status, ends, code):
    """Onlinesim's status 200 ends the push, whatever the body is. Repeats would reach the partner's client."""
    monkeypatch.setattr(Pigeon, "outcome", Onlinesim.outcome)
    wire.script(received.HOST, broken_off(status))
    work()
    push.refresh_from_db()
    attempt = push.attempts.get()
    assert (push.status, push.code, attempt.code, attempt.http_status) == (ends, code, code, status)
    assert attempt.detail == "a made-up failure"


def test_the_status_counts_also_where_the_words_of_the_error_are_hidden(push, wire, work, monkeypatch):
    monkeypatch.setattr(Pigeon, "outcome", Onlinesim.outcome)
    failure = broken_off(200)
    failure.detail = "the answer to made-up-key broke off"
    wire.script(received.HOST, failure)
    work()
    push.refresh_from_db()
    assert (push.status, push.attempts.get().detail) == ("delivered", "the answer to [hidden] broke off")


def test_every_repeat_is_the_same_request(push, wire, work):
    wire.script(received.HOST, AGAIN, error(Unconfirmed, Failure.AMBIGUOUS, "timeout"), DELIVERED)
    work()
    RentedNumber.objects.update(operation_id=999)  # the next tenant's: not this message's
    for _ in range(2):
        again(push, work)
    assert push.status == "delivered"
    assert len(wire.calls) == 3
    assert len(set(wire.calls)) == 1


def test_the_tries_are_limited_and_the_last_failure_raises_an_alert(push, wire, work):
    wire.always[received.HOST] = AGAIN
    work()
    for _ in range(TRIES - 1):
        again(push, work)
    assert (push.status, push.tries, push.due_at) == ("failed", TRIES, None)
    assert Alert.objects.get().key == "push:renter"
    assert not work()


def test_a_failed_push_can_be_pushed_again_with_fresh_tries_and_closes_the_alert(push, wire, work):
    wire.script(received.HOST, *[AGAIN] * (TRIES + 1), DELIVERED)
    work()
    for _ in range(TRIES - 1):
        again(push, work)
    forward.push_again(push.pk)
    assert work()
    again(push, work)
    assert (push.status, push.tries) == ("delivered", TRIES + 2)
    assert Alert.objects.get().closed_at is not None


def test_a_failed_push_that_nobody_can_push_again_keeps_no_alert_open(push, wire, work):
    wire.script(received.HOST, *[AGAIN] * TRIES, DELIVERED)
    work()
    for _ in range(TRIES - 1):
        again(push, work)
    InboundMessage.objects.update(text=None)
    with pytest.raises(ActionRefused, match="erased"):
        forward.push_again(push.pk)
    forward.queue_push(received.message(push.message.gateway), push.number, now=clock.now())
    assert work()
    assert Alert.objects.get().closed_at is not None


def test_a_partner_that_can_be_called_again_has_no_alert_about_it_whatever_failed_before(push, wire, work, settings):
    InboundPush.objects.update(status="failed", due_at=None)
    forward.queue_push(received.message(push.message.gateway), push.number, now=clock.now())
    keys, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, [LOST_KEY]
    assert forward.claim_pushes(queue_state.read_queue(), limit=8) == []
    settings.FIELD_ENCRYPTION_KEYS = keys
    wire.script(received.HOST, DELIVERED)
    assert work()
    assert Alert.objects.get(key="partner:renter").closed_at is not None


@pytest.mark.parametrize("status", ["waiting", "pushing", "delivered"])
def test_only_a_failed_or_refused_push_can_be_pushed_again(push, status):
    InboundPush.objects.update(status=status)
    with pytest.raises(ActionRefused, match=f"This push is {status}"):
        forward.push_again(push.pk)


def test_the_key_and_the_text_are_hidden_in_the_stored_exchange(push, wire, work):
    Partner.objects.update(url=f"https://{received.HOST}/made-up-key")
    wire.script(received.HOST, HttpResponse(200, body=b"got Code 800142 with made-up-key"))
    work()
    attempt = InboundPushAttempt.objects.get()
    for kept in (attempt.raw_request, attempt.raw_response):
        assert "[hidden]" in kept
        assert "800142" not in kept
        assert "made-up-key" not in kept


def test_a_try_whose_dispatcher_died_is_repeated_when_its_lease_ends(push, wire, work):
    (lost,) = forward.claim_pushes(queue_state.read_queue(), limit=8)
    push.refresh_from_db()
    lease = push.due_at - push.attempts.get().started_at
    assert lease == timedelta(seconds=5 + 2 + 10)  # connecting, Pigeon's timeout, slack
    assert not work()
    wire.script(received.HOST, DELIVERED)
    again(push, work)
    assert (push.status, push.tries) == ("delivered", 2)
    first = push.attempts.get(pk=lost.attempt)
    assert (first.outcome, first.code) == ("again", "lease_over")


def test_a_late_answer_of_an_abandoned_try_changes_nothing(push, wire, work):
    (lost,) = forward.claim_pushes(queue_state.read_queue(), limit=8)
    received.push_now(push)
    (_,) = forward.claim_pushes(queue_state.read_queue(), limit=8)
    before = InboundPush.objects.values().get()
    forward.settle_pushes([engine.Result(lost, value=(forward.Pushed.DELIVERED, "late"))])
    assert InboundPush.objects.values().get() == before


def test_a_last_try_that_is_abandoned_ends_the_push(push, wire, work):
    InboundPush.objects.update(tries=TRIES, status="pushing")
    received.push_now(push)
    assert forward.claim_pushes(queue_state.read_queue(), limit=8) == []
    push.refresh_from_db()
    assert (push.status, push.due_at) == ("failed", None)
    assert Alert.objects.get().key == "push:renter"


def test_no_more_are_claimed_than_there_are_slots(push):
    gateway = push.message.gateway
    for number in range(3):
        forward.queue_push(received.message(gateway, text=str(number)), RentedNumber.objects.get(), now=clock.now())
    assert len(forward.claim_pushes(queue_state.read_queue(), limit=3)) == 3
    assert len(forward.claim_pushes(queue_state.read_queue(), limit=3)) == 1
    assert forward.claim_pushes(queue_state.read_queue(), limit=0) == []


def test_a_partner_whose_key_is_lost_raises_an_alert_and_does_not_block_others(push, wire, work, settings):
    settings.FIELD_ENCRYPTION_KEYS = [LOST_KEY]
    assert forward.claim_pushes(queue_state.read_queue(), limit=8) == []
    assert Alert.objects.get().key == "partner:renter"
    push.refresh_from_db()
    assert (push.status, push.tries) == ("waiting", 0)


# --- by hand -----------------------------------------------------------------------------------


@pytest.fixture
def unpushed(push) -> InboundMessage:
    return received.message(push.message.gateway, not_pushed=forward.NOT_ACTIVE)


def test_a_message_can_be_pushed_once_its_operation_has_started(unpushed, wire, work):
    forward.push_by_hand(unpushed.pk)
    unpushed.refresh_from_db()
    assert (unpushed.push.status, unpushed.not_pushed) == ("waiting", "")
    with pytest.raises(ActionRefused, match="pushed already"):
        forward.push_by_hand(unpushed.pk)


def test_a_message_of_a_number_without_an_operation_is_not_pushed(unpushed):
    RentedNumber.objects.update(active=False)
    with pytest.raises(ActionRefused, match="not active"):
        forward.push_by_hand(unpushed.pk)


def test_an_erased_text_is_not_pushed(unpushed, push):
    InboundMessage.objects.update(text=None)
    InboundPush.objects.update(status="failed")
    with pytest.raises(ActionRefused, match="erased"):
        forward.push_by_hand(unpushed.pk)
    with pytest.raises(ActionRefused, match="erased"):
        forward.push_again(push.pk)


def test_what_a_partner_repeats_of_a_text_is_hidden(push, wire, work):
    text, sender = push.message.text, push.message.sender
    wire.script(received.HOST, HttpResponse(400, {"x-echo": text}, f"no {text} from {sender}".encode()))
    assert work()
    kept = InboundPushAttempt.objects.get()
    assert kept.raw_response == "HTTP 400\nx-echo: [hidden]\n\nno [hidden] from [hidden]"
