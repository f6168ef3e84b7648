"""Every status, outcome, failure, report status and internal code has a description."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import providers
import sms.services
from providers.base import Failure, MessageState
from sms.domain import status_descriptions
from sms.domain.lifecycle import Outcome, Status


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (status_descriptions.STATUS, Status),
        (status_descriptions.OUTCOME, Outcome),
        (status_descriptions.REPORT, MessageState),
        (status_descriptions.FAILURE, Failure),
    ],
)
def test_every_value_has_a_description(table, keys):
    assert set(table) == set(keys)
    assert all(entry.happened.endswith(".") for entry in table.values())


def _sources(package) -> str:
    return "\n".join(path.read_text() for path in Path(package.__path__[0]).rglob("*.py"))


def test_every_internal_code_has_a_description():
    source = _sources(providers)
    codes = set(re.findall(r'(?:lost|not_sent)\("([a-z_]+)"', source))
    codes |= set(re.findall(r'(?:Misconfigured|Refused)\(Failure\.\w+, "([a-z_]+)"', source))
    services = _sources(sms.services)
    codes |= set(re.findall(r'(?<!filter\()code="([a-z_]+)"', services)) | set(
        re.findall(r'AMBIGUOUS, "([a-z_]+)"', services)
    )
    assert len(codes) > 15
    codes -= {"operation_invalid", "password_weak"}  # of a partner, and of a form: no message has them
    assert not codes - set(status_descriptions.CODE), "status_descriptions.CODE lacks these"


def test_every_kind_of_event_has_a_title():
    source = _sources(sms.services)
    kinds = set(re.findall(r'(?:kind|event)="([a-z_]+)"', source))
    kinds |= set(re.findall(r'_add_(?:event|routed)\(message, now, "([a-z_]+)"', source))
    kinds |= set(re.findall(r'add_by_rule\("([a-z_]+)"', source))
    assert {"resent", "settled", "canceled", "crashed", "expired", "failed_over"} <= kinds
    assert not kinds - set(status_descriptions.EVENT)


@pytest.mark.parametrize("status", [s for s in Status if s not in status_descriptions.NO_PROBLEM])
@pytest.mark.parametrize("failure", [None, *Failure])
def test_a_problem_has_a_responsible_party_and_a_remedy(status, failure):
    box = status_descriptions.remedy(status, failure=failure)
    assert box.happened
    assert box.remedy
    assert box.responsible in status_descriptions.Party


@pytest.mark.parametrize("status", sorted(status_descriptions.NO_PROBLEM))
def test_a_status_without_a_problem_has_no_remedy(status):
    assert status_descriptions.remedy(status) is None


def test_the_most_specific_description_wins():
    box = status_descriptions.remedy(Status.FAILED, code="credentials_missing", failure=Failure.ACCOUNT)
    assert "no credentials" in box.happened
    assert box.remedy.startswith("Enter the provider's credentials")
    assert box.responsible is status_descriptions.Party.US


def test_an_unconfirmed_message_asks_to_be_resolved_whatever_its_cause():
    box = status_descriptions.remedy(Status.UNCONFIRMED, code="timeout", failure=Failure.AMBIGUOUS)
    assert "resolve the message" in box.remedy
    assert not box.is_severe


def test_a_blocked_number_is_not_said_to_be_rejected_by_providers():
    box = status_descriptions.remedy(Status.FAILED, code="recipient_blocked", failure=Failure.TRANSIENT)
    assert box.happened == "It was not sent. The number was put on the block list after the message was accepted."
    assert "by mistake" in box.remedy


@pytest.mark.parametrize(
    ("detail", "party", "remedy"),
    [
        ("", "VENDOR", "Check why its providers were unavailable."),
        ("Until then: waiting for first: The provider is disabled.", "VENDOR", "Check why"),
        (status_descriptions.HELD_TOO_LONG, "US", "Approve a matching template."),
    ],
)
@pytest.mark.parametrize("failure", [None, Failure.TRANSIENT])
def test_an_expired_message_says_what_it_waited_for_and_is_not_said_to_be_retried(failure, detail, party, remedy):
    box = status_descriptions.remedy(Status.EXPIRED, code="expired", failure=failure, detail=detail)
    assert box.happened == " ".join(filter(None, [status_descriptions.STATUS[Status.EXPIRED].happened, detail]))
    assert box.responsible is status_descriptions.Party[party]
    assert box.remedy.startswith(remedy)
