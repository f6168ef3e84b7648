"""The figures of the dashboard, from the hourly sums and a few small queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from django.db.models import Q, Sum

from providers.marking import N_
from providers.registry import SENDERS
from sms.domain import status_descriptions
from sms.domain.lifecycle import Status
from sms.domain.quality.delivery import FEWEST
from sms.models import Alert, Dispatcher, HourlyCount, HourlySpeed, Provider
from sms.services.database import clock

from . import outages
from .hourly_stats import HOUR
from .outages import Outage
from .status import ALIVE

DAY = timedelta(hours=24)
UNSUCCESSFUL = (Status.FAILED, Status.UNDELIVERED, Status.EXPIRED)
ORDER = tuple(Status)
MAX_REASONS = 8
MOST_LINES = 200
"""Of the page of codes."""


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """The last 24 hours of a provider. `delivered` is a percentage, None where the vendor reports no delivery."""

    id: int
    slug: str
    vendor: str
    messages: int
    reports_delivery: bool
    strongest: str
    delivered: float | None
    p50: int | None
    p95: int | None


@dataclass(frozen=True, slots=True)
class Reason:
    status: str
    code: str
    says: str
    count: int
    share: int
    """Percentage of the most frequent reason: the length of the bar."""


@dataclass(frozen=True)
class Dashboard:
    now: datetime
    messages: int
    messages_before: int
    delivered: float | None
    wrong: int
    waiting: int
    oldest_waiting: timedelta | None
    unconfirmed: int
    dispatchers: tuple[Dispatcher, ...]
    alive: int
    alerts: tuple[Alert, ...]
    hours: tuple[datetime, ...]
    series: dict[str, list[int]]
    """Per status, one number for each of `hours`."""
    providers: tuple[ProviderLine, ...]
    reasons: tuple[Reason, ...]
    rolled: bool
    outages: tuple[Outage, ...]

    @property
    def change(self) -> int | None:
        """Percentage change from the previous day; None if that day had no messages."""
        if not self.messages_before:
            return None
        return round(100 * (self.messages - self.messages_before) / self.messages_before)

    @property
    def wrong_share(self) -> float | None:
        return round(100 * self.wrong / self.messages, 1) if self.messages >= FEWEST else None


def read_dashboard() -> Dashboard:
    now = clock.now()
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = tuple(this_hour - HOUR * back for back in range(23, -1, -1))
    counts = list(
        HourlyCount.objects.filter(hour__gte=hours[0] - DAY).values_list("hour", "provider", "status", "code", "count")
    )
    today = [row for row in counts if row[0] >= hours[0]]
    providers = outages.read_providers(now)
    lines = _providers(today, hours[0], providers)
    oldest = [each.load.oldest for each in providers if each.load.oldest]
    dispatchers = tuple(Dispatcher.objects.filter(stopped_at=None)[:10])
    return Dashboard(
        now=now,
        messages=sum(row[4] for row in today),
        messages_before=sum(row[4] for row in counts if row[0] < hours[0]),
        delivered=_delivered_share(today, {line.id for line in lines if line.reports_delivery}),
        wrong=sum(row[4] for row in today if row[2] in UNSUCCESSFUL),
        waiting=sum(each.load.waiting for each in providers),
        oldest_waiting=now - min(oldest) if oldest else None,
        unconfirmed=sum(each.load.unconfirmed for each in providers),
        dispatchers=dispatchers,
        alive=sum(now - dispatcher.seen_at < ALIVE for dispatcher in dispatchers),
        alerts=tuple(Alert.objects.filter(closed_at=None)[:5]),
        hours=hours,
        series=_series(today, hours),
        providers=lines,
        reasons=_reasons(today, {line.id: line.vendor for line in lines}),
        rolled=bool(counts),
        outages=tuple(outages.unhealthy(providers)),
    )


Row = tuple[datetime, int | None, str, str, int]


def _series(rows: list[Row], hours: tuple[datetime, ...]) -> dict[str, list[int]]:
    index = {hour: at for at, hour in enumerate(hours)}
    series: dict[str, list[int]] = {}
    for hour, _provider, status, _code, count in rows:
        series.setdefault(status, [0] * len(hours))[index[hour]] += count
    return {status.value: series[status] for status in ORDER if status in series}


def _delivered_share(rows: list[Row], providers: set[int | None]) -> float | None:
    """The percentage of final messages, at providers whose vendors report delivery. None of too few messages."""
    ended = [row for row in rows if row[1] in providers and row[2] in (Status.DELIVERED, Status.UNDELIVERED)]
    total = sum(row[4] for row in ended)
    good = sum(row[4] for row in ended if row[2] == Status.DELIVERED)
    return round(100 * good / total, 1) if total >= FEWEST else None


def _providers(rows: list[Row], since: datetime, providers: list[Outage]) -> tuple[ProviderLine, ...]:
    speeds: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for provider, taken, p50, p95 in HourlySpeed.objects.filter(hour__gte=since).values_list(
        "provider", "taken", "p50", "p95"
    ):
        speeds[provider].append((taken, p50, p95))
    known = [each.provider for each in providers]
    return tuple(_line(each.pk, each.slug, each.vendor, rows, speeds[each.pk]) for each in known)


def _line(pk: int, slug: str, vendor: str, rows: list[Row], speeds: list[tuple[int, int, int]]) -> ProviderLine:
    strongest = SENDERS[vendor].strongest if vendor in SENDERS else "submitted"
    reports = strongest == Status.DELIVERED
    return ProviderLine(
        id=pk,
        slug=slug,
        vendor=vendor,
        messages=sum(row[4] for row in rows if row[1] == pk),
        reports_delivery=reports,
        strongest=strongest,
        delivered=_delivered_share(rows, {pk}) if reports else None,
        p50=_weighted(speeds, 1),
        p95=max((p95 for _taken, _p50, p95 in speeds), default=None),
    )


def _weighted(speeds: list[tuple[int, int, int]], column: int) -> int | None:
    taken = sum(row[0] for row in speeds)
    return round(sum(row[0] * row[column] for row in speeds) / taken) if taken else None


def _reasons(rows: list[Row], vendors: dict[int, str]) -> tuple[Reason, ...]:
    counted: dict[tuple[str, str, str], int] = defaultdict(int)
    for _hour, provider, status, code, count in rows:
        if status in UNSUCCESSFUL:
            counted[status, code, vendors.get(provider or 0, "")] += count
    most = sorted(counted.items(), key=lambda pair: -pair[1])[:MAX_REASONS]
    top = most[0][1] if most else 1
    return tuple(
        Reason(status, code, _description(status, code, vendor), count, round(100 * count / top))
        for (status, code, vendor), count in most
    )


def _description(status: str, code: str, vendor: str) -> str:
    """The description of the vendor's code, else of our code, else of the state. That of a report is never ours."""
    if vendor in SENDERS and code in SENDERS[vendor].codes and status != Status.EXPIRED:
        return SENDERS[vendor].codes[code][1]
    if code in status_descriptions.CODE and status != Status.UNDELIVERED:
        return status_descriptions.CODE[code].happened
    return (
        N_("The vendor's code {code}").format(code=code)
        if code
        else status_descriptions.STATUS[Status(status)].happened
    )


# --- codes by day --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CodeLine:
    """How many messages of each day ended with this code at this provider."""

    provider: int | None
    slug: str
    status: str
    code: str
    says: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


def codes_by_day(today: date, days: int = 7, provider: int | None = None) -> tuple[tuple[date, ...], list[CodeLine]]:
    """The last days and, most frequent first, the codes with which messages accepted on them ended. Days are in UTC.

    `provider`: only its messages. At most MOST_LINES lines.
    """
    dates = tuple(today - timedelta(days=back) for back in range(days - 1, -1, -1))
    begin = datetime.combine(dates[0], time(), tzinfo=UTC)
    rows = HourlyCount.objects.filter(hour__gte=begin, status__in=UNSUCCESSFUL)
    rows = rows if provider is None else rows.filter(provider=provider)
    keys = ("provider", "status", "code")
    counted = rows.values(*keys).annotate(total=Sum("count"), **_sums(begin, days)).order_by("-total", *keys)
    vendors = dict(Provider.objects.values_list("pk", "vendor"))
    slugs = dict(Provider.objects.values_list("pk", "slug"))
    return dates, [
        CodeLine(
            provider=row["provider"],
            slug=slugs.get(row["provider"], ""),
            status=row["status"],
            code=row["code"],
            says=_description(row["status"], row["code"], vendors.get(row["provider"], "")),
            counts=tuple(row[f"day_{at}"] for at in range(days)),
        )
        for row in counted[:MOST_LINES]
    ]


def _sums(begin: datetime, days: int) -> dict[str, Sum]:
    """The sum of each day, as `day_0` and so on."""
    starts = [begin + timedelta(days=at) for at in range(days + 1)]
    bounds = enumerate(pairwise(starts))
    return {
        f"day_{at}": Sum("count", filter=Q(hour__gte=first, hour__lt=end), default=0) for at, (first, end) in bounds
    }
