"""How long delivery reports take, from stored reports to the figures of a provider."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from providers import registry
from providers.base import ReportChannel
from sms.models import HourlyReceipt, RollupHour
from sms.services.analytics.arrivals import ArrivalLine, read_arrivals
from sms.services.database import clock
from sms.services.maintenance import retention
from sms.services.monitoring import hourly_stats
from tests.sms.admin.conftest import Cast, TemplateVendor, TextVendor


@pytest.fixture
def vendors(db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The vendor of `plain` reports up to "sent"; that of `templated` reports nothing."""
    monkeypatch.setattr(TextVendor, "reports", frozenset({ReportChannel.CALLBACK_REGISTERED}))
    for vendor in (TextVendor, TemplateVendor):
        monkeypatch.setitem(registry.SENDERS, vendor.slug, vendor)
    return Cast()


def reported(cast: Cast, *after: float, status: str = "sent", outcome: str = "accepted", **message: Any) -> None:
    """A call, and reports so many seconds after its answer."""
    at = clock.now()
    stored = cast.message(**message)
    attempt = cast.attempt(stored, outcome, provider=stored.provider, started_at=at, finished_at=at)
    for seconds in after:
        cast.report(attempt, status, received_at=at + timedelta(seconds=seconds))


def within() -> dict[int | None, int]:
    RollupHour.objects.update(rolled_at=None)
    hourly_stats.roll_up(50)
    lines = read_arrivals(clock.now() - timedelta(days=1))
    assert len(lines) < 2
    return dict(lines[0].counts) if lines else {}


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0, 10), (10, 10), (11, 60), (600, 600), (3599, 3600), (80_000, 86_400), (86_401, 604_800), (700_000, None)],
)
def test_a_report_counts_in_the_shortest_time_that_it_kept(vendors: Cast, after: float, expected: int | None) -> None:
    reported(vendors, after)
    assert within() == {expected: 1}


def test_the_first_final_report_counts_and_a_silent_call_is_counted_too(vendors: Cast) -> None:
    reported(vendors, 400, 20)
    reported(vendors, 5, status="unknown")
    reported(vendors)
    assert within() == {60: 1, None: 2}


@pytest.mark.parametrize(
    ("parts", "whole", "expected"),
    [
        ([(1, "delivered", 5)], "sent", None),  # the other part is not reported
        ([(1, "delivered", 5), (2, "delivered", 400)], "delivered", 600),
        ([(1, "delivered", 5), (2, "delivered", 400), (2, "again", 5000)], "delivered", 600),
        ([(1, "delivered", 5), (2, "undelivered", 50), (1, "undelivered", 400)], "undelivered", 60),
        ([(1, "undelivered", 5)], "sent", None),  # the vendor still tries
        ([(1, "delivered", 5), (None, "delivered", 50)], "delivered", 60),
    ],
)
def test_a_long_message_has_its_final_report_when_its_parts_have(
    vendors: Cast, monkeypatch: pytest.MonkeyPatch, parts: list[Any], whole: str, expected: int | None
) -> None:
    monkeypatch.setattr(TextVendor, "strongest", "delivered")
    at = clock.now()
    attempt = vendors.attempt(vendors.message(), "accepted", started_at=at, finished_at=at, reported=whole)
    for part, status, seconds in parts:
        more = {"part": part, "parts": 2} if part else {}
        status, applied = ("delivered", False) if status == "again" else (status, True)
        vendors.report(attempt, status, received_at=at + timedelta(seconds=seconds), applied=applied, **more)
    assert within() == {expected: 1}


def test_no_report_is_expected_of_a_refused_call_of_a_test_or_of_a_vendor_that_sends_none(vendors: Cast) -> None:
    reported(vendors, outcome="refused")
    reported(vendors, outcome="unconfirmed")
    reported(vendors, is_test=True)
    reported(vendors, provider=vendors.templated)
    assert within() == {}


def test_the_steps_add_up_and_have_no_percentage_of_few_calls() -> None:
    line = ArrivalLine("a", Counter({10: 60, 60: 20, 86_400: 10, None: 10}))
    assert [count for count, _ in line.cells] == [60, 80, 80, 80, 90, 90, 10]
    assert [percent for _, percent in line.cells] == [60.0, 80.0, 80.0, 80.0, 90.0, 90.0, 10.0]
    assert {percent for _, percent in ArrivalLine("a", Counter({10: 29})).cells} == {None}


def test_the_sums_are_deleted_with_the_rows_of_messages(vendors: Cast, settings: Any) -> None:
    for days in (1, settings.RETENTION_ROW_DAYS + 1):
        hour = RollupHour.objects.create(hour=clock.now() - timedelta(days=days))
        HourlyReceipt.objects.create(hour=hour, provider=vendors.plain, within=10, count=days)
    retention.delete_due()
    assert HourlyReceipt.objects.get().count == 1
