"""Computes what is usual of each provider, from a sample of each hour of its last days."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from sms.domain.quality.decline import Call, Usual, usual_of
from sms.models import ShareMove, UsualFigures
from sms.services.database import clock

from .recent_calls import read_calls

HOURS = 72
SAMPLE = 200
"""Calls of each provider in an hour."""
MAX_AGE = timedelta(hours=1)
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
    end = now - _FINAL_AFTER
    for number in range(HOURS, 0, -1):
        since = end - timedelta(hours=number)
        for each in read_calls(since, since + timedelta(hours=1), now, most=SAMPLE):
            found.setdefault(each.provider, []).append(each.call)
    return found


def read_usual() -> dict[int, Usual]:
    """By provider; one with too few calls has none."""
    names = Usual.__slots__
    return {
        row["provider"]: Usual(*(row[name] for name in names))
        for row in UsualFigures.objects.values("provider", *names)
    }
