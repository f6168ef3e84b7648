"""The hourly sums are correct after late reports and with several dispatchers at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from sms.models import HourlyCount, HourlySpeed, Message, RollupHour
from sms.services.database.clock import now
from sms.services.database.uuid_range import min_id, time_of_id
from sms.services.monitoring import hourly_stats
from tests.sms.admin.conftest import Cast, TemplateVendor, TextVendor


@pytest.fixture
def cast(db, monkeypatch):
    from providers import registry

    for vendor in (TextVendor, TemplateVendor):
        monkeypatch.setitem(registry.SENDERS, vendor.slug, vendor)
    return Cast()


def sums() -> dict[tuple[str, str], int]:
    return {(row.status, row.code): row.count for row in HourlyCount.objects.all()}


def everything() -> None:
    while hourly_stats.roll_up(50):
        pass


def test_an_hour_is_summed_by_provider_state_and_code(cast):
    for status, code in (("delivered", ""), ("delivered", "1"), ("failed", "121"), ("failed", "121")):
        cast.message(status, code=code)
    everything()
    assert sums() == {("delivered", ""): 2, ("failed", "121"): 2}


def test_a_late_report_moves_the_sums_of_its_old_hour(cast):
    three_hours_ago = now() - timedelta(hours=3)
    message = cast.message("submitted", id=min_id(three_hours_ago))
    everything()
    assert sums() == {("submitted", ""): 1}
    Message.objects.filter(pk=message.pk).update(status="delivered")
    RollupHour.objects.update(rolled_at=now() - timedelta(minutes=11))
    everything()
    assert sums() == {("delivered", ""): 1}


def test_an_hour_that_was_summed_a_moment_ago_is_left_alone(cast):
    cast.message("delivered")
    assert hourly_stats.roll_up(50) == 1
    assert hourly_stats.roll_up(50) == 0


def test_the_limit_bounds_a_call_and_the_newest_hours_come_first(cast):
    for hours in range(5):
        cast.message("delivered", id=min_id(now() - timedelta(hours=hours)))
    assert hourly_stats.roll_up(2) == 2
    summed = RollupHour.objects.exclude(rolled_at=None).values_list("hour", flat=True)
    assert min(summed) > now() - timedelta(hours=2)
    everything()
    assert sum(sums_by_hour()) == 5


def test_speeds_are_measured_from_acceptance_here_to_acceptance_by_the_vendor(cast):
    for milliseconds in (100, 200, 300, 4000):
        at = now()
        message = cast.message("submitted", created_at=at)
        cast.attempt(message, started_at=at, finished_at=at + timedelta(milliseconds=milliseconds))
    everything()
    speed = HourlySpeed.objects.get()
    assert (speed.taken, speed.p50, speed.p95) == (4, 300, 4000)


def test_an_old_hour_rests_even_when_its_messages_are_deleted(cast):
    cast.message("delivered")
    everything()
    RollupHour.objects.update(rolled_at=now() - timedelta(days=30))
    Message.objects.all().delete()
    hour = RollupHour.objects.get()
    HourlyCount.objects.all().delete()
    RollupHour.objects.create(hour=hour.hour - timedelta(days=8), rolled_at=now() - timedelta(days=8))
    HourlyCount.objects.create(hour_id=hour.hour - timedelta(days=8), status="delivered", count=9)
    everything()
    assert HourlyCount.objects.get().count == 9


def test_an_hour_keeps_its_sums_when_staff_keep_messages_longer_than_before(cast, monkeypatch):
    """Some of its messages were deleted while the period was shorter."""
    four_days_ago = now() - timedelta(days=4)
    for status in ("delivered", "failed"):
        deleted = cast.message(status, id=min_id(four_days_ago))
        four_days_ago += timedelta(milliseconds=1)
    everything()
    before = sums()
    RollupHour.objects.update(rolled_at=now() - timedelta(days=2))
    deleted.delete()
    everything()
    assert sums() == before == {("delivered", ""): 1, ("failed", ""): 1}


@pytest.mark.parametrize(
    ("kind", "was"), [("released", ""), ("moved", "held"), ("resent", "canceled"), ("moved", "queued")]
)
def test_what_waited_for_staff_was_not_slow(cast, kind, was):
    at = now()
    message = cast.message("submitted", created_at=at - timedelta(minutes=30))
    message.events.create(at=at - timedelta(seconds=1), kind=kind, detail={"was": was})
    cast.attempt(message, started_at=at, finished_at=at + timedelta(seconds=1))
    everything()
    assert HourlySpeed.objects.exists() == (was == "queued")


def test_the_time_in_an_id_is_the_time_it_was_made(db):
    at = now().replace(microsecond=123000)
    assert time_of_id(min_id(at)) == at


@pytest.mark.django_db(transaction=True)
def test_several_dispatchers_count_nothing_twice(monkeypatch):
    from providers import registry

    for vendor in (TextVendor, TemplateVendor):
        monkeypatch.setitem(registry.SENDERS, vendor.slug, vendor)
    cast, at = Cast(), now()
    for hours in range(4):
        for number in range(5):
            cast.message("delivered", id=min_id(at - timedelta(hours=hours, milliseconds=number)))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while hourly_stats.roll_up(1):
                pass
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sum(sums_by_hour()) == 20


def sums_by_hour() -> list[int]:
    return list(HourlyCount.objects.values_list("count", flat=True))
