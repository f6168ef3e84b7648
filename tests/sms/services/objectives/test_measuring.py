"""What counts for which objective."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms.domain.lifecycle import OUR_FAULTS
from sms.domain.quality.objectives import Measure, ObjectiveFacts, Sum
from sms.models import MessageEvent, MessageOutcome
from sms.services.objectives.measuring import Period, Subject, measure
from tests.sms.services.objectives.conftest import NOW, new_id

HOUR = Period(NOW - timedelta(hours=1), NOW, NOW)


def sums(kind: Measure, *objectives: ObjectiveFacts) -> dict[tuple[int, str, bool], tuple[int, int]]:
    found = measure(HOUR, objectives)
    return {about[:3]: (each.total, each.good) for about, each in found.items() if about.measure is kind}


def only(kind: Measure, *objectives: ObjectiveFacts) -> tuple[int, int] | None:
    found = sums(kind, *objectives)
    assert len(found) < 2
    return next(iter(found.values()), None)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"took": 1.9}, (1, 1)),
        ({"took": 2.0}, (1, 1)),
        ({"took": 2.1}, (1, 0)),
        ({"took": 20}, (1, 0)),
        ({"took": 500}, (1, 0)),
        ({"took": 0.2, "outcome": "refused"}, (1, 1)),  # it is an answer, if not a success
        ({"took": 0.2, "outcome": "unavailable"}, (1, 0)),
        ({"took": 0.2, "outcome": "misconfigured"}, (1, 0)),
        ({"took": 15, "outcome": "unconfirmed"}, (1, 0)),
        ({"took": None, "ago": 1}, None),  # in flight, and not late
        ({"took": None, "ago": 3}, (1, 0)),
        ({"is_otp": False, "took": 20}, None),  # no objective by default
        ({"is_test": True, "took": 20}, None),
        ({"ago": 3700, "took": 20}, None),  # of another period
    ],
)
def test_an_answer_counts_from_the_acceptance_of_the_message(traffic, call, expected):
    traffic.send(**call)
    assert only(Measure.ANSWER) == expected


@pytest.mark.parametrize(
    ("ago", "status", "expected"),
    [
        (1, "queued", None),
        (30, "queued", (1, 0)),  # where it waits, nothing is called: its provider may be suspended
        (30, "expired", (1, 0)),
        (1, "expired", (1, 0)),
        (30, "canceled", None),
    ],
)
def test_a_message_that_was_never_sent_counts_where_it_waits(traffic, ago, status, expected):
    traffic.waits(ago=ago, status=status)
    assert only(Measure.ANSWER) == expected


@pytest.mark.parametrize("code", OUR_FAULTS)
def test_a_fault_of_our_own_counts_against_no_provider(traffic, code):
    traffic.send(outcome="unavailable", code=code)
    traffic.send(outcome="unconfirmed", took=60, code=code)
    assert measure(HOUR, []) == {}


@pytest.mark.parametrize(
    ("kind", "was", "counts"),
    [
        ("released", None, False),
        ("moved", "held", False),
        ("moved", "queued", True),
        ("resent", "canceled", False),
        ("resent", "failed", False),  # its number was blocked, or our own code failed
        ("resent", "expired", True),  # it was as late as that before staff resent it
    ],
)
def test_what_waited_for_staff_before_its_first_call_did_not_wait_for_its_provider(traffic, kind, was, counts):
    late = traffic.send(took=1200, ago=1800)
    detail = {"was": was} if was else {}
    at = late.started_at - timedelta(seconds=1)
    MessageEvent.objects.create(message=late.message, at=at, kind=kind, detail=detail)
    assert only(Measure.ANSWER) == ((1, 0) if counts else None)
    assert only(Measure.SUCCESS) == (1, 1)


def test_what_staff_resend_after_its_first_call_counts_by_that_call(traffic):
    late = traffic.send(took=20)
    MessageEvent.objects.create(message=late.message, at=NOW, kind="resent", detail={"was": "failed"})
    assert only(Measure.ANSWER) == (1, 0)


def test_what_staff_sent_on_and_has_no_call_yet_counts_at_no_provider(traffic):
    waiting = traffic.waits(ago=1800)
    MessageEvent.objects.create(message=waiting, at=NOW, kind="moved", detail={"was": "held"})
    assert measure(HOUR, []) == {}


@pytest.mark.parametrize(
    ("status", "columns"),
    [
        ("failed", {"code": "recipient_blocked"}),
        ("queued", {"waiting_for": "waiting: The client is disabled."}),
        ("expired", {"code": "expired", "detail": "Until then: waiting: The client is disabled."}),
    ],
)
def test_a_message_that_was_stopped_by_us_counts_against_no_provider(traffic, status, columns):
    traffic.waits(ago=30, status=status, **columns)
    assert measure(HOUR, []) == {}


def test_the_first_provider_is_judged_by_a_message_that_another_one_sent(traffic):
    first = traffic.send(took=0.5, outcome="unavailable")
    traffic.attempt(
        first.message,
        provider=traffic.templated,
        started_at=first.finished_at,
        finished_at=first.finished_at + timedelta(seconds=0.2),
        id=first.id.__class__(int=first.id.int + 1),
    )
    assert sums(Measure.ANSWER) == {(traffic.plain.pk, "AZ", True): (1, 0)}
    assert sums(Measure.SUCCESS) == {
        (traffic.plain.pk, "AZ", True): (1, 0),
        (traffic.templated.pk, "AZ", True): (1, 1),
    }


def test_provider_country_and_lane_are_counted_apart(traffic):
    traffic.send()
    traffic.send(provider=traffic.templated)
    traffic.send(to="+40712345678")
    traffic.send(is_otp=False)
    assert set(sums(Measure.SUCCESS)) == {
        (traffic.plain.pk, "AZ", True),
        (traffic.templated.pk, "AZ", True),
        (traffic.plain.pk, "RO", True),
        (traffic.plain.pk, "AZ", False),
    }


@pytest.mark.parametrize(
    ("to", "country"),
    [
        ("+12025550123", "US"),
        ("+16135550123", "CA"),
        ("+18095550123", "DO"),
        ("+79161234567", "RU"),
        ("+77011234567", "KZ"),
        ("+447400123456", "GB"),
        ("+447781123456", "GG"),
    ],
)
def test_the_country_is_known_where_several_share_a_calling_code(traffic, to, country):
    traffic.send(to="+12025550123" if to != "+12025550123" else "+16135550123")
    traffic.send(to=to)
    assert (traffic.plain.pk, country, True) in sums(Measure.SUCCESS)


@pytest.mark.parametrize(
    ("outcome", "reported", "expected"),
    [
        ("accepted", "", (1, 1)),
        ("accepted", "sent", (1, 1)),
        ("accepted", "delivered", (1, 1)),
        ("accepted", "undelivered", (1, 0)),
        ("accepted", "expired", (1, 0)),
        ("accepted", "rejected", (1, 0)),
        ("refused", "", (1, 0)),
        ("misconfigured", "", (1, 0)),
        ("unavailable", "", (1, 0)),
        ("unconfirmed", "", (1, 0)),
        ("unconfirmed", "delivered", (1, 1)),  # the report decides
        ("unconfirmed", "undelivered", (1, 0)),
    ],
)
def test_success_is_what_the_vendor_accepts_and_does_not_report_as_undelivered(traffic, outcome, reported, expected):
    traffic.send(outcome=outcome, reported=reported)
    assert only(Measure.SUCCESS) == expected


@pytest.mark.parametrize(
    ("outcome", "reported", "client_outcome", "expected"),
    [
        ("accepted", "", "used", (1, 1)),
        ("accepted", "", "not_received", (1, 0)),
        ("accepted", "delivered", "not_received", (1, 1)),
        ("accepted", "undelivered", "used", (1, 1)),
        ("unconfirmed", "", "unsubscribed", (1, 1)),
    ],
)
def test_what_the_client_reports_counts_for_success(traffic, outcome, reported, client_outcome, expected):
    attempt = traffic.send(outcome=outcome, reported=reported)
    MessageOutcome.objects.create(message=attempt.message, attempt=attempt, outcome=client_outcome, at=NOW)
    assert only(Measure.SUCCESS) == expected


def test_it_counts_for_one_call_of_the_message_and_only_for_success(traffic):
    first = traffic.send(outcome="unconfirmed")
    at = first.started_at
    last = traffic.attempt(first.message, id=new_id(at), started_at=at, finished_at=first.finished_at)
    before = [sums(each) for each in (Measure.ANSWER, Measure.RECEIPT)]
    MessageOutcome.objects.create(message=first.message, attempt=last, outcome="not_received", at=NOW)
    assert only(Measure.SUCCESS) == (2, 0)
    MessageOutcome.objects.update(outcome="used")
    assert only(Measure.SUCCESS) == (2, 1)
    assert [sums(each) for each in (Measure.ANSWER, Measure.RECEIPT)] == before


@pytest.mark.parametrize(
    ("ago", "after", "status", "expected"),
    [
        (600, 5, "sent", (1, 1)),
        (600, 119, "delivered", (1, 1)),
        (600, 119, "undelivered", (1, 1)),  # it is a report, if not a success
        (600, 121, "sent", (1, 0)),
        (600, None, "", (1, 0)),
        (60, None, "", None),  # it is not late yet
        (60, 5, "sent", (1, 1)),
        (600, 5, "unknown", (1, 0)),
    ],
)
def test_a_receipt_counts_from_the_vendors_answer(traffic, ago, after, status, expected):
    attempt = traffic.send(ago=ago)
    if after is not None:
        traffic.receipt(attempt, after=after, status=status)
    assert only(Measure.RECEIPT) == expected


def test_the_first_final_report_counts(traffic):
    attempt = traffic.send()
    traffic.receipt(attempt, after=5)
    traffic.receipt(attempt, after=300, status="delivered")
    assert only(Measure.RECEIPT) == (1, 1)


def test_no_receipt_is_expected_of_a_vendor_that_reports_nothing_or_did_not_accept(traffic):
    traffic.send(provider=traffic.templated)
    traffic.send(outcome="refused")
    traffic.send(outcome="unconfirmed")
    assert only(Measure.RECEIPT) is None


def test_where_the_vendor_reports_delivery_a_report_that_it_was_sent_is_none(traffic, monkeypatch):
    monkeypatch.setattr("tests.sms.admin.conftest.TextVendor.strongest", "delivered")
    traffic.receipt(traffic.send(), after=5)
    assert only(Measure.RECEIPT) == (1, 0)


def test_an_objective_changes_the_time_and_what_is_measured(traffic):
    traffic.send(took=4)
    traffic.send(took=4, is_otp=False)
    wider = ObjectiveFacts(seconds={Measure.ANSWER: 5})
    others = ObjectiveFacts(is_otp=False, percents={Measure.ANSWER: 90}, seconds={Measure.ANSWER: 3})
    nothing = ObjectiveFacts(traffic.plain.pk, percents={Measure.SUCCESS: 0})
    found = measure(HOUR, [wider, others, nothing])
    answers = {about.is_otp: each for about, each in found.items() if about.measure is Measure.ANSWER}
    assert answers == {True: Sum(1, 1), False: Sum(1, 0)}
    assert Subject(traffic.plain.pk, "AZ", True, Measure.SUCCESS) not in found
