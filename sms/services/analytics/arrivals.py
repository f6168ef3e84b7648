"""How long final delivery reports take, and how many never come, by provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db.models import Subquery, Sum

from providers.registry import SENDERS
from sms.domain.lifecycle import Outcome
from sms.domain.quality.delivery import FEWEST
from sms.models import Attempt, HourlyReceipt
from sms.services.database import uuid_range

from .receipts import receipts, reports

EDGES = (10, 60, 600, 3600, 86_400, 7 * 86_400)
"""Seconds. A report that comes after the last one is not counted."""
SAMPLE = 5000
"""How many calls of an hour are looked at: each costs a look at its reports."""


def arrivals(hour: datetime) -> list[HourlyReceipt]:
    """The rows of an hour, of calls that vendors accepted which send delivery reports."""
    counts = Counter((provider, _within(answered, receipt)) for provider, answered, receipt in _sample(hour))
    return [HourlyReceipt(hour_id=hour, provider_id=key[0], within=key[1], count=n) for key, n in counts.items()]


def _sample(hour: datetime) -> Iterable[tuple[int, datetime, datetime | None]]:
    ids = {"id__gte": uuid_range.min_id(hour), "id__lt": uuid_range.min_id(hour + timedelta(hours=1))}
    vendors = [slug for slug in SENDERS if reports(slug)]
    calls = Attempt.objects.filter(**ids, outcome=Outcome.ACCEPTED, provider__vendor__in=vendors)
    rows = calls.filter(message__is_test=False).order_by("-id").annotate(receipt_at=Subquery(receipts()))
    return rows.values_list("provider", "finished_at", "receipt_at")[:SAMPLE]


def _within(answered: datetime, receipt: datetime | None) -> int | None:
    took = None if receipt is None else (receipt - answered).total_seconds()
    return None if took is None else next((edge for edge in EDGES if took <= edge), None)


@dataclass
class ArrivalLine:
    """The calls of one provider. `counts`: how many reports came within each of EDGES and not before, None: never."""

    slug: str
    counts: Counter[int | None] = field(default_factory=Counter)

    @property
    def calls(self) -> int:
        return self.counts.total()

    @property
    def cells(self) -> list[tuple[int, float | None]]:
        """How many reports had come after each of EDGES, and how many never came, with the percentages of the calls."""
        so_far = accumulate(self.counts[edge] for edge in EDGES)
        return [(count, self._percent(count)) for count in (*so_far, self.counts[None])]

    def _percent(self, count: int) -> float | None:
        return round(100 * count / self.calls, 1) if self.calls >= FEWEST else None


def read_arrivals(since: datetime) -> list[ArrivalLine]:
    lines: dict[str, ArrivalLine] = {}
    rows: Any = HourlyReceipt.objects.filter(hour__gte=since).order_by("provider__slug")
    for slug, within, count in rows.values_list("provider__slug", "within").annotate(Sum("count")):
        lines.setdefault(slug, ArrivalLine(slug)).counts[within] += count
    return list(lines.values())
