"""The page of deliveries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers import registry
from sms.admin.monitoring.delivery import STEPS
from sms.models import HourlyReceipt, RollupHour
from sms.services.analytics.arrivals import EDGES
from sms.services.analytics.delivery import GROUPS
from sms.services.database import clock
from tests.sms.admin.conftest import TextVendor
from tests.sms.services.analytics.test_delivery import counted

PAGE = "/admin/tools/deliveries/"


@pytest.fixture
def vendors(cast, monkeypatch):
    """The vendor of `plain` reports delivery; that of `templated` does not."""
    monkeypatch.setitem(registry.SENDERS, TextVendor.slug, TextVendor)
    monkeypatch.setattr(TextVendor, "strongest", "delivered")
    return cast


def text(boss, **query: str) -> str:
    return " ".join(boss.get(PAGE, query).content.decode().split())


def test_delivery_is_shown_as_an_interval_with_its_denominator(boss, vendors):
    for fate, count in (("delivered", 900), ("silent", 60), ("unconfirmed", 10), ("not_sent", 5)):
        counted(vendors, fate, count)
    counted(vendors, "undelivered", 230, code="E<7>")
    page = text(boss)
    assert "75 % to 81 % of 1,200" in page
    assert "19.2 % of 1,200" in page
    assert "<code>E&lt;7&gt;</code> 230" in page
    assert "do not report delivery" not in page


def test_the_most_frequent_codes_are_named_and_the_others_are_counted(boss, vendors):
    for number in range(8):
        counted(vendors, "undelivered", 10 + number, code=f"E{number}")
    page = text(boss)
    assert [f"<code>E{number}</code>" in page for number in range(8)] == [False] * 3 + [True] * 5
    assert "other codes 33" in page


def test_a_vendor_that_reports_no_delivery_is_said_to_be_so(boss, vendors):
    counted(vendors, "silent", 1100, provider=vendors.templated)
    page = text(boss)
    assert "1,100 of vendors that do not report delivery" in page
    assert "0 % to 100 % of 1,100" in page


def test_under_thirty_messages_nothing_is_a_percentage(boss, vendors):
    counted(vendors, "delivered", 29)
    counted(vendors, "not_sent", 500)
    page = text(boss)
    assert "% of" not in page
    assert "<td>29</td>" in page


def test_reports_are_shown_by_when_they_come(boss, vendors):
    assert "arrivals-title" not in text(boss)
    hour = RollupHour.objects.create(hour=clock.now())
    for within, count in ((10, 600), (3600, 500), (None, 100)):
        HourlyReceipt.objects.create(hour=hour, provider=vendors.plain, within=within, count=count)
    page = text(boss)
    assert "<td>1,100<br>" in page
    assert "91.7 % of 1,200" in page
    assert "8.3 % of 1,200" in page
    assert len(STEPS) == len(EDGES)


@pytest.mark.parametrize("by", GROUPS)
def test_every_group_and_period_opens(boss, vendors, by, django_assert_max_num_queries):
    counted(vendors, "delivered", 30)
    counted(vendors, "delivered", 30, provider=None, country="", template=vendors.template)
    boss.get(PAGE)  # the menu's figures are kept from here
    with django_assert_max_num_queries(8):  # on PostgreSQL with its clock
        assert "<strong>100 % to 100 %" in text(boss, by=by, days="7")


@pytest.mark.parametrize("value", ["", "x", "9" * 30, "client__secret_digest"])
def test_an_unknown_group_or_period_is_the_first_one(boss, vendors, value):
    counted(vendors, "delivered", 30)
    assert text(boss, by=value, days=value).count("plain-az") == text(boss).count("plain-az") > 0


@pytest.mark.parametrize(("role", "status"), [("Viewer", 200), ("Operator", 200), ("Template editor", 200)])
def test_it_is_for_those_who_see_messages(person, role, status):
    assert person(role).get(PAGE).status_code == status


def test_a_small_percentage_is_shown_as_well(boss, vendors):
    counted(vendors, "delivered", 9_999)
    counted(vendors, "undelivered", 1, code="E7")
    assert "0.0 % of 10,000" in text(boss)


def test_both_hours_at_the_end_of_summer_time_are_told_apart(boss, vendors, settings, monkeypatch):
    settings.TIME_ZONE = "Europe/Bucharest"
    for hour in (0, 1):
        row = RollupHour.objects.create(hour=datetime(2026, 10, 25, hour, tzinfo=UTC))
        counted(vendors, "delivered", 1, hour=row)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 26, tzinfo=UTC))
    page = text(boss, by="hour")
    assert "2026-10-25 03:00:00 UTC+3" in page
    assert "2026-10-25 03:00:00 UTC+2" in page
