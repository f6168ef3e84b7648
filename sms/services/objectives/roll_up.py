"""Keeps the sums of periods: of five minutes for the alerts, of hours for the error budgets.

A period is computed again when it has reached certain ages, because receipts come late. Any number of workers may do
it at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from sms.domain.quality.objectives import BUDGET_PERIOD, BURN_RULES, Sum
from sms.models import Message, ObjectivePeriod, ObjectiveSum
from sms.models.objective import LONGEST_SECONDS
from sms.services.configuration import retention_periods
from sms.services.database import clock, uuid_range

from .measuring import Period, Subject, measure
from .targets import read_objectives

MINUTE = timedelta(minutes=1)


class Length(NamedTuple):
    """A length of periods. They are kept for `kept`, and computed at the ages of `ages`, which count from the start."""

    length: timedelta
    kept: timedelta
    computed: timedelta
    """A period older than this that was never computed stays so."""
    ages: tuple[timedelta, ...]


FIVE_MINUTES, HOUR = timedelta(minutes=5), timedelta(hours=1)
LONGEST_WAIT = timedelta(seconds=LONGEST_SECONDS)
_SHORT_KEPT = max(rule.long for rule in BURN_RULES) + LONGEST_WAIT + 2 * FIVE_MINUTES
LENGTHS = (
    Length(
        FIVE_MINUTES,
        _SHORT_KEPT,
        _SHORT_KEPT,
        tuple(MINUTE * minute for minute in range(1, (FIVE_MINUTES + LONGEST_WAIT) // MINUTE + 2)),
    ),
    Length(
        HOUR,
        BUDGET_PERIOD + HOUR,
        timedelta(days=8),
        (
            *(MINUTE * 15 * number for number in (1, 2, 3, 5)),
            timedelta(hours=6),
            timedelta(hours=26),
            timedelta(days=7),
        ),
    ),
)


def roll_up(limit: int) -> int:
    """Compute at most `limit` due periods, newest first. Returns how many."""
    now = clock.now()
    due = [period for length in LENGTHS for period in _due(length, now)]
    return sum(_roll(period, now) for period in due[: max(limit, 0)])


def start_of(at: datetime, length: timedelta) -> datetime:
    seconds = int(length.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def _due(length: Length, now: datetime) -> list[ObjectivePeriod]:
    """The periods of a length that are to be computed. Missing ones are added, old ones are deleted."""
    of_length = ObjectivePeriod.objects.filter(seconds=length.length.total_seconds())
    of_length.filter(start__lt=now - length.kept).delete()
    # Not those of which retention may have begun to delete messages.
    oldest = now - min(length.computed, timedelta(days=retention_periods.current().row) - HOUR)
    recent = of_length.filter(start__gte=oldest)
    known = set(recent.values_list("start", flat=True))
    if missing := [start for start in _starts(length, oldest, now) if start not in known]:
        made = [ObjectivePeriod(start=start, seconds=length.length.total_seconds()) for start in missing]
        ObjectivePeriod.objects.bulk_create(made, ignore_conflicts=True)
    return [row for row in recent.all() if _is_due(row, length, now)]


def _starts(length: Length, oldest: datetime, now: datetime) -> list[datetime]:
    """The periods since the first message, newest first."""
    ids = Message.objects.filter(id__gte=uuid_range.min_id(oldest)).order_by("id").values_list("id", flat=True)
    first = ids.first()
    newest = start_of(now, length.length)
    since = max(start_of(uuid_range.time_of_id(first) if first else now, length.length), oldest)
    return [newest - length.length * number for number in range((newest - since) // length.length + 1)]


def _is_due(period: ObjectivePeriod, length: Length, now: datetime) -> bool:
    if period.rolled_at is None:
        return True
    return any(period.rolled_at < period.start + age <= now for age in length.ages)


def _roll(period: ObjectivePeriod, now: datetime) -> bool:
    """Compute one period, unless another process does."""
    end = period.start + timedelta(seconds=period.seconds)
    sums = measure(Period(period.start, end, now), read_objectives())  # before the transaction, which stays short
    with transaction.atomic():
        # The row stays locked until the sums are committed: a second process then finds another `rolled_at`.
        if not ObjectivePeriod.objects.filter(pk=period.pk, rolled_at=period.rolled_at).update(rolled_at=now):
            return False
        ObjectiveSum.objects.filter(period=period).delete()
        ObjectiveSum.objects.bulk_create(_row(period, subject, each) for subject, each in sums.items())
    return True


def _row(period: ObjectivePeriod, subject: Subject, found: Sum) -> ObjectiveSum:
    about = subject._asdict()
    return ObjectiveSum(period=period, provider_id=about.pop("provider"), **about, total=found.total, good=found.good)
