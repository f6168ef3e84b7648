"""Actions of staff on messages."""

from __future__ import annotations

import pytest

from providers.base import Failure, Refused, Unconfirmed
from sms.models import BlockedNumber, Destination, Message
from sms.services.database import clock
from sms.services.dispatch import rescue
from sms.services.queue.errors import ActionRefused
from sms.services.staff import message_actions
from tests.sms.services.fakes import error

WHO = {"actor": "aysel", "reason": "the customer called"}


@pytest.fixture
def unconfirmed(shop, wire, work):
    message = shop.message()
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    message.refresh_from_db()
    assert message.status == "unconfirmed"
    return message


def now_of(message):
    message.refresh_from_db()
    return message.status


@pytest.mark.parametrize(("went_out", "expected"), [(True, "submitted"), (False, "failed")])
def test_staff_settle_a_doubt(unconfirmed, went_out, expected):
    message_actions.settle_unconfirmed(unconfirmed.pk, went_out=went_out, **WHO)
    assert now_of(unconfirmed) == expected
    event = unconfirmed.events.get(kind="settled")
    assert (event.actor, event.reason) == ("aysel", "the customer called")


def test_only_a_doubt_can_be_settled(shop, wire, work):
    message = shop.message()
    work()
    with pytest.raises(ActionRefused, match="submitted"):
        message_actions.settle_unconfirmed(message.pk, went_out=True, **WHO)


def test_a_reason_must_be_given(unconfirmed):
    with pytest.raises(ActionRefused, match="reason"):
        message_actions.settle_unconfirmed(unconfirmed.pk, went_out=True, actor="aysel", reason=" ")


def test_a_queued_message_is_canceled_and_never_sent(shop, wire, work):
    message = shop.message()
    message_actions.cancel(message.pk, **WHO)
    work()
    assert now_of(message) == "canceled"
    assert wire.calls == []


def test_a_message_that_left_can_not_be_canceled(shop, wire, work):
    message = shop.message()
    work()
    with pytest.raises(ActionRefused):
        message_actions.cancel(message.pk, **WHO)


def test_canceling_a_doubtful_one_says_that_nobody_knows(shop):
    message = shop.message(in_doubt=True)
    message_actions.cancel(message.pk, **WHO)
    assert now_of(message) == "unconfirmed"


def test_a_resend_is_a_new_attempt_on_the_same_message(unconfirmed, wire, work):
    message_actions.resend(unconfirmed.pk, **WHO)
    work()
    assert now_of(unconfirmed) == "submitted"
    assert list(unconfirmed.attempts.values_list("number", "outcome")) == [(1, "unconfirmed"), (2, "accepted")]
    assert Message.objects.count() == 1


def test_a_resend_by_a_chosen_provider_goes_there_alone(shop, unconfirmed, wire, work):
    message_actions.resend(unconfirmed.pk, provider_id=shop.second.pk, **WHO)
    wire.script("second.example", error(Refused, Failure.RECIPIENT, "121"))
    work()
    assert wire.texts("first") == ["Salam"]
    assert wire.texts("second") == ["Salam"]


@pytest.mark.parametrize(
    ("close", "says"),
    [
        (lambda to: BlockedNumber.objects.create(phone=to), "does not want messages"),
        (lambda to: Destination.objects.create(country="AZ", mode="block"), "Messages to AZ are blocked"),
        (lambda to: Destination.objects.create(country="AZ", number_types=["fixed_line"]), "are not allowed"),
    ],
)
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_number_that_was_closed_after_the_message_gets_no_resend(shop, unconfirmed, close, says, by_hand):
    close(unconfirmed.to)
    with pytest.raises(ActionRefused, match=says):
        message_actions.resend(unconfirmed.pk, provider_id=shop.second.pk if by_hand else None, **WHO)
    assert now_of(unconfirmed) == "unconfirmed"


def test_a_resend_that_is_refused_leaves_the_doubt_about_the_first(unconfirmed, wire, work):
    message_actions.resend(unconfirmed.pk, **WHO)
    for host in ("first.example", "second.example"):
        wire.script(host, error(Refused, Failure.RECIPIENT, "121"))
    work()
    assert now_of(unconfirmed) == "unconfirmed"


def test_a_failed_message_asks_every_provider_again(shop, wire, work):
    message = shop.message()
    for host in ("first.example", "second.example"):
        wire.script(host, error(Refused, Failure.CONTENT, "120"))
    work()
    assert now_of(message) == "failed"
    message_actions.resend(message.pk, **WHO)
    work()
    assert now_of(message) == "submitted"


def test_an_otp_is_never_sent_again(shop):
    message = shop.message(is_otp=True, status="expired")
    with pytest.raises(ActionRefused, match="OTP"):
        message_actions.resend(message.pk, **WHO)


def test_an_erased_message_can_not_be_sent_again(shop):
    message = shop.message(status="failed", text=None, erased_at=clock.now())
    with pytest.raises(ActionRefused, match="erased"):
        message_actions.resend(message.pk, **WHO)


def test_a_message_under_way_can_not_be_sent_again(shop):
    with pytest.raises(ActionRefused, match="queued"):
        message_actions.resend(shop.message().pk, **WHO)


def test_a_held_message_is_canceled_and_never_sent(shop, wire, work):
    held = shop.message(status="held", provider_id=None, due_at=None)
    message_actions.cancel(held.pk, **WHO)
    work()
    assert now_of(held) == "canceled"
    assert wire.calls == []


def test_a_held_message_whose_time_is_up_expires_and_is_never_sent(shop, wire, work):
    held = shop.message(status="held", provider_id=None, due_at=None, ttl=-1)
    work()
    rescue.expire()
    assert now_of(held) == "expired"
    assert wire.calls == []


def test_a_held_message_is_released_once_a_provider_may_carry_it(shop, wire, work):
    held = shop.message(status="held", provider_id=None, due_at=None)
    work()
    assert now_of(held) == "submitted"
    assert wire.texts() == ["Salam"]
    assert held.events.filter(kind="released").count() == 1


def test_staff_release_held_messages_to_a_provider(shop, wire, work):
    held = shop.message(status="held", provider_id=None, due_at=None)
    shop.route.enabled = False
    shop.route.save()
    assert message_actions.release_held([held.pk], provider_id=shop.second.pk, **WHO) == 1
    work()
    assert now_of(held) == "submitted"
    assert wire.texts("second") == ["Salam"]
