"""Which periods are computed, again and for the last time, and which are deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from sms.models import ObjectivePeriod, ObjectiveSum, RetentionPeriods
from sms.services.configuration import snapshot
from sms.services.objectives import roll_up as roll_up_module
from sms.services.objectives.budgets import budgets
from sms.services.objectives.roll_up import FIVE_MINUTES, HOUR, roll_up
from tests.sms.services.objectives.conftest import NOW


def everything() -> int:
    computed = 0
    while count := roll_up(50):
        computed += count
    return computed


def totals(length: timedelta, measure: str = "success") -> dict[int, tuple[int, int]]:
    """By the age of the period's start in minutes."""
    rows = ObjectiveSum.objects.filter(period__seconds=length.total_seconds(), measure=measure)
    return {(NOW - row.period.start) // timedelta(minutes=1): (row.total, row.good) for row in rows}


def test_a_message_is_summed_in_its_five_minutes_and_in_its_hour(traffic):
    traffic.send(ago=60)
    traffic.send(ago=8 * 60, outcome="unavailable")
    traffic.send(ago=3 * 3600 + 60)
    everything()
    assert totals(FIVE_MINUTES) == {5: (1, 1), 10: (1, 0), 185: (1, 1)}
    assert totals(HOUR) == {60: (2, 1), 240: (1, 1)}


def test_what_was_just_computed_is_left_alone(traffic):
    traffic.send(ago=60)
    assert everything()
    assert everything() == 0


def test_the_limit_bounds_a_call_and_the_newest_come_first(traffic):
    traffic.send(ago=3600)
    assert roll_up(2) == 2
    done = ObjectivePeriod.objects.exclude(rolled_at=None).values_list("start", flat=True)
    assert set(done) == {NOW, NOW - FIVE_MINUTES}
    assert roll_up(0) == 0


@pytest.mark.parametrize("minutes", [1, 14])
def test_five_minutes_are_computed_again_until_the_longest_target_has_passed(traffic, pass_time, minutes):
    attempt = traffic.send(ago=30)
    everything()
    assert totals(FIVE_MINUTES, "receipt") == {}
    pass_time(minutes=minutes)
    traffic.receipt(attempt, after=20)
    everything()
    assert totals(FIVE_MINUTES, "receipt") == {5: (1, 1)}


@pytest.mark.parametrize("hours", [5, 25, 167])
def test_a_late_report_moves_the_sums_of_its_hour(traffic, pass_time, hours):
    attempt = traffic.send(ago=60)
    everything()
    pass_time(hours=hours)
    attempt.__class__.objects.filter(pk=attempt.pk).update(reported="undelivered")
    pass_time(hours=2)
    everything()
    assert totals(HOUR) == {60: (1, 0)}


def test_old_periods_are_deleted_and_no_hour_is_summed_after_its_messages(traffic, pass_time, settings):
    traffic.send(ago=60)
    everything()
    pass_time(days=29)
    everything()
    assert totals(HOUR) == {60: (1, 1)}
    assert not ObjectivePeriod.objects.filter(seconds=300, start__lt=traffic.now - timedelta(hours=7)).exists()
    pass_time(days=2)
    everything()
    assert not ObjectiveSum.objects.exists()


def set_in_the_environment(settings):
    settings.RETENTION_ROW_DAYS = 1


def set_in_the_admin(settings):
    RetentionPeriods.objects.create(row_days=1)
    snapshot.reset_cache()


@pytest.mark.parametrize("set_one_day", [set_in_the_environment, set_in_the_admin])
def test_messages_that_retention_deletes_are_not_counted_as_gone(traffic, pass_time, settings, set_one_day):
    set_one_day(settings)
    attempt = traffic.send(ago=60)
    everything()
    pass_time(hours=24)
    attempt.message.delete()
    pass_time(hours=3)
    everything()
    assert totals(HOUR) == {60: (1, 1)}


def test_budgets_are_shown_by_provider_the_most_used_first(traffic):
    for number in range(30):
        traffic.send(ago=7200 + number, took=0.3 if number else 4)
        traffic.send(ago=7200 + number, is_otp=False, outcome="accepted" if number > 14 else "unavailable")
    traffic.send(ago=600, provider=traffic.templated)
    everything()
    found = budgets()
    lines = [(line.title, line.sum.percent, line.sum.total, line.used, line.tone) for line in found[traffic.plain.pk]]
    assert lines == [
        ("95 % reported within 120 s", 0, 30, 2000, "danger"),
        ("95 % successful", 50, 30, 1000, "danger"),
        ("99 % answered within 2 s", 96.6, 30, 333, "danger"),
        ("95 % successful", 100, 30, 0, "success"),
        ("95 % reported within 600 s", None, 15, None, ""),
    ]
    assert all(line.used is None for line in found[traffic.templated.pk])


@pytest.mark.django_db(transaction=True)
def test_two_workers_count_nothing_twice(traffic):
    traffic.send(ago=60)
    everything()
    due = ObjectivePeriod.objects.get(start=NOW - FIVE_MINUTES)
    assert roll_up_module._roll(due, NOW + timedelta(minutes=1))
    assert not roll_up_module._roll(due, NOW + timedelta(minutes=1))  # the row that this one read is out of date
    assert totals(FIVE_MINUTES) == {5: (1, 1)}


@pytest.mark.django_db(transaction=True)
def test_the_messages_are_counted_before_the_transaction(traffic, monkeypatch):
    real, in_transaction = roll_up_module.measure, []

    def measure(*args):
        in_transaction.append(connection.in_atomic_block)
        return real(*args)

    monkeypatch.setattr(roll_up_module, "measure", measure)
    traffic.send(ago=60)
    everything()
    assert set(in_transaction) == {False}
