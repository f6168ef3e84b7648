"""What shorter retention periods would erase, counted from the hourly sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum

from sms.models import HourlyCount
from sms.services.configuration.retention_periods import Periods, latest
from sms.services.database import clock


@dataclass(frozen=True, slots=True)
class Effect:
    """Numbers of messages, to the hour."""

    texts: int
    exchanges: int
    rows: int


def effect_of(new: Periods) -> Effect:
    now = latest()
    return Effect(_between(now.text, new.text), _between(now.raw, new.raw), _between(now.row, new.row))


def _between(old_days: int, new_days: int) -> int:
    """The messages that are older than the new period and not older than the old one."""
    now = clock.now()
    hours = {"hour_id__gte": now - timedelta(days=old_days), "hour_id__lt": now - timedelta(days=new_days)}
    return HourlyCount.objects.filter(**hours).aggregate(sum=Sum("count"))["sum"] or 0
