"""The figures of deliveries: from messages, through the hourly sums, to lines."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from providers import registry
from sms.domain.quality.delivery import Fate
from sms.models import HourlyDelivery, MessageOutcome, RollupHour
from sms.services.analytics.delivery import GROUPS, MAX_LINES, read_deliveries
from sms.services.database import clock
from sms.services.maintenance import retention
from sms.services.monitoring import hourly_stats
from tests.sms.admin.conftest import Cast, TextVendor

LONG_AGO = timedelta(days=365)


@pytest.fixture
def vendors(db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The vendor of `plain` reports delivery; that of `templated` does not."""
    monkeypatch.setitem(registry.SENDERS, TextVendor.slug, TextVendor)
    monkeypatch.setattr(TextVendor, "strongest", "delivered")
    return Cast()


def counted(cast, fate: str, count: int, **changes: Any) -> None:
    hour, _ = RollupHour.objects.get_or_create(hour=clock.now().replace(minute=0, second=0, microsecond=0))
    about = {"hour": hour, "provider": cast.plain, "client": cast.shop, "sender": "AKINON", "country": "AZ"}
    HourlyDelivery.objects.create(**about | changes, fate=fate, count=count)


def lines(by: str) -> dict[Any, Any]:
    return {line.name: line for line in read_deliveries(by, clock.now() - LONG_AGO)}


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


def test_hours_without_messages_take_no_line(vendors):
    """The latest hours with messages are shown, however far apart, and the page says when there are more."""
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    for number in range(MAX_LINES + 5):
        hour = RollupHour.objects.create(hour=now - timedelta(hours=3 * number))
        counted(vendors, "delivered", 1, hour=hour)
    found = read_deliveries("hour", clock.now() - LONG_AGO)
    assert [line.name for line in found] == [now - timedelta(hours=3 * number) for number in range(MAX_LINES)]
