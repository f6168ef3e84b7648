"""Computes what is usual of each provider, from a sample of each hour of its last days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from sms.domain.quality.decline import Call, Usual, usual_of
from sms.models import Attempt, ShareMove, UsualFigures
from sms.services.database import clock, uuid_range

from .recent_calls import read_calls

HOURS, HOUR = 72, timedelta(hours=1)
SAMPLE = 200
"""Calls of each provider in an hour."""
MAX_AGE = HOUR
_FINAL_AFTER = timedelta(minutes=10)
"""Later calls may still get a report."""


def update() -> None:
    """Compute the figures again if they are older than MAX_AGE. Those of providers with too few calls are deleted."""
    now = clock.now()
    newest = UsualFigures.objects.order_by("-computed_at").values_list("computed_at", flat=True).first()
    if newest is None or now - newest >= MAX_AGE:
        for provider, calls in _samples(now).items():
            if (usual := usual_of(calls)) is not None:
                UsualFigures.objects.update_or_create(
                    provider_id=provider, defaults={**asdict(usual), "computed_at": now}
                )
        # A provider whose share was lowered has few calls, and is judged by its old figures until its share is back.
        lowered = ShareMove.objects.filter(is_latest=True, after__lt=100).values("provider")
        UsualFigures.objects.exclude(computed_at=now).exclude(provider__in=lowered).delete()


def _samples(now: datetime) -> dict[int, list[Call]]:
    found: dict[int, list[Call]] = {}
    for hour in _hours_with_calls(now - _FINAL_AFTER):
        for each in read_calls(hour, hour + HOUR, now, most=SAMPLE):
            found.setdefault(each.provider, []).append(each.call)
    return found


def _hours_with_calls(end: datetime) -> Iterator[datetime]:
    """The beginnings of the last hours before `end`. One query for each, and none for those without calls."""
    hour = end - HOURS * HOUR
    while hour < end:
        calls = Attempt.objects.filter(id__gte=uuid_range.min_id(hour), id__lt=uuid_range.min_id(end))
        first = calls.order_by("id").values_list("id", flat=True).first()
        if first is None:
            return
        hour += max((uuid_range.time_of_id(first) - hour) // HOUR, 0) * HOUR
        yield hour
        hour += HOUR


def read_usual() -> dict[int, Usual]:
    """By provider; one with too few calls has none."""
    names = Usual.__slots__
    return {
        row["provider"]: Usual(*(row[name] for name in names))
        for row in UsualFigures.objects.values("provider", *names)
    }
