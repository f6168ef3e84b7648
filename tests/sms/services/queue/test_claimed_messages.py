"""Changes of claimed messages: only those that their leases own are changed, and the others keep every column."""

from __future__ import annotations

from functools import partial

import pytest

from sms.models import Attempt
from sms.services.queue import claimed_messages
from tests.sms.cast import template
from tests.sms.services.claims import EVENT, HOUR, LOST, attempt_of, claimed_message, events, row, rows


@pytest.fixture
def claimed(shop):
    return partial(claimed_message, shop)


# --- set_templates --------------------------------------------------------------------------


def template_record(message, attempt):
    return {"message": message.pk, "attempt": attempt.pk, "version": None, "parameters": {"code": "1"}}


def test_templates_are_stored_with_the_messages_and_attempts_that_they_are_of(claimed):
    versions = [template(name, f"{name} {{code}}").current_version_id for name in ("one", "two")]
    pairs, other = [claimed(parameters={"code": "0"}) for _ in range(2)], claimed(parameters={"code": "0"})
    before = rows(*other)
    records = [template_record(*pair) | {"version": of} for pair, of in zip(pairs, versions, strict=True)]
    claimed_messages.set_templates(records)
    for (message, attempt), version in zip(pairs, versions, strict=True):
        assert (row(message)["template_version_id"], row(message)["parameters"]) == (version, {"code": "1"})
        assert row(attempt)["template_version_id"] == version
    assert rows(*other) == before


@pytest.mark.parametrize("columns", LOST)
def test_no_parameters_are_stored_with_a_message_that_was_lost(claimed, columns):
    message, attempt = claimed(**columns)
    before = row(message)
    claimed_messages.set_templates([template_record(message, attempt)])
    assert row(message) == before


# --- reschedule -----------------------------------------------------------------------------------


def schedule(message, attempt, **columns):
    record = {
        "message": message.pk,
        "attempt": attempt and attempt.pk,
        "provider": message.provider_id,
        "due_at": message.created_at + HOUR,
        "waiting_for": "its breaker",
    }
    return record | columns


def test_a_claimed_message_is_queued_again_without_its_attempt(shop, claimed):
    message, attempt = claimed(crashes=1, code="old", detail="old words")
    other, earlier = claimed(), attempt_of(message)
    kept = rows(*other, earlier)
    claimed_messages.reschedule([schedule(message, attempt, provider=shop.second.pk, **EVENT)])
    after = row(message)
    assert (after["status"], after["provider_id"], after["waiting_for"]) == ("queued", shop.second.pk, "its breaker")
    assert (after["due_at"], after["updated_at"]) == (message.created_at + HOUR, message.updated_at)
    assert (after["lease_token"], after["lease_until"], after["attempts_made"]) == (None, None, 1)
    assert (after["crashes"], after["code"], after["detail"]) == (1, "old", "old words")
    assert not Attempt.objects.filter(pk=attempt.pk).exists()
    assert rows(*other, earlier) == kept
    assert events() == [(message.pk, "waits", "its breaker", {"to": 1})]


def test_what_a_record_says_is_written(claimed):
    message, attempt = claimed(crashes=1, code="old", detail="old words")
    record = schedule(message, attempt, status="failed", crashes=2, code="new", detail="new words")
    claimed_messages.reschedule([record])
    after = row(message)
    assert (after["status"], after["crashes"], after["code"], after["detail"]) == ("failed", 2, "new", "new words")
    assert after["updated_at"] > message.updated_at
    assert events() == []


@pytest.mark.parametrize("columns", LOST)
def test_a_message_that_was_lost_is_not_queued_again(claimed, columns):
    own, (message, attempt) = claimed(), claimed(**columns)
    before = rows(message, attempt)
    claimed_messages.reschedule([schedule(*own), schedule(message, attempt, **EVENT)])
    assert row(own[0])["status"] == "queued"
    assert rows(message, attempt) == before
    assert events() == []


def test_without_an_attempt_a_queued_message_alone_is_changed(claimed):
    queued, _ = claimed(status="queued", lease_token=None, lease_until=None)
    sending, attempt = claimed()
    kept = rows(sending, attempt)
    claimed_messages.reschedule([schedule(queued, None, **EVENT), schedule(sending, None, **EVENT)])
    assert (row(queued)["waiting_for"], row(queued)["attempts_made"]) == ("its breaker", 2)
    assert rows(sending, attempt) == kept
    assert [event[0] for event in events()] == [queued.pk]


def test_an_event_is_recorded_only_for_the_records_that_have_one(claimed):
    one, other = claimed(), claimed()
    claimed_messages.reschedule([schedule(*one, **EVENT), schedule(*other)])
    assert [event[0] for event in events()] == [one[0].pk]
    assert {row(message)["status"] for message, _ in (one, other)} == {"queued"}


def test_only_attempts_without_an_outcome_are_given_back(claimed):
    (free, attempt), (settled, ended) = claimed(), claimed()
    Attempt.objects.filter(pk=ended.pk).update(outcome="accepted")
    other = claimed()
    kept = rows(settled, *other)
    claimed_messages.give_back([attempt.pk, ended.pk])
    assert (row(free)["status"], row(free)["waiting_for"], row(free)["attempts_made"]) == ("queued", "", 1)
    assert rows(settled, *other) == kept
