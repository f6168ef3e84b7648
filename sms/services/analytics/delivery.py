"""The figures of deliveries, from the hourly sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Sum

from providers.registry import SENDERS
from sms.domain.lifecycle import Status
from sms.domain.quality.delivery import Fate, Figures
from sms.models import HourlyDelivery

GROUPS: Mapping[str, str] = {
    "provider": "provider__slug",
    "country": "country",
    "template": "template__name",
    "sender": "sender",
    "client": "client__username",
    "hour": "hour",
}
MAX_LINES, MAX_CODES = 200, 5


@dataclass
class DeliveryLine:
    """The messages of one provider, country, and so on."""

    name: Any
    counts: Counter[Fate] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    """Of undelivered messages."""
    unreported: int = 0
    """Silent messages of vendors that report no delivery."""

    def add(self, vendor: str | None, fate: Fate, code: str, count: int) -> None:
        self.counts[fate] += count
        if fate is Fate.UNDELIVERED:
            self.codes[code] += count
        if fate is Fate.SILENT and not reports_delivery(vendor):
            self.unreported += count

    @property
    def most_codes(self) -> list[tuple[str, int]]:
        return self.codes.most_common(MAX_CODES)

    @property
    def other_codes(self) -> int:
        """The messages of the codes that are not among `most_codes`."""
        return self.codes.total() - sum(count for _, count in self.most_codes)

    @property
    def figures(self) -> Figures:
        return Figures(self.counts)


def read_deliveries(by: str, since: datetime) -> list[DeliveryLine]:
    """The lines of a group, with the most messages first; hours with the latest first. At most MAX_LINES."""
    rows = HourlyDelivery.objects.filter(hour__gte=since).order_by()
    if by == "hour":  # not by time: hours without messages have no line
        rows = rows.filter(hour__in=rows.values("hour").distinct().order_by("-hour")[:MAX_LINES])
    sums = rows.values_list(GROUPS[by], "provider__vendor", "fate", "code").annotate(Sum("count"))
    lines: dict[Any, DeliveryLine] = {}
    for name, vendor, fate, code, count in sums:
        lines.setdefault(name, DeliveryLine(name)).add(vendor, Fate(fate), code, count)
    key = (lambda line: line.name) if by == "hour" else (lambda line: line.figures.sent)
    return sorted(lines.values(), key=key, reverse=True)[:MAX_LINES]


def reports_delivery(vendor: str | None) -> bool:
    return vendor in SENDERS and SENDERS[vendor].strongest == Status.DELIVERED
