"""The rules of a message's life, as sentences."""

from dataclasses import replace
from itertools import product

import pytest

from providers.base import Failure, MessageState
from sms.domain.lifecycle import (
    BACKOFF,
    BACKOFF_OTP,
    OUTCOME_OF,
    PERMANENT,
    REPORT_STATE,
    ReportEffect,
    Situation,
    Status,
    Try,
    after_failure,
    after_report,
    backoff,
    choose,
    is_final,
    remaining,
    rises,
)

A, B, C = 1, 2, 3


def situation(*tries, is_otp=False, candidates=(A, B), closed=(), jitter=1.0, **more):
    return Situation(
        is_otp=is_otp,
        candidates=candidates,
        open_providers=set(candidates) - set(closed),
        tries=[Try(*each) for each in tries],
        jitter=jitter,
        **more,
    )


FOLLOWS = [
    # what happened, then: status, provider, seconds to wait
    ("transient once: the same again after back-off", [(A, Failure.TRANSIENT)], {}, ("queued", A, 5.0)),
    ("transient twice: the next one", [(A, Failure.TRANSIENT)] * 2, {}, ("queued", B, 0.0)),
    (
        "transient, breaker open: the next one at once",
        [(A, Failure.TRANSIENT)],
        {"closed": [A]},
        ("queued", B, 0.0),
    ),
    (
        "transient once after another provider's failure: the same again",
        [(A, Failure.TRANSIENT), (B, Failure.TRANSIENT)],
        {},
        ("queued", B, 5.0),
    ),
    ("an OTP goes to the next one at once", [(A, Failure.TRANSIENT)], {"is_otp": True}, ("queued", B, 0.0)),
    (
        "an OTP comes back to the first with its own back-off",
        [(A, Failure.TRANSIENT), (B, Failure.TRANSIENT)],
        {"is_otp": True},
        ("queued", A, 0.5),
    ),
    (
        "alone, a transient one waits as long as it takes",
        [(A, Failure.TRANSIENT)] * 9,
        {"candidates": [A]},
        ("queued", A, 600.0),
    ),
    (
        "Retry-After is honoured",
        [(A, Failure.TRANSIENT)],
        {"candidates": [A], "retry_after": 120},
        ("queued", A, 120),
    ),
    (
        "Retry-After is capped at 300 s",
        [(A, Failure.TRANSIENT)],
        {"candidates": [A], "retry_after": 9999},
        ("queued", A, 300.0),
    ),
    (
        "Retry-After concerns its own provider alone",
        [(A, Failure.TRANSIENT)],
        {"is_otp": True, "retry_after": 120},
        ("queued", B, 0.0),
    ),
    (
        "two doubtful attempts allow no third one, though no doubt is stored",
        [(A, Failure.AMBIGUOUS), (B, Failure.AMBIGUOUS)],
        {"is_otp": True, "may_resend_unconfirmed": True, "candidates": [A, B, C]},
        ("unconfirmed", None, 0.0),
    ),
    ("account: the next one at once", [(A, Failure.ACCOUNT)], {"closed": [A]}, ("queued", B, 0.0)),
    ("balance: the next one at once", [(A, Failure.BALANCE)], {"closed": [A]}, ("queued", B, 0.0)),
    (
        "account and nobody else: it stays queued",
        [(A, Failure.ACCOUNT)],
        {"candidates": [A], "closed": [A]},
        ("queued", A, 5.0),
    ),
    ("account, breaker not open yet: the next one", [(A, Failure.ACCOUNT)], {}, ("queued", B, 0.0)),
    ("balance, breaker not open yet: the next one", [(A, Failure.BALANCE)], {}, ("queued", B, 0.0)),
    (
        "transient, counted from the last change of provider",
        [(A, Failure.TRANSIENT), (B, Failure.TRANSIENT), (A, Failure.TRANSIENT)],
        {},
        ("queued", A, BACKOFF[1]),
    ),
    (
        "a contradicted approval does not exclude its provider",
        [(A, Failure.CONTENT, True)],
        {"candidates": [A]},
        ("queued", A, BACKOFF[0]),
    ),
    ("config: the next one at once", [(A, Failure.CONFIG)], {}, ("queued", B, 0.0)),
    ("config and nobody else: failed", [(A, Failure.CONFIG)], {"candidates": [A]}, ("failed", None, 0.0)),
    ("recipient: the next one at once", [(A, Failure.RECIPIENT)], {}, ("queued", B, 0.0)),
    ("refused by every one: failed", [(A, Failure.CONTENT), (B, Failure.RECIPIENT)], {}, ("failed", None, 0.0)),
    (
        "refused by one while the other is unreachable: queued",
        [(B, Failure.TRANSIENT), (A, Failure.CONTENT)],
        {"closed": [B]},
        ("queued", B, 5.0),
    ),
    ("ambiguous: never again", [(A, Failure.AMBIGUOUS)], {}, ("unconfirmed", None, 0.0)),
    ("ambiguous OTP: never again", [(A, Failure.AMBIGUOUS)], {"is_otp": True}, ("unconfirmed", None, 0.0)),
    (
        "ambiguous OTP whose route allows one more",
        [(A, Failure.AMBIGUOUS)],
        {"is_otp": True, "may_resend_unconfirmed": True},
        ("queued", B, 0.0),
    ),
    (
        "one more means one",
        [(A, Failure.AMBIGUOUS), (B, Failure.AMBIGUOUS)],
        {"is_otp": True, "may_resend_unconfirmed": True, "in_doubt": True, "candidates": [A, B, C]},
        ("unconfirmed", None, 0.0),
    ),
    (
        "one more goes to another provider, whatever became of its call",
        [(A, Failure.AMBIGUOUS), (B, Failure.TRANSIENT)],
        {"is_otp": True, "may_resend_unconfirmed": True, "in_doubt": True, "closed": [B]},
        ("queued", B, 0.5),
    ),
    (
        "one more may go to a third provider",
        [(A, Failure.AMBIGUOUS), (B, Failure.TRANSIENT)],
        {"is_otp": True, "may_resend_unconfirmed": True, "in_doubt": True, "candidates": [A, B, C]},
        ("queued", C, 0.0),
    ),
    (
        "one more is refused: the first provider, which may have sent it, is not tried again",
        [(A, Failure.AMBIGUOUS), (B, Failure.RECIPIENT)],
        {"is_otp": True, "may_resend_unconfirmed": True, "in_doubt": True},
        ("unconfirmed", None, 0.0),
    ),
    (
        "the route's leave is for OTPs alone",
        [(A, Failure.AMBIGUOUS)],
        {"may_resend_unconfirmed": True},
        ("unconfirmed", None, 0.0),
    ),
    (
        "refused after a doubt is still a doubt",
        [(A, Failure.AMBIGUOUS), (B, Failure.CONTENT)],
        {"is_otp": True, "in_doubt": True, "candidates": [B]},
        ("unconfirmed", None, 0.0),
    ),
]


REPEAT = (A, Failure.AMBIGUOUS, False, True)
REPEATED = [
    # what happened, then: status, provider, whether the next call repeats the last one's reference
    ("ambiguous: repeated here", [(A, Failure.AMBIGUOUS)], {}, ("queued", A, True)),
    ("an OTP too", [(A, Failure.AMBIGUOUS)], {"is_otp": True}, ("queued", A, True)),
    ("alone too", [(A, Failure.AMBIGUOUS)], {"candidates": [A]}, ("queued", A, True)),
    ("while its breaker is open too", [(A, Failure.AMBIGUOUS)], {"closed": [A]}, ("queued", A, True)),
    ("again", [(A, Failure.AMBIGUOUS), REPEAT], {"in_doubt": True}, ("queued", A, True)),
    ("not for ever", [(A, Failure.AMBIGUOUS), *[REPEAT] * 5], {"in_doubt": True}, ("unconfirmed", None, False)),
    (
        "without the vendor's promise not at all",
        [(A, Failure.AMBIGUOUS)],
        {"may_repeat": False},
        ("unconfirmed", None, False),
    ),
    (
        "the route's leave comes first",
        [(A, Failure.AMBIGUOUS)],
        {"is_otp": True, "may_resend_unconfirmed": True},
        ("queued", B, False),
    ),
    (
        "the route's leave without another provider",
        [(A, Failure.AMBIGUOUS)],
        {"is_otp": True, "may_resend_unconfirmed": True, "candidates": [A]},
        ("queued", A, True),
    ),
    *(
        (
            f"a repeat that failed as {failure} leaves the doubt",
            [(A, Failure.AMBIGUOUS), (A, failure, False, True)],
            {"in_doubt": True},
            ("unconfirmed", None, False) if failure in PERMANENT else ("queued", A, True),
        )
        for failure in Failure
    ),
]


@pytest.mark.parametrize(("tries", "more", "expected"), [row[1:] for row in REPEATED], ids=[row[0] for row in REPEATED])
def test_what_follows_where_the_vendor_sends_a_reference_once(tries, more, expected):
    step = after_failure(situation(*tries, **{"may_repeat": True} | more))
    assert (step.status, step.provider, step.repeats) == expected
    assert step.in_doubt


@pytest.mark.parametrize(("tries", "more", "expected"), [row[1:] for row in FOLLOWS], ids=[row[0] for row in FOLLOWS])
def test_what_follows_a_failed_attempt(tries, more, expected):
    step = after_failure(situation(*tries, **more))
    assert (step.status, step.provider, step.delay) == expected


def test_a_provider_that_may_no_longer_carry_the_message_is_not_tried_again():
    step = after_failure(replace(situation((A, Failure.TRANSIENT), candidates=[B]), open_providers={A, B}))
    assert (step.status, step.provider) == ("queued", B)


def test_every_failure_has_an_outcome_and_every_reported_state_a_word():
    assert set(OUTCOME_OF) == set(Failure)
    assert set(REPORT_STATE) == set(MessageState)


def test_a_doubt_is_remembered_when_an_otp_goes_out_once_more():
    step = after_failure(situation((A, Failure.AMBIGUOUS), is_otp=True, may_resend_unconfirmed=True))
    assert step.in_doubt


LEAVE = {"is_otp": True, "may_resend_unconfirmed": True}
DOUBTS = [
    ("ambiguous", [(A, Failure.AMBIGUOUS)], {}, True),
    ("a second ambiguous one, whatever is known of the first", [(A, Failure.AMBIGUOUS)] * 2, LEAVE, True),
    ("refused by the last after a doubt", [(A, Failure.CONTENT)], {"candidates": [A], "in_doubt": True}, True),
    ("refused by the last", [(A, Failure.CONTENT)], {"candidates": [A]}, False),
    ("queued again after a doubt", [(A, Failure.TRANSIENT)], {"in_doubt": True}, True),
    ("queued again", [(A, Failure.TRANSIENT)], {}, False),
]


@pytest.mark.parametrize(("tries", "more", "expected"), [row[1:] for row in DOUBTS], ids=[row[0] for row in DOUBTS])
def test_a_doubt_is_never_forgotten_and_never_made_up(tries, more, expected):
    assert after_failure(situation(*tries, **more)).in_doubt is expected


def test_a_doubt_allows_no_further_call_even_where_the_doubtful_attempt_is_not_among_the_tries():
    step = after_failure(situation((A, Failure.AMBIGUOUS), in_doubt=True, **LEAVE))
    assert (step.status, step.in_doubt) == ("unconfirmed", True)


@pytest.mark.parametrize(("is_otp", "steps"), [(True, BACKOFF_OTP), (False, BACKOFF)])
def test_back_off_rises_to_its_cap_and_stays_there(is_otp, steps):
    waits = [backoff(tries, is_otp=is_otp, jitter=1.0) for tries in range(1, 12)]
    assert waits[: len(steps)] == list(steps)
    assert set(waits[len(steps) :]) == {steps[-1]}
    assert backoff(3, is_otp=is_otp, jitter=0.0) == 0.0


def test_an_open_provider_is_chosen_before_a_closed_one_whatever_the_order():
    assert choose([A, B], {B}, []) == B
    assert choose([A, B], set(), []) == A


GOOD, BAD = MessageState.DELIVERED, MessageState.UNDELIVERED
SENT = MessageState.SENT


def report(status, word, *, latest=True, reported="", **more):
    return after_report(status=Status(status), is_latest=latest, reported=reported, report=word, **more)


MOVES = [
    ("submitted", SENT, True, "sent"),
    ("submitted", GOOD, True, "delivered"),
    ("submitted", BAD, True, "undelivered"),
    ("sending", SENT, True, "sent"),
    ("sending", BAD, True, "undelivered"),
    ("unconfirmed", SENT, True, "sent"),
    ("unconfirmed", BAD, True, "undelivered"),
    ("failed", GOOD, True, "delivered"),
    ("failed", MessageState.ACCEPTED, True, "submitted"),
    ("expired", MessageState.ACCEPTED, True, "submitted"),
    ("expired", SENT, True, "sent"),
    ("undelivered", GOOD, True, "delivered"),
    ("queued", SENT, False, "sent"),
    ("sending", GOOD, False, "delivered"),
    ("undelivered", SENT, True, None),
    ("delivered", SENT, True, None),
    ("delivered", BAD, True, None),
    ("delivered", GOOD, True, None),
    ("sent", BAD, True, "undelivered"),
    ("sent", SENT, True, None),
    ("undelivered", BAD, True, None),
    ("held", SENT, True, "sent"),
    ("sending", MessageState.ACCEPTED, True, "submitted"),
    ("unconfirmed", MessageState.ACCEPTED, True, "submitted"),
    ("submitted", MessageState.ACCEPTED, True, None),
    ("sent", BAD, False, None),
    ("submitted", BAD, False, None),
    ("queued", BAD, True, None),
]


@pytest.mark.parametrize(("status", "word", "latest", "expected"), MOVES)
def test_what_a_report_does_to_its_message(status, word, latest, expected):
    effect = report(status, word, latest=latest)
    assert effect.status == expected
    assert effect.applied


@pytest.mark.parametrize("reported", ["", "accepted"])
def test_what_the_carrier_of_another_attempt_has_moves_on_to_no_provider(reported):
    """If the report had come first, the message would wait for the next provider until the carrier's ended that."""
    effect = report("sent", BAD, reported=reported, means_not_sent=True, another_is_left=True)
    assert effect == ReportEffect(True, "the message is sent already")


def test_a_report_never_moves_an_attempt_backwards():
    assert not report("delivered", BAD, reported="delivered").applied
    assert not report("sent", SENT, reported="sent").applied
    assert report("undelivered", GOOD, reported="undelivered").status == "delivered"


REASONS = [
    ("submitted", MessageState.UNKNOWN, {}, False, "the vendor's state is not one that we know"),
    ("submitted", SENT, {"reported": "delivered"}, False, "this attempt was already reported delivered"),
    ("canceled", GOOD, {}, False, "the message was canceled by staff"),
    ("sent", SENT, {}, True, "the message is sent already"),
    ("undelivered", BAD, {}, True, "the message is undelivered already"),
    ("submitted", BAD, {"latest": False}, True, "a later attempt decides"),
    ("queued", BAD, {}, True, "the message waits for its next attempt"),
]


@pytest.mark.parametrize(("status", "word", "more", "applied", "reason"), REASONS)
def test_a_report_that_changes_no_message_says_why(status, word, more, applied, reason):
    assert report(status, word, **more) == ReportEffect(applied, reason)


@pytest.mark.parametrize("reported", ["", "accepted"])
def test_a_report_that_it_never_left_moves_on_to_the_next_provider(reported):
    effect = report("submitted", BAD, reported=reported, means_not_sent=True, another_is_left=True)
    assert effect == ReportEffect(True, status=Status.QUEUED, moves_on=True)


@pytest.mark.parametrize(
    "why_not",
    [
        {"another_is_left": True},
        {"means_not_sent": True},
        {"means_not_sent": False, "another_is_left": True},
        {"means_not_sent": True, "another_is_left": False},
        {"means_not_sent": True, "another_is_left": True, "reported": "sent"},
    ],
)
def test_without_proof_or_without_another_the_message_is_undelivered(why_not):
    assert report("submitted", BAD, **why_not).status == "undelivered"


@pytest.mark.parametrize("status", ["failed", "expired"])
def test_a_message_that_has_failed_or_expired_is_not_queued_again_by_a_report(status):
    assert report(status, BAD, means_not_sent=True, another_is_left=True).status == "undelivered"


STRENGTHS = [["", "unknown"], ["accepted"], ["sent"], ["undelivered", "expired", "rejected"], ["delivered"]]
STRENGTH = {word: strength for strength, words in enumerate(STRENGTHS) for word in words}


@pytest.mark.parametrize(("before", "word"), list(product(STRENGTH, MessageState)))
def test_only_a_stronger_report_rises(before, word):
    assert rises(before, word) == (STRENGTH[before] < STRENGTH[word])


@pytest.mark.parametrize("status", ["failed", "expired"])
def test_a_report_that_contradicts_the_state_is_applied_with_an_alert(status):
    assert report(status, GOOD).alerts
    assert report(status, BAD).alerts
    assert not report("submitted", GOOD).alerts


_RANK = ["queued", "sending", "submitted", "sent", "undelivered", "delivered"]


@pytest.mark.parametrize(("status", "word"), list(product(_RANK, [SENT, BAD, GOOD])))
def test_a_report_never_lowers_the_rank(status, word):
    effect = report(status, word)
    assert effect.status is None or _RANK.index(effect.status) >= _RANK.index(status)


def test_what_is_final_depends_on_what_the_vendor_can_say():
    assert is_final(Status.SUBMITTED, "submitted")
    assert not is_final(Status.SUBMITTED, "delivered")
    for status in ("failed", "expired", "canceled", "undelivered", "delivered"):
        assert is_final(Status(status), "sent")
    assert not is_final(Status.UNCONFIRMED, "submitted")


def test_a_provider_whose_call_is_repeated_stays_a_candidate():
    unconfirmed = [Try(A, Failure.AMBIGUOUS)]
    assert remaining([A, B], unconfirmed) == [B]
    assert remaining([A, B], unconfirmed, is_repeat=True) == [A, B]


def test_an_unconfirmed_call_is_repeated_five_times():
    repeats = [(A, Failure.AMBIGUOUS), *[(A, Failure.AMBIGUOUS, False, True)] * 4]
    assert after_failure(situation(*repeats, may_repeat=True)).repeats
    assert not after_failure(situation(*repeats, repeats[-1], may_repeat=True)).repeats
