"""The outcomes of calls: only messages that their leases own are changed, and each attempt gets one outcome."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from sms.models import Attempt
from sms.services.database import clock
from sms.services.dispatch import outcomes
from tests.sms.services.claims import EVENT, LOST, attempt_of, claimed_message, events, row, rows

OUTCOME = {
    "status": "submitted",
    "delay": 0.0,
    "in_doubt": False,
    "repeats": None,
    "crashes": 0,
    "is_otp": False,
    "erases": False,
    "message_code": "100",
    "message_detail": "",
    "outcome": "accepted",
    "failure": "",
    "code": "100",
    "detail": "taken",
    "vendor_message_id": "v-1",
    "http_status": 200,
    "raw_request": "request",
    "raw_response": "response",
    "poll_after": None,
}


@pytest.fixture
def claimed(shop):
    return partial(claimed_message, shop)


def outcome(message, attempt, **columns):
    return OUTCOME | {"message": message.pk, "attempt": attempt.pk, "provider": message.provider_id} | columns


def test_outcomes_are_stored_with_their_own_messages_and_attempts(shop, claimed):
    pairs, other = [claimed() for _ in range(2)], claimed()
    kept, before = rows(*other), clock.now()
    records = [
        outcome(*pairs[0], status="queued", provider=shop.second.pk, delay=3600.0, repeats=pairs[0][1].pk, crashes=1),
        outcome(*pairs[1], message_code="200", message_detail="words", in_doubt=True, poll_after=60.0, code="200"),
    ]
    assert outcomes.write(records) == {attempt.pk for _, attempt in pairs}
    first, second = (row(message) for message, _ in pairs)
    assert (first["status"], first["provider_id"], first["crashes"]) == ("queued", shop.second.pk, 1)
    assert (first["repeats"], first["in_doubt"], first["code"]) == (pairs[0][1].pk, False, "100")
    assert timedelta(minutes=59) < first["due_at"] - before < timedelta(minutes=70)
    assert (second["status"], second["code"], second["detail"]) == ("submitted", "200", "words")
    assert (second["repeats"], second["in_doubt"]) == (None, True)
    for each in (first, second):
        assert (each["lease_token"], each["lease_until"], each["erased_at"], each["text"]) == (
            None,
            None,
            None,
            "Salam",
        )
        assert each["updated_at"] > pairs[0][0].updated_at
    one, two = (row(attempt) for _, attempt in pairs)
    assert (one["outcome"], one["code"], one["detail"], one["http_status"]) == ("accepted", "100", "taken", 200)
    assert (one["raw_request"], one["raw_response"], one["vendor_message_id"]) == ("request", "response", "v-1")
    assert (two["code"], one["poll_at"], one["finished_at"]) == ("200", None, first["updated_at"])
    assert timedelta(seconds=59) < two["poll_at"] - before < timedelta(minutes=10)
    assert rows(*other) == kept


@pytest.mark.parametrize("columns", LOST)
@pytest.mark.parametrize("event", [{}, EVENT])
def test_the_outcome_of_a_lost_claim_changes_its_attempt_alone(claimed, columns, event):
    message, attempt = claimed(**columns, is_otp=True)
    earlier = attempt_of(message, raw_request="kept")
    before = rows(message, earlier)
    assert outcomes.write([outcome(message, attempt, is_otp=True, **event)]) == {attempt.pk}
    assert rows(message, earlier) == before
    assert (row(attempt)["outcome"], row(attempt)["raw_request"]) == ("accepted", "request")
    assert events() == []


def test_an_attempt_with_an_outcome_keeps_it(claimed):
    message, attempt = claimed()
    Attempt.objects.filter(pk=attempt.pk).update(outcome="unconfirmed", code="lease_over")
    before = row(attempt)
    assert outcomes.write([outcome(message, attempt)]) == set()
    assert row(attempt) == before


def test_the_vendors_id_is_kept_where_the_answer_has_none(claimed):
    message, attempt = claimed()
    Attempt.objects.filter(pk=attempt.pk).update(vendor_message_id="v-0")
    outcomes.write([outcome(message, attempt, vendor_message_id="", **EVENT)])
    assert row(attempt)["vendor_message_id"] == "v-0"
    assert events() == [(message.pk, "waits", "its breaker", {"to": 1})]


def test_the_end_of_an_otp_erases_its_texts_and_earlier_calls(claimed):
    (otp, attempt), (other, last) = claimed(is_otp=True, parameters={"code": "1"}), claimed(is_otp=True)
    earlier = attempt_of(otp, raw_request="Kod 1", raw_response="Kod 1")
    kept = attempt_of(other, raw_request="Kod 2", raw_response="Kod 2")
    records = [outcome(otp, attempt, is_otp=True, erases=True), outcome(other, last, is_otp=True)]
    assert outcomes.write(records) == {attempt.pk, last.pk}
    after = row(otp)
    assert (after["text"], after["raw_text"], after["parameters"]) == (None, None, None)
    assert after["erased_at"] == after["updated_at"]
    for each in (earlier, attempt):
        assert (row(each)["raw_request"], row(each)["raw_response"]) == (None, None)
    assert (row(other)["text"], row(kept)["raw_request"], row(last)["raw_request"]) == ("Salam", "Kod 2", "request")


def test_the_end_of_an_otp_that_was_lost_erases_nothing(claimed):
    message, attempt = claimed(is_otp=True, lease_token="another")
    earlier = attempt_of(message, raw_request="Kod 1")
    outcomes.write([outcome(message, attempt, is_otp=True, erases=True)])
    assert (row(message)["text"], row(earlier)["raw_request"]) == ("Salam", "Kod 1")
    assert row(attempt)["raw_request"] == "request"


@pytest.mark.parametrize(
    ("is_otp", "is_erased", "kept"), [(True, True, None), (True, False, "request"), (False, True, "request")]
)
def test_the_call_of_an_otp_that_a_report_ended_is_not_stored(claimed, is_otp, is_erased, kept):
    """The report may come before the answer; another message is erased only when it is old."""
    message, attempt = claimed(is_otp=is_otp, erased_at=clock.now() if is_erased else None)
    claimed(is_otp=True, erased_at=clock.now())
    outcomes.write([outcome(message, attempt, is_otp=is_otp)])
    assert row(attempt)["raw_request"] == kept
    assert row(message)["erased_at"] == message.erased_at
    assert row(message)["text"] == message.text
