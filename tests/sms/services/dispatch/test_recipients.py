"""What is sent to a number, a country, a client or a sender name that was closed after the message was accepted."""

from __future__ import annotations

import pytest

from providers.base import Failure, Unavailable, Unconfirmed
from sms.models import BlockedNumber, Destination, Message, Provider, ProviderState
from sms.services.configuration.digests import pseudonym
from sms.services.database import clock
from sms.services.queue.errors import ActionRefused
from sms.services.staff import message_actions
from sms.services.staff.answer_facts import answer_message
from tests.sms.services.fakes import error
from tests.sms.services.reports.calls import call

WHO = {"actor": "aysel", "reason": "the customer called"}
NUMBER = "+994501234567"
BLOCKED = "recipient_blocked"
HELD = {"status": "held", "provider_id": None, "due_at": None}
UNREACHABLE = error(Unavailable, Failure.TRANSIENT, "refused")
SILENCE = error(Unconfirmed, Failure.AMBIGUOUS, "timeout")


def block(number=NUMBER):
    BlockedNumber.objects.create(phone=number)


def result(message):
    message.refresh_from_db()
    return message.status, message.code


def answering(fault):
    """The number is blocked while the vendor's answer is on its way."""

    def answer(request):
        block()
        raise fault

    return answer


# --- blocked numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [NUMBER, pytest.param(pseudonym, id="a forgotten number")])
@pytest.mark.parametrize("is_otp", [False, True])
def test_a_queued_message_is_not_sent_to_a_number_that_was_blocked_since(shop, wire, work, stored, is_otp):
    message = shop.message(is_otp=is_otp)
    other = shop.message(to="+994501234568")
    block(stored if isinstance(stored, str) else stored(NUMBER))
    work()
    assert result(message) == ("failed", BLOCKED)
    assert result(other) == ("submitted", "")
    assert [call.body.decode().split("|")[1] for call in wire.calls] == ["+994501234568"]
    assert (message.text is None) is is_otp
    assert (message.attempts_made, message.attempts.count()) == (0, 0)
    answer = answer_message(message, str, with_near=False)
    assert (answer.actions, "block list" in answer.sentence) == ((), True)
    event = message.events.get()
    assert event.kind == BLOCKED
    assert event.decision["status"] == "failed"


def test_a_held_message_is_not_released_to_it(shop, wire, work):
    held = shop.message(**HELD)
    block()
    work()
    assert result(held) == ("failed", BLOCKED)
    assert wire.calls == []


def test_an_unavailable_provider_is_not_followed_by_another_call_to_it(shop, wire, work):
    message = shop.message(is_otp=True)
    wire.script("first.example", answering(UNREACHABLE))
    work()
    assert result(message) == ("failed", BLOCKED)
    assert len(wire.calls) == 1


def test_a_report_that_it_was_not_sent_leads_to_no_other_call(shop, wire, work):
    message = shop.message()
    work()
    block()
    call(message.attempts.get(), state="undelivered")
    work()
    assert len(wire.calls) == 1
    assert result(message) == ("failed", BLOCKED)


def test_a_message_that_may_have_been_sent_stays_unconfirmed(shop, wire, work):
    once = Provider.objects.create(slug="once", vendor="oncevendor", base_url="https://once.example")
    shop.set_route(once)
    message = shop.message()
    wire.script("once.example", answering(SILENCE))
    work()
    Message.objects.filter(pk=message.pk).update(due_at=clock.now())
    work()
    assert len(wire.calls) == 1
    assert result(message) == ("unconfirmed", BLOCKED)


def test_a_circuit_breaker_is_not_probed_with_a_message_to_it(shop, wire, work):
    shop.set_route(shop.first)
    message = shop.message()
    block()
    ProviderState.objects.filter(pk=shop.first.pk).update(breaker="open", probe_at=clock.now(), probe_interval=60)
    work()
    assert result(message) == ("failed", BLOCKED)
    shop.first.state.refresh_from_db()
    assert shop.first.state.probe_until is None
    assert wire.calls == []


# --- what was closed -----------------------------------------------------------------------------------

CLOSED = {
    "country": (
        lambda shop: Destination.objects.create(country="AZ", mode="block"),
        lambda shop: Destination.objects.get().delete(),
        "waiting: Messages to AZ are blocked.",
    ),
    "type of number": (
        lambda shop: Destination.objects.create(country="AZ", number_types=["fixed_line"]),
        lambda shop: Destination.objects.get().delete(),
        "waiting: Numbers of type mobile in AZ are not allowed.",
    ),
    "client": (
        lambda shop: change(shop.client, enabled=False),
        lambda shop: change(shop.client, enabled=True),
        "waiting: The client is disabled.",
    ),
    "sender name of the client": (
        lambda shop: change(shop.client, all_senders=False),
        lambda shop: change(shop.client, all_senders=True),
        "waiting: The client may not use the sender name AKINON.",
    ),
    "sender name": (
        lambda shop: change(shop.sender, name="OTHER"),
        lambda shop: change(shop.sender, name="AKINON"),
        "waiting: The client may not use the sender name AKINON.",
    ),
}


def change(row, **columns):
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()


@pytest.mark.parametrize(
    "columns", [{}, {"status": "held", "provider_id": None, "due_at": None}], ids=["queued", "held"]
)
@pytest.mark.parametrize(("close", "reopen", "reason"), CLOSED.values(), ids=CLOSED)
def test_a_message_waits_while_a_call_with_it_would_be_rejected(shop, wire, work, close, reopen, reason, columns):
    message = shop.message(**columns)
    close(shop)
    work()
    message.refresh_from_db()
    assert (message.status, message.waiting_for) == ("queued", reason)
    assert (wire.calls, message.attempts.count()) == ([], 0)
    work()
    assert wire.calls == []
    reopen(shop)
    Message.objects.update(due_at=clock.now())
    work()
    assert result(message) == ("submitted", "")


def test_it_expires_if_nothing_is_opened_in_time(shop, wire, work):
    message = shop.message(is_otp=True)
    CLOSED["client"][0](shop)
    work()
    Message.objects.update(expires_at=clock.now(), due_at=clock.now())
    work()
    assert result(message) == ("expired", "expired")
    assert wire.calls == []


def test_a_dispatcher_with_an_older_copy_reads_the_newer_one_before_it_lets_a_message_wait(shop, wire, work, settings):
    CLOSED["country"][0](shop)
    work()
    settings.CONFIGURATION_MAX_AGE = 60.0
    CLOSED["country"][1](shop)
    message = shop.message()
    work()
    assert result(message) == ("submitted", "")


# --- actions of staff ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("close", "_", "reason"), CLOSED.values(), ids=CLOSED)
def test_staff_can_not_move_a_message_that_would_wait_there(shop, close, _, reason):
    message = shop.message()
    close(shop)
    with pytest.raises(ActionRefused, match=reason.removeprefix("waiting: ")):
        message_actions.move(message.pk, provider_id=shop.second.pk, **WHO)


def test_staff_can_not_move_or_release_a_message_to_a_blocked_number(shop, wire, work):
    held, queued = shop.message(**HELD), shop.message()
    block()
    with pytest.raises(ActionRefused, match="does not want messages"):
        message_actions.move(queued.pk, provider_id=shop.second.pk, **WHO)
    assert message_actions.release_held([held.pk], provider_id=shop.second.pk, **WHO) == 0
    assert result(held) == ("held", "")
