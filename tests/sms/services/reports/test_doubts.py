"""A message that may have been sent, of which the vendor later says that it did not arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.base import Failure, Refused, Unconfirmed
from sms.models import Message, MessageEvent, ProviderState
from sms.services.database import clock
from sms.services.dispatch import eligibility
from sms.services.maintenance import personal_data
from sms.services.staff import message_actions
from tests.sms.services.fakes import error
from tests.sms.services.reports.calls import call, status

pytestmark = pytest.mark.usefixtures("patient")
LOST = (Unconfirmed, Failure.AMBIGUOUS, "timeout")


def make_due(message):
    ProviderState.objects.update(breaker="closed")
    Message.objects.filter(pk=message.pk).update(due_at=clock.now())


@pytest.fixture
def waiting(shop, wire, work):
    """An OTP whose first call got no answer; it waits for the second provider."""
    shop.route.resend_unconfirmed_otp = True
    shop.route.save()
    message = shop.message("Kod: 004217", is_otp=True)
    wire.script("first.example", error(*LOST))
    ProviderState.objects.filter(provider=shop.second).update(breaker="open")
    work()
    assert status(message) == "queued"
    return message


@pytest.fixture(autouse=True)
def faults(monkeypatch):
    """While it holds anything, our own code fails before each call."""
    genuine, faults = eligibility.candidates_of, []

    def candidates_of(due):
        if faults:
            raise faults[0]
        return genuine(due)

    monkeypatch.setattr(eligibility, "candidates_of", candidates_of)
    return faults


def fail_three_times(message, work, wire, faults):
    Message.objects.filter(pk=message.pk).update(crashes=2, due_at=clock.now())
    faults.append(RuntimeError("ours"))
    work()


def expire(message, work, wire, faults):
    Message.objects.filter(pk=message.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    work()


def cancel(message, work, wire, faults):
    message_actions.cancel(message.pk, actor="aysel", reason="the customer called")


def refuse(message, work, wire, faults):
    """By the second provider. The first one may have sent it, so it is not tried again."""
    wire.script("second.example", error(Refused, Failure.RECIPIENT, "121"))
    make_due(message)
    work()


def lose(message, work, wire):
    wire.script("second.example", error(*LOST))
    make_due(message)
    work()


ENDS = [expire, cancel, refuse, fail_three_times]


@pytest.mark.parametrize("end", ENDS)
def test_a_report_before_the_end_makes_it_undelivered(waiting, work, wire, faults, end):
    call(waiting.attempts.get(), state="undelivered", code="27")
    assert status(waiting) == "queued"
    end(waiting, work, wire, faults)
    waiting.refresh_from_db()
    assert waiting.status == "undelivered"
    assert waiting.text is None


@pytest.mark.parametrize("is_before", [True, False])
def test_its_code_is_of_the_provider_that_it_names(waiting, shop, work, wire, faults, is_before):
    """The page explains the code by that provider's table."""
    first = waiting.attempts.get()
    ends = [lambda: call(first, state="undelivered"), lambda: refuse(waiting, work, wire, faults)]
    for end in ends if is_before else reversed(ends):
        end()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.provider, waiting.text) == ("undelivered", shop.first, None)
    assert [event.decision["to"] for event in waiting.events.filter(kind="doubt_resolved")] == [shop.first.pk]


@pytest.mark.parametrize("end", ENDS)
def test_a_report_after_the_end_makes_it_undelivered(waiting, work, wire, faults, end):
    first = waiting.attempts.get()
    end(waiting, work, wire, faults)
    assert status(waiting) == "unconfirmed"
    call(first, state="undelivered")
    assert status(waiting) == "undelivered"


@pytest.mark.parametrize("end", ENDS)
def test_without_a_report_it_stays_unconfirmed(waiting, work, wire, faults, end):
    end(waiting, work, wire, faults)
    assert status(waiting) == "unconfirmed"


def test_a_report_on_one_of_two_doubtful_attempts_is_not_enough(waiting, work, wire):
    first = waiting.attempts.get()
    lose(waiting, work, wire)
    call(first, state="undelivered")
    assert status(waiting) == "unconfirmed"
    call(waiting.attempts.get(number=2), state="undelivered")
    assert status(waiting) == "undelivered"


def test_after_a_restored_backup_no_report_on_an_earlier_attempt_decides(waiting, work, wire, faults):
    """The attempt that sent it may be missing."""
    MessageEvent.objects.create(message=waiting, at=clock.now(), kind="parked")
    call(waiting.attempts.get(), state="undelivered")
    expire(waiting, work, wire, faults)
    assert status(waiting) == "unconfirmed"


def test_forgetting_the_number_makes_it_undelivered(waiting):
    call(waiting.attempts.get(), state="undelivered")
    personal_data.forget(waiting.to, reason="asked for", actor="aysel")
    assert status(waiting) == "undelivered"


def test_a_late_good_report_still_wins(waiting, work, wire, faults):
    first = waiting.attempts.get()
    call(first, state="undelivered")
    expire(waiting, work, wire, faults)
    call(first, state="delivered")
    assert status(waiting) == "delivered"


@pytest.mark.parametrize("state", ["sent", "delivered"])
def test_what_an_earlier_attempt_delivered_counts_for_its_provider(waiting, shop, work, wire, state):
    """The second provider accepted it, too, or may have sent it."""
    first = waiting.attempts.get()
    lose(waiting, work, wire)
    call(first, state=state)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.provider) == (state, shop.first)


@pytest.mark.parametrize("is_over", [False, True])
def test_while_the_next_provider_may_not_be_called_it_is_not_sent_by_the_first_one_again(
    waiting, shop, work, wire, is_over
):
    """The route allows it once more "by the next provider"; two codes from one vendor help nobody."""
    calls = len(wire.calls)
    if is_over:  # the second provider can no longer carry the message at all
        shop.second.enabled = False
        shop.second.save()
    for _ in range(3):
        Message.objects.filter(pk=waiting.pk).update(due_at=clock.now())
        work()
    waiting.refresh_from_db()
    assert (waiting.status, len(wire.calls)) == ("queued", calls)
    assert waiting.waiting_for
