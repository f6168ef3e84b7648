"""A message that was sent, is sent again by staff, and whose second attempt can't have sent it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.base import Failure, HttpResponse, Refused, Unconfirmed
from sms.models import Message, MessageEvent
from sms.services.database import clock
from sms.services.maintenance import personal_data
from sms.services.staff import message_actions
from tests.sms.services.fakes import error
from tests.sms.services.reports.calls import call, status

pytestmark = pytest.mark.usefixtures("patient")
WHO = {"actor": "aysel", "reason": "the customer called"}


def cancel(message, work, wire):
    message_actions.cancel(message.pk, **WHO)


def expire(message, work, wire):
    Message.objects.filter(pk=message.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    work()


def refuse(message, work, wire):
    for host in ("first.example", "second.example"):
        wire.script(host, error(Refused, Failure.RECIPIENT, "121"))
    work()


def forget(message, work, wire):
    personal_data.forget(message.to, reason="asked for", actor="aysel")


ENDS = [cancel, expire, refuse, forget]


@pytest.fixture
def resent(sent):
    """Sent by the first provider, and resent after its reports."""

    def resend(*reports, message=sent):
        for state in reports:
            call(message.attempts.get(number=1), state=state)
        message_actions.resend(message.pk, **WHO)
        return message

    return resend


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("reports", [("delivered",), ("sent",), ("undelivered", "delivered"), ()])
def test_it_has_the_state_that_its_earlier_attempt_gave_it(resent, work, wire, reports, end):
    message = resent(*reports)
    end(message, work, wire)
    message.refresh_from_db()
    assert message.status == (reports[-1] if reports else "submitted")
    assert message.code not in ("canceled", "expired")
    event = MessageEvent.objects.filter(message=message).order_by("id").last()
    assert event.decision["status"] == message.status


def test_a_later_attempt_that_may_have_sent_it_leaves_it_unconfirmed(resent, work, wire):
    message = resent("delivered")
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    assert status(message) == "unconfirmed"
    message_actions.resend(message.pk, **WHO)
    cancel(message, work, wire)
    assert status(message) == "unconfirmed"


def test_a_report_on_an_earlier_attempt_counts_beside_a_later_one_that_was_accepted(resent, work, wire):
    message = resent()
    work()
    call(message.attempts.get(number=1), state="delivered")
    assert status(message) == "delivered"
    message_actions.resend(message.pk, **WHO)
    cancel(message, work, wire)
    assert status(message) == "delivered"


def test_an_earlier_attempt_in_doubt_does_not_outweigh_the_later_report(shop, work, wire):
    message = shop.message()
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    message_actions.resend(message.pk, **WHO)
    work()
    call(message.attempts.get(number=2), state="delivered")
    message_actions.resend(message.pk, **WHO)
    cancel(message, work, wire)
    assert status(message) == "delivered"


def test_a_report_of_the_later_attempt_lets_the_earlier_one_decide(resent, work, wire):
    """It comes after a third attempt, so that it does not change the message by itself."""
    message = resent("delivered")
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    message_actions.resend(message.pk, **WHO)
    refuse(message, work, wire)
    assert status(message) == "unconfirmed"
    call(message.attempts.get(number=2), state="undelivered")
    assert status(message) == "delivered"


def test_after_a_restored_backup_it_stays_unconfirmed(resent, work, wire):
    """The attempt that sent it may be missing."""
    message = resent("delivered")
    MessageEvent.objects.create(message=message, at=clock.now(), kind="parked")
    cancel(message, work, wire)
    assert status(message) == "unconfirmed"


def test_a_better_report_still_counts_afterwards(resent, work, wire):
    message = resent("sent")
    cancel(message, work, wire)
    call(message.attempts.get(), state="delivered")
    assert status(message) == "delivered"


def test_its_code_is_that_of_the_report_or_of_the_call(shop, wire, work):
    wire.script("first.example", HttpResponse(200, {}, b"v-1"))
    message = shop.message()
    work()
    before = Message.objects.get(pk=message.pk).code
    message_actions.resend(message.pk, **WHO)
    cancel(message, work, wire)
    assert Message.objects.get(pk=message.pk).code == before


def test_it_is_at_the_provider_whose_attempt_decides(sent, shop, work, wire):
    call(sent.attempts.get(), state="delivered")
    message_actions.resend(sent.pk, provider_id=shop.second.pk, **WHO)
    cancel(sent, work, wire)
    sent.refresh_from_db()
    assert (sent.status, sent.provider) == ("delivered", shop.first)
