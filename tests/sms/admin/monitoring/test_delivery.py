"""The page of deliveries: from messages, through the hourly sums, to the figures that are shown."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from sms.domain.quality.delivery import Fate
from sms.models import HourlyDelivery, MessageOutcome, RollupHour
from sms.services.analytics.delivery import GROUPS, MAX_LINES, read_deliveries
from sms.services.database import clock
from sms.services.maintenance import retention
from sms.services.monitoring import hourly_stats
from tests.sms.admin.conftest import TextVendor

PAGE = "/admin/tools/deliveries/"
LONG_AGO = timedelta(days=365)


@pytest.fixture
def vendors(cast, monkeypatch):
    """The vendor of `plain` reports delivery; that of `templated` does not."""
    from providers import registry

    monkeypatch.setitem(registry.SENDERS, TextVendor.slug, TextVendor)
    monkeypatch.setattr(TextVendor, "strongest", "delivered")
    return cast


def lines(by: str) -> dict[Any, Any]:
    return {line.name: line for line in read_deliveries(by, clock.now() - LONG_AGO)}


def counted(cast, fate: str, count: int, **changes: Any) -> None:
    hour, _ = RollupHour.objects.get_or_create(hour=clock.now().replace(minute=0, second=0, microsecond=0))
    about = {"hour": hour, "provider": cast.plain, "client": cast.shop, "sender": "AKINON", "country": "AZ"}
    HourlyDelivery.objects.create(**about | changes, fate=fate, count=count)


def text(boss, **query: str) -> str:
    return " ".join(boss.get(PAGE, query).content.decode().split())


def test_each_message_counts_once_in_each_group(vendors):
    cast = vendors
    cast.message("delivered")
    cast.message("undelivered", code="E7")
    cast.message("undelivered", code="E7", to="+40712345678")
    cast.message("submitted", provider=cast.templated, template_version=cast.template.current_version)
    cast.message("unconfirmed")
    cast.message("queued", due_at=clock.now())
    cast.message("failed", provider=None, code="E9")
    cast.message("delivered", is_test=True)
    for status, outcome in (("submitted", "used"), ("sent", "not_received"), ("undelivered", "unsubscribed")):
        MessageOutcome.objects.create(message=cast.message(status, code="E7"), outcome=outcome, at=clock.now())
    hourly_stats.roll_up(50)
    for by in GROUPS:
        total = sum((line.counts for line in lines(by).values()), start=Counter())
        assert total == {"delivered": 3, "undelivered": 3, "silent": 1, "unconfirmed": 1, "not_sent": 2}, by
    found = lines("provider")
    assert found["plain-az"].codes == {"E7": 2, "not_received": 1}
    assert (found["plain-az"].unreported, found["templated-az"].unreported) == (0, 1)
    assert found[None].counts == {Fate.NOT_SENT: 1}
    assert {name: line.figures.sent for name, line in lines("country").items()} == {"AZ": 7, "RO": 1}
    assert {name: line.figures.sent for name, line in lines("template").items()} == {None: 7, "order-shipped": 1}
    assert lines("client").keys() == {"akinon"}
    assert lines("sender").keys() == {"AKINON"}


def test_a_late_outcome_moves_the_sums_of_its_hour(vendors):
    message = vendors.message("submitted")
    hourly_stats.roll_up(50)
    assert lines("client")["akinon"].counts == {Fate.SILENT: 1}
    MessageOutcome.objects.create(message=message, outcome="used", at=clock.now())
    RollupHour.objects.update(rolled_at=clock.now() - timedelta(minutes=2))
    hourly_stats.roll_up(50)
    assert lines("client")["akinon"].counts == {Fate.DELIVERED: 1}


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


@pytest.mark.parametrize("by", GROUPS)
def test_every_group_and_period_opens(boss, vendors, by, django_assert_max_num_queries):
    counted(vendors, "delivered", 30)
    counted(vendors, "delivered", 30, provider=None, country="", template=vendors.template)
    boss.get(PAGE)  # the menu's figures are kept from here
    with django_assert_max_num_queries(6):
        assert "<strong>100 % to 100 %" in text(boss, by=by, days="7")


@pytest.mark.parametrize("value", ["", "x", "9" * 30, "client__secret_digest"])
def test_an_unknown_group_or_period_is_the_first_one(boss, vendors, value):
    counted(vendors, "delivered", 30)
    assert text(boss, by=value, days=value).count("plain-az") == text(boss).count("plain-az") > 0


def test_the_lines_are_bounded_and_the_largest_come_first(vendors):
    for number in range(MAX_LINES + 5):
        counted(vendors, "delivered", number + 1, sender=f"S{number}")
    found = read_deliveries("sender", clock.now() - LONG_AGO)
    assert len(found) == MAX_LINES
    assert found[0].name == f"S{MAX_LINES + 4}"


def test_the_sums_are_deleted_with_the_rows_of_messages(vendors, settings):
    counted(vendors, "delivered", 5)
    old = RollupHour.objects.create(hour=clock.now() - timedelta(days=settings.RETENTION_ROW_DAYS, hours=1))
    counted(vendors, "delivered", 7, hour=old)
    retention.delete_due()
    assert HourlyDelivery.objects.get().count == 5


@pytest.mark.parametrize(("role", "status"), [("Viewer", 200), ("Operator", 200), ("Template editor", 200)])
def test_it_is_for_those_who_see_messages(person, role, status):
    assert person(role).get(PAGE).status_code == status
