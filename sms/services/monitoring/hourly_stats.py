"""Hourly sums, so that the dashboard's cost does not depend on the number of messages.

An hour is always computed as a whole, because late reports and staff change the states of its messages: recent hours
often, older ones rarely. Any number of dispatchers may do it at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Model, OuterRef, QuerySet, Sum

from sms.domain.lifecycle import Outcome
from sms.models import (
    Attempt,
    HourlyCount,
    HourlyDelivery,
    HourlyMatch,
    HourlyNewline,
    HourlyReceipt,
    HourlySpeed,
    Message,
    RollupHour,
)
from sms.models.message import NEEDS_ATTENTION
from sms.services.analytics.arrivals import arrivals
from sms.services.analytics.counting import deliveries
from sms.services.analytics.staff_waits import sent_on
from sms.services.configuration import retention_periods
from sms.services.database import clock, uuid_range

HOUR = timedelta(hours=1)
MAX_AGE = timedelta(days=7)
"""Older hours are not computed again, because no vendor reports so late."""
REFRESH = (
    (timedelta(hours=2), timedelta(minutes=1)),
    (timedelta(hours=26), timedelta(minutes=10)),
    (timedelta(hours=74), timedelta(hours=1)),
    (MAX_AGE, timedelta(days=1)),
)
"""Pairs of an age and an interval: hours up to this age are computed at this interval."""
SAMPLE = 5000
"""How many attempts of an hour are used to compute its response times."""


def roll_up(limit: int) -> int:
    """Compute at most `limit` due hours, newest first. Returns how many."""
    now = clock.now()
    _add_hours(now)
    due = [(hour, rolled_at) for hour, rolled_at in _known(now) if _is_due(hour, rolled_at, now)]
    return sum(_roll(hour, rolled_at, now) for hour, rolled_at in due[: max(limit, 0)])


def _oldest(now: datetime) -> datetime:
    """The first hour to compute: the first one of which retention has deleted nothing."""
    return now - min(MAX_AGE, timedelta(days=retention_periods.current().row) - HOUR)


def _add_hours(now: datetime) -> None:
    """Add a row for each hour since the first message that counts."""
    first_id = (
        Message.objects.filter(id__gte=uuid_range.min_id(_oldest(now)))
        .order_by("id")
        .values_list("id", flat=True)
        .first()
    )
    start = _hour_of(uuid_range.time_of_id(first_id) if first_id else now)
    newest = RollupHour.objects.values_list("hour", flat=True).first()
    if newest is not None and newest >= _hour_of(now):
        return
    hours = int((_hour_of(now) - start) / HOUR) + 1
    RollupHour.objects.bulk_create(
        [RollupHour(hour=start + HOUR * number) for number in range(hours)], ignore_conflicts=True
    )


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _known(now: datetime) -> Iterable[tuple[datetime, datetime | None]]:
    return RollupHour.objects.filter(hour__gte=_oldest(now)).values_list("hour", "rolled_at")


def _is_due(hour: datetime, rolled_at: datetime | None, now: datetime) -> bool:
    if rolled_at is None or rolled_at < hour + HOUR <= now:
        return True  # not computed yet, or not since the hour ended
    age = now - hour
    every = next((every for limit, every in REFRESH if age <= limit), None)
    return every is not None and now - rolled_at >= every


def _roll(hour: datetime, rolled_at: datetime | None, now: datetime) -> bool:
    """Compute one hour, unless another process does."""
    with transaction.atomic():
        # The row stays locked until the sums are committed: a second process then finds another `rolled_at`.
        if not RollupHour.objects.filter(hour=hour, rolled_at=rolled_at).update(rolled_at=now):
            return False
        if not _has_lost_messages(hour):
            for model, count in _SUMS:
                model._default_manager.filter(hour=hour).delete()
                model._default_manager.bulk_create(count(hour), batch_size=1000)
    return True


def _has_lost_messages(hour: datetime) -> bool:
    """Whether retention has deleted some since the last sums, as when staff had a shorter period then."""
    summed = HourlyCount.objects.filter(hour=hour).aggregate(messages=Sum("count"))["messages"] or 0
    return summed > 0 and _of_hour(hour).count() < summed


def _of_hour(hour: datetime) -> QuerySet[Message]:
    return Message.objects.filter(id__gte=uuid_range.min_id(hour), id__lt=uuid_range.min_id(hour + HOUR)).order_by()


def _matches(hour: datetime) -> list[HourlyMatch]:
    messages = _of_hour(hour).filter(template_version__gt=0)
    rows = messages.values_list("template_version__template").annotate(count=Count("id"))
    return [HourlyMatch(hour_id=hour, template_id=template, count=count) for template, count in rows]


def _newlines(hour: datetime) -> list[HourlyNewline]:
    rows = _of_hour(hour).filter(newline_is_undecided=True).values_list("client").annotate(count=Count("id"))
    return [HourlyNewline(hour_id=hour, client_id=client, count=count) for client, count in rows]


def _counts(hour: datetime) -> list[HourlyCount]:
    rows = _of_hour(hour).values_list("provider", "status", "code").annotate(count=Count("id"))
    summed: dict[tuple[int | None, str, str], int] = defaultdict(int)
    for provider, status, code, count in rows:
        summed[provider, status, code if status in NEEDS_ATTENTION else ""] += count
    return [HourlyCount(hour_id=hour, provider_id=p, status=s, code=c, count=n) for (p, s, c), n in summed.items()]


def _speeds(hour: datetime) -> list[HourlySpeed]:
    accepted = Attempt.objects.filter(
        ~sent_on(message="message", called_at=OuterRef("started_at")),
        id__gte=uuid_range.min_id(hour),
        id__lt=uuid_range.min_id(hour + HOUR),
        outcome=Outcome.ACCEPTED,
        number__gt=F("message__attempts_before"),
        message__attempts_before=0,  # for a resend, the time is measured from the action of staff
    )
    times: dict[int, list[int]] = defaultdict(list)
    for provider, created_at, accepted_at in accepted.order_by("-id").values_list(
        "provider", "message__created_at", "finished_at"
    )[:SAMPLE]:
        times[provider].append(max(0, round((accepted_at - created_at).total_seconds() * 1000)))
    return [_speed(hour, provider, sorted(times_of_provider)) for provider, times_of_provider in times.items()]


def _speed(hour: datetime, provider: int, took: list[int]) -> HourlySpeed:
    return HourlySpeed(
        hour_id=hour,
        provider_id=provider,
        taken=len(took),
        p50=took[len(took) // 2],
        p95=took[int(len(took) * 0.95)],
    )


_SUMS: tuple[tuple[type[Model], Callable[[datetime], list[Any]]], ...] = (
    (HourlyCount, _counts),
    (HourlySpeed, _speeds),
    (HourlyMatch, _matches),
    (HourlyNewline, _newlines),
    (HourlyDelivery, deliveries),
    (HourlyReceipt, arrivals),
)
