"""The product with the real Kannel and a simulated SMSC: from POST /send-sms to the last delivery report."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import pytest

from tests.support.stack import Stack
from tests.support.waiting import eventually

from . import pdu
from .gateway import Gateway
from .smsc import Silence, Smsc

pytestmark = [pytest.mark.smpp, pytest.mark.any_database]
TO = "+40721234567"
OTP = "Codul este 004217. Nu il da nimanui."
PATIENCE = 60.0
RESENDS = 5
"""sms-resend-retry of kannel/kannel.conf."""


def send(stack: Stack, text: str = "Comanda 17 este pe drum.", **options: Any) -> str:
    reply = stack.send_sms(TO, text, **options)
    assert reply.status == 201, reply.body
    [newest, *_] = stack.messages()
    return newest["id"]


def shown(stack: Stack, message_id: str) -> dict[str, Any]:
    return next(row for row in stack.messages() if row["id"] == message_id)


def becomes(stack: Stack, message_id: str, status: str) -> None:
    def is_it() -> bool:
        found = shown(stack, message_id)["status"]
        assert found == status, found
        return True

    eventually(is_it, PATIENCE, because=f"it is {status}")


def test_an_otp_is_delivered_and_nothing_quotes_its_code(stack: Stack, gateway: Gateway, smsc: Smsc):
    message = send(stack, OTP, is_otp=True)
    becomes(stack, message, "delivered")
    [seen] = smsc.messages
    assert (seen.to, seen.sender, seen.text, seen.coding) == ("40721234567", "AKINON", OTP, 0)
    assert (seen.priority, seen.receipt_wanted, bool(seen.validity)) == (3, True, True)
    assert "004217" not in stack.logs() + gateway.output()
    kept = exported(stack)
    assert "stat:DELIVRD" in kept
    assert "004217" not in kept


def exported(stack: Stack) -> str:
    """What the database keeps of calls and callbacks, beside the texts of messages."""
    return stack.manage("dumpdata", "sms.attempt", "sms.deliveryreport", "sms.callback").stdout


def carried_by(stack: Stack) -> list[str]:
    """Which vendors of the shop took a message."""
    return ["accolades"] * sum(call.accepted for call in stack.vendors.accolades.calls())


@pytest.mark.parametrize("stat", ["UNDELIV", "EXPIRED", "REJECTD"])
def test_a_message_that_was_not_delivered_had_left_and_goes_to_no_other_provider(stack: Stack, smsc: Smsc, stat: str):
    smsc.stat = stat
    message = send(stack)
    becomes(stack, message, "undelivered")
    assert len(smsc.messages) == 1
    assert carried_by(stack) == []


def test_a_text_of_three_parts_in_ucs_2_arrives_whole_and_is_reported_once(stack: Stack, smsc: Smsc):
    text = "Sifarişiniz yoldadır. " * 8
    message = send(stack, text.strip())
    becomes(stack, message, "delivered")
    assert "".join(part.text for part in smsc.messages) == text.strip()
    assert [(part.coding, part.receipt_wanted) for part in smsc.messages] == [(8, True), (8, False), (8, False)]


SPECIAL = "100% %d %F%A %% &text=x&to=1 + = # ? ; \"a\" 'b' <c> \\ [d] {e} ~ ^ | € @ _ stat:UNDELIV"


@pytest.mark.parametrize(("text", "coding"), [(SPECIAL, 0), (f"{SPECIAL} ə \u00a0 😀 \n%00", 8)])
def test_special_characters_arrive_as_they_are(stack: Stack, smsc: Smsc, text: str, coding: int):
    message = send(stack, text)
    becomes(stack, message, "delivered")
    assert "".join(part.text for part in smsc.messages) == text
    assert {part.coding for part in smsc.messages} == {coding}


def test_a_message_that_the_smsc_refuses_goes_to_the_next_provider(stack: Stack, smsc: Smsc):
    smsc.answer = lambda message: pdu.INVALID_DESTINATION
    send(stack)
    eventually(lambda: carried_by(stack) == ["accolades"], PATIENCE)
    assert len(smsc.messages) == 1


def test_throttling_is_waited_for(stack: Stack, smsc: Smsc):
    answers = chain([pdu.THROTTLED] * 2, repeat(pdu.OK))
    smsc.answer = lambda message: next(answers)
    message = send(stack)
    becomes(stack, message, "delivered")
    assert (len(smsc.messages), len(smsc.taken)) == (3, 1)


def test_throttling_without_end_is_given_up_and_goes_to_no_other_provider(stack: Stack, smsc: Smsc):
    """Kannel says "Retries Exceeded" after broken links, too, so that nobody knows whether the message left."""
    smsc.answer = lambda message: pdu.THROTTLED
    message = send(stack)
    becomes(stack, message, "undelivered")
    assert len(smsc.messages) == 1 + RESENDS
    assert carried_by(stack) == []


def test_a_kill_of_bearerbox_loses_no_message_and_no_report(stack: Stack, gateway: Gateway, smsc: Smsc):
    smsc.stat = ""
    before = send(stack, "Comanda 1 este pe drum.")
    becomes(stack, before, "sent")
    smsc.answer = lambda message: pdu.THROTTLED
    queued = [send(stack, f"Comanda {number} este pe drum.") for number in (2, 3, 4)]
    for message in queued:
        becomes(stack, message, "submitted")
    gateway.kill_bearerbox()
    smsc.answer, smsc.stat = (lambda message: pdu.OK), "DELIVRD"
    gateway.restart()
    for message in queued:
        becomes(stack, message, "delivered")
    smsc.report(smsc.taken[0], "DELIVRD")
    becomes(stack, before, "delivered")
    assert sorted(message.text[8] for message in smsc.taken) == ["1", "2", "3", "4"]


def test_an_sms_of_a_handset_is_dropped_without_an_answer(stack: Stack, gateway: Gateway, smsc: Smsc):
    smsc.say("40721234567", "4071", "STOP 4217")
    becomes(stack, send(stack), "delivered")
    assert len(smsc.messages) == 1
    assert "4217" not in gateway.output()


def test_without_bearerbox_a_message_is_surely_not_sent_and_goes_to_the_next_provider(
    stack: Stack, gateway: Gateway, smsc: Smsc
):
    gateway.close()
    send(stack)
    eventually(lambda: carried_by(stack) == ["accolades"], PATIENCE)
    assert smsc.messages == []


def test_a_refusal_of_the_second_submission_is_taken_for_one_of_the_message(stack: Stack, smsc: Smsc):
    """Kannel reports the refusal alone. docs/reliability.md says that this message may arrive twice."""
    answers = chain([Silence.BREAK], repeat(pdu.INVALID_DESTINATION))
    smsc.answer = lambda message: next(answers)
    send(stack)
    eventually(lambda: carried_by(stack) == ["accolades"], PATIENCE)
    assert (len(smsc.messages), len(smsc.taken)) == (2, 1)


def test_a_link_that_breaks_before_the_answer_makes_kannel_submit_again(stack: Stack, smsc: Smsc):
    """The end of "never twice": docs/reliability.md says so."""
    answers = chain([Silence.BREAK], repeat(pdu.OK))
    smsc.answer = lambda message: next(answers)
    message = send(stack)
    becomes(stack, message, "delivered")
    assert [message.text for message in smsc.taken] == ["Comanda 17 este pe drum."] * 2
    assert carried_by(stack) == []
