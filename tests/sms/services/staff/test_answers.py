"""The sentence for every status and cause, and the actions that it suggests."""

from __future__ import annotations

import pytest

from sms.domain.codes import TABLE
from sms.domain.lifecycle import Status
from sms.services.staff import answers
from sms.services.staff.answers import Action, MessageFacts, ProviderState, ReceivedFacts

FACTS = {"to": "+994 50 … 67", "at": "10:42", "provider": "main-az"}
RESEND, RESOLVE, CANCEL, MOVE, ASK = Action.RESEND, Action.RESOLVE, Action.CANCEL, Action.MOVE, Action.ASK
SENTENCES = [
    ("delivered", {}, "Delivered to +994 50 … 67 at 10:42 by main-az.", ()),
    ("delivered", {"can_resend": True}, "Delivered to +994 50 … 67 at 10:42 by main-az.", ()),
    (
        "sent",
        {"is_last_report": True, "can_resend": True},
        "Sent to +994 50 … 67 at 10:42 by main-az, which reports no delivery.",
        (),
    ),
    (
        "sent",
        {"can_ask": True},
        "Sent to +994 50 … 67 at 10:42 by main-az; its delivery is not reported yet.",
        (ASK,),
    ),
    (
        "submitted",
        {"is_last_report": True},
        "Accepted for +994 50 … 67 at 10:42 by main-az, which reports no delivery.",
        (),
    ),
    ("submitted", {}, "Accepted for +994 50 … 67 at 10:42 by main-az; no delivery report yet.", ()),
    ("sending", {}, "Being sent to +994 50 … 67 by main-az since 10:42.", ()),
    (
        "unconfirmed",
        {},
        "Unconfirmed: it may have been sent to +994 50 … 67 by main-az at 10:42.",
        (RESOLVE,),
    ),
    (
        "unconfirmed",
        {"cause": "The vendor sent no complete response in time.", "can_ask": True},
        "Unconfirmed: it may have been sent to +994 50 … 67 by main-az at 10:42 (The vendor sent no complete response "
        "in time).",
        (ASK, RESOLVE),
    ),
    ("undelivered", {}, "Not delivered to +994 50 … 67, as main-az reported at 10:42.", ()),
    (
        "undelivered",
        {"cause": "Absent subscriber.", "can_resend": True},
        "Not delivered to +994 50 … 67, as main-az reported at 10:42: Absent subscriber.",
        (RESEND,),
    ),
    (
        "failed",
        {"cause": "The number is wrong.", "can_resend": True},
        "Not sent to +994 50 … 67 at 10:42: The number is wrong.",
        (RESEND,),
    ),
    ("failed", {}, "Not sent to +994 50 … 67 at 10:42.", ()),
    ("expired", {"can_resend": True}, "Not sent to +994 50 … 67: its time to live ended at 10:42.", (RESEND,)),
    ("canceled", {"can_resend": True}, "Not sent to +994 50 … 67: staff canceled it at 10:42.", ()),
    ("held", {}, "Held: no approved template gives its text.", (Action.TEMPLATE, CANCEL)),
    (
        "held",
        {"near": "shipped-az: character 42"},
        "Held: no approved template; nearest is shipped-az: character 42.",
        (Action.TEMPLATE, CANCEL),
    ),
    (
        "held",
        {"cause": "main-az: The sender name is not approved at this provider."},
        "Held: main-az: The sender name is not approved at this provider.",
        (CANCEL,),
    ),
    ("held", {"in_doubt": True}, "Held: it may have been sent since the backup that was restored.", (CANCEL,)),
    ("queued", {"has_dispatcher": False}, "Waiting: no dispatcher is running, so nothing is sent.", ()),
    (
        "queued",
        {"provider_state": ProviderState.SUSPENDED, "since": "10:31"},
        "Waiting: main-az is suspended since 10:31.",
        (Action.PROBE, MOVE),
    ),
    (
        "queued",
        {"provider_state": ProviderState.PAUSED},
        "Waiting: main-az is paused by staff.",
        (Action.RESUME, MOVE),
    ),
    ("queued", {"provider_state": ProviderState.DISABLED}, "Waiting: main-az is disabled.", (MOVE, CANCEL)),
    (
        "queued",
        {"waiting_for": "waiting for the approval of template shipped at main-az"},
        "Waiting for the approval of template shipped at main-az.",
        (MOVE, CANCEL),
    ),
    (
        "queued",
        {"attempts": 2, "cause": "The vendor was unreachable.", "due": "10:43"},
        "Waiting: attempt 2 failed (The vendor was unreachable); main-az is tried at 10:43.",
        (MOVE, CANCEL),
    ),
    ("queued", {"due": "10:43"}, "Waiting in the queue of main-az; it is due at 10:43.", (CANCEL,)),
]


@pytest.mark.parametrize(("status", "more", "sentence", "actions"), SENTENCES)
def test_a_message_is_told_in_one_sentence(status, more, sentence, actions):
    answer = answers.of_message(MessageFacts(status=Status(status), **FACTS | more))
    assert (answer.sentence, answer.actions) == (sentence, actions)


def test_every_status_has_a_sentence():
    assert {status for status, *_ in SENTENCES} == {status.value for status in Status}


def test_every_action_is_suggested_by_some_sentence():
    suggested = {action for *_, actions in SENTENCES for action in actions}
    assert suggested | {Action.BLOCK_LIST, Action.ROUTE, Action.FORWARD} == set(Action)


@pytest.mark.parametrize("code", [code for code in TABLE if 400 <= code.status < 500], ids=lambda code: code.name)
def test_a_rejection_is_told_in_one_sentence_whatever_its_code(code):
    answer = answers.of_rejection(code.name, at="10:42")
    assert answer.sentence.startswith("Not accepted at 10:42: ")
    assert answer.sentence.endswith(".")
    assert ".." not in answer.sentence


@pytest.mark.parametrize(
    ("code", "near", "sentence", "actions"),
    [
        (
            "template_not_matched",
            "shipped-az: character 42",
            "Not accepted at 10:42: no approved template; nearest is shipped-az: character 42.",
            (Action.TEMPLATE,),
        ),
        ("template_not_matched", "", "Not accepted at 10:42: no approved template.", (Action.TEMPLATE,)),
        ("unheard_of", "", "Not accepted at 10:42: unheard_of.", ()),
    ],
)
def test_a_text_without_a_template_names_the_nearest(code, near, sentence, actions):
    answer = answers.of_rejection(code, at="10:42", near=near)
    assert (answer.sentence, answer.actions) == (sentence, actions)


@pytest.mark.parametrize(
    ("facts", "end", "actions"),
    [
        ({"forward": "delivered", "partner": "renter"}, "at 10:42 and forwarded to renter.", ()),
        ({"forward": "waiting", "partner": "renter"}, "at 10:42; the forward to renter waits.", ()),
        ({"forward": "pushing", "partner": "renter"}, "at 10:42; the forward to renter waits.", ()),
        (
            {"forward": "refused", "partner": "renter", "cause": "NO_OPERATION"},
            "at 10:42, but renter did not accept it (NO_OPERATION).",
            (Action.FORWARD,),
        ),
        ({"cause": "No partner rents it."}, "at 10:42 and not forwarded: No partner rents it.", (Action.FORWARD,)),
        ({}, "at 10:42 and not forwarded.", (Action.FORWARD,)),
    ],
)
def test_a_received_sms_is_told_with_its_forward(facts, end, actions):
    answer = answers.of_received(ReceivedFacts(sender="+99450", to="+99455", at="10:42", **facts))
    assert answer.sentence == f"Received from +99450 on +99455 {end}"
    assert answer.actions == actions
