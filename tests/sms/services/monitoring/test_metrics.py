"""The counters of attempts, waiting times and reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from providers.base import Failure, HttpResponse, Refused, Unconfirmed
from sms.models import Message
from sms.services.database import clock
from sms.services.dispatch import rescue
from sms.services.monitoring.metrics import OWN
from sms.services.reports import receive
from tests.sms.services.fakes import error


def value(name: str, **labels: str) -> float:
    return OWN.get_sample_value(f"sms_desk_{name}", labels) or 0.0


@pytest.fixture
def rise() -> Any:
    """A counter's increase since the test first read it."""
    before: dict[Any, float] = {}

    def risen(name: str, **labels: str) -> float:
        key = (name, *sorted(labels.items()))
        now = value(name, **labels)
        return now - before.setdefault(key, now)

    return risen


def test_each_call_is_counted_by_provider_and_outcome(shop, wire, work, rise):
    outcomes = [("first", "refused"), ("first", "unconfirmed"), ("second", "accepted")]
    for provider, outcome in outcomes:
        rise("attempts_total", provider=provider, outcome=outcome)
    wire.script("first.example", error(Refused, Failure.RECIPIENT), error(Unconfirmed, Failure.AMBIGUOUS))
    shop.message("one")
    work()
    shop.message("two")
    work()
    assert [rise("attempts_total", provider=p, outcome=o) for p, o in outcomes] == [1, 1, 1]


def test_the_time_to_the_vendor_counts_first_attempts_alone(shop, wire, work, rise):
    rise("accepted_to_vendor_seconds_count", lane="otp")
    rise("accepted_to_vendor_seconds_sum", lane="otp")
    wire.script("first.example", error(Refused, Failure.RECIPIENT))
    shop.message(is_otp=True, created_at=clock.now() - timedelta(seconds=40))
    work()
    assert rise("accepted_to_vendor_seconds_count", lane="otp") == 1
    assert 40 <= rise("accepted_to_vendor_seconds_sum", lane="otp") < 100


def test_a_call_of_a_dead_dispatcher_is_counted_once_and_its_late_answer_not(shop, wire, work, rise):
    def late(_: Any) -> HttpResponse:
        Message.objects.update(lease_until=clock.now() - timedelta(seconds=1))
        rescue.park_abandoned()
        return HttpResponse(200)

    rise("attempts_total", provider="first", outcome="unconfirmed")
    rise("attempts_total", provider="first", outcome="accepted")
    wire.script("first.example", late)
    shop.message()
    work()
    assert rise("attempts_total", provider="first", outcome="unconfirmed") == 1
    assert rise("attempts_total", provider="first", outcome="accepted") == 0


def test_reports_are_counted_as_applied_refused_or_orphaned(shop, wire, work, rise):
    for result in ("applied", "refused", "orphaned"):
        rise("reports_total", provider="first", result=result)
    message = shop.message()
    work()
    attempt = message.attempts.get()

    def report(id: object, state: str, source: str) -> None:
        receive.store_callback(
            provider_id=attempt.provider_id,
            attempt_id=attempt.pk,
            address="made-up",
            method="POST",
            query=b"",
            content_type="",
            body=f"id={id}&state={state}".encode(),
            source=source,
        )
        receive.read_pending()

    report(attempt.pk, "sent", "192.0.2.1")
    report(attempt.pk, "unknown", "192.0.2.1")
    report("somebody-else", "sent", "192.0.2.1")
    assert {r: rise("reports_total", provider="first", result=r) for r in ("applied", "refused", "orphaned")} == {
        "applied": 1,
        "refused": 1,
        "orphaned": 1,
    }
