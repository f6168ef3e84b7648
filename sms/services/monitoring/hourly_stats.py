"""Sums by the hour, so that the dashboard costs the same with a thousand messages and with ten million.

An hour is summed anew as a whole: a late report or a person may still move its messages. Recent hours are looked at
often, older ones rarely. Any number of dispatchers may call this at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F

from sms.domain.lifecycle import Outcome
from sms.models import Attempt, HourlyCount, HourlyMatch, HourlyNewline, HourlySpeed, Message, RollupHour
from sms.models.message import NEEDS_A_LOOK
from sms.services.database import clock, uuid_range

HOUR = timedelta(hours=1)
LOOK_BACK = timedelta(days=7)
"""Older hours rest as they are: no vendor reports so late."""
REFRESH = (
    (timedelta(hours=2), timedelta(minutes=1)),
    (timedelta(hours=26), timedelta(minutes=10)),
    (timedelta(hours=74), timedelta(hours=1)),
    (LOOK_BACK, timedelta(days=1)),
)
"""Up to this age an hour is summed anew this often."""
SAMPLE = 5000
"""Attempts of an hour that its speeds rest on."""


def roll_up(limit: int) -> int:
    """Sum up to so many hours that are due, the newest first. Returns how many this call summed."""
    now = clock.now()
    _add_hours(now)
    due = [(hour, rolled_at) for hour, rolled_at in _known(now) if _is_due(hour, rolled_at, now)]
    return sum(_roll(hour, rolled_at, now) for hour, rolled_at in due[: max(limit, 0)])


def _oldest(now: datetime) -> datetime:
    """How far back hours are summed: never past what retention has begun to delete."""
    return now - min(LOOK_BACK, timedelta(days=settings.RETENTION_ROW_DAYS) - HOUR)


def _add_hours(now: datetime) -> None:
    """A row for each hour since the first message that is still in reach."""
    first_id = (
        Message.objects.filter(id__gte=uuid_range.oldest(_oldest(now)))
        .order_by("id")
        .values_list("id", flat=True)
        .first()
    )
    start = _hour_of(uuid_range.time_of(first_id) if first_id else now)
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
        return True  # never summed, or not since the hour ended
    age = now - hour
    every = next((every for limit, every in REFRESH if age <= limit), None)
    return every is not None and now - rolled_at >= every


def _roll(hour: datetime, rolled_at: datetime | None, now: datetime) -> bool:
    """Sum one hour, unless another process has it."""
    with transaction.atomic():
        # The row stays locked until the sums are committed: whoever comes second finds another `rolled_at`.
        if not RollupHour.objects.filter(hour=hour, rolled_at=rolled_at).update(rolled_at=now):
            return False
        HourlyCount.objects.filter(hour=hour).delete()
        HourlySpeed.objects.filter(hour=hour).delete()
        HourlyMatch.objects.filter(hour=hour).delete()
        HourlyNewline.objects.filter(hour=hour).delete()
        HourlyCount.objects.bulk_create(_counts(hour))
        HourlySpeed.objects.bulk_create(_speeds(hour))
        HourlyMatch.objects.bulk_create(_matches(hour))
        HourlyNewline.objects.bulk_create(_newlines(hour))
    return True


def _matches(hour: datetime) -> list[HourlyMatch]:
    taken = Message.objects.filter(
        id__gte=uuid_range.oldest(hour), id__lt=uuid_range.oldest(hour + HOUR), template_version__gt=0
    )
    rows = taken.order_by().values_list("template_version__template").annotate(count=Count("id"))
    return [HourlyMatch(hour_id=hour, template_id=template, count=count) for template, count in rows]


def _newlines(hour: datetime) -> list[HourlyNewline]:
    taken = Message.objects.filter(
        id__gte=uuid_range.oldest(hour), id__lt=uuid_range.oldest(hour + HOUR), newline_is_undecided=True
    )
    rows = taken.order_by().values_list("client").annotate(count=Count("id"))
    return [HourlyNewline(hour_id=hour, client_id=client, count=count) for client, count in rows]


def _counts(hour: datetime) -> list[HourlyCount]:
    taken = Message.objects.filter(id__gte=uuid_range.oldest(hour), id__lt=uuid_range.oldest(hour + HOUR)).order_by()
    rows = taken.values_list("provider", "status", "code").annotate(count=Count("id"))
    summed: dict[tuple[int | None, str, str], int] = defaultdict(int)
    for provider, status, code, count in rows:
        summed[provider, status, code if status in NEEDS_A_LOOK else ""] += count
    return [HourlyCount(hour_id=hour, provider_id=p, status=s, code=c, count=n) for (p, s, c), n in summed.items()]


def _speeds(hour: datetime) -> list[HourlySpeed]:
    accepted = Attempt.objects.filter(
        id__gte=uuid_range.oldest(hour),
        id__lt=uuid_range.oldest(hour + HOUR),
        outcome=Outcome.ACCEPTED,
        number__gt=F("message__attempts_before"),
        message__attempts_before=0,  # a resend's time counts from a person's click, not from our door
    )
    times: dict[int, list[int]] = defaultdict(list)
    for provider, taken_at, accepted_at in accepted.order_by("-id").values_list(
        "provider", "message__created_at", "finished_at"
    )[:SAMPLE]:
        times[provider].append(max(0, round((accepted_at - taken_at).total_seconds() * 1000)))
    return [_speed(hour, provider, sorted(took)) for provider, took in times.items()]


def _speed(hour: datetime, provider: int, took: list[int]) -> HourlySpeed:
    return HourlySpeed(
        hour_id=hour,
        provider_id=provider,
        taken=len(took),
        p50=took[len(took) // 2],
        p95=took[int(len(took) * 0.95)],
    )
