"""Opens alerts where the failures of a provider use up the error budget of an objective fast."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from providers.marking import N_
from sms.domain.quality.objectives import (
    BURN_RULES,
    BurnRule,
    Measure,
    Sum,
    Target,
    burning,
    targets_of,
)
from sms.models import Alert, ObjectiveSum, Provider
from sms.services.database import clock
from sms.services.monitoring.alerts import close_alert, open_alert, set_title
from sms.services.monitoring.metrics import LANE

from .measuring import Subject
from .roll_up import FIVE_MINUTES, start_of
from .targets import read_objectives

PREFIX = "objective:"
_WHAT = {
    Measure.ANSWER: N_(
        "{slug}, {country}: {reached} % of {total} {kind_text} answered within {seconds} s in {hours} h; the objective "
        "is {percent} %"
    ),
    Measure.RECEIPT: N_(
        "{slug}, {country}: {reached} % of {total} {kind_text} reported within {seconds} s in {hours} h; the objective "
        "is {percent} %"
    ),
    Measure.SUCCESS: N_(
        "{slug}, {country}: {reached} % of {total} {kind_text} successful in {hours} h; the objective is {percent} %"
    ),
}
_ADVICE = N_(
    "Look at the provider's page: its calls, its response time, its delivery reports. If another provider of the route "
    "works, pause this one or change the order of the route."
)


def evaluate() -> None:
    """Open, update and close the alerts."""
    objectives, now = read_objectives(), clock.now()
    rows = _read(now)
    slugs = dict(Provider.objects.filter(enabled=True).values_list("pk", "slug"))
    found = {}
    for subject in [subject for subject in rows if subject.provider in slugs]:
        target = targets_of(objectives, *subject[:3])[subject.measure]
        if target.percent and (rule := burning(_windows(rows[subject], target, now), target)):
            found[_key(subject, slugs)] = subject, _title(subject, slugs, target, *rule)
    for key, (subject, title) in found.items():
        if not open_alert(key, severity="critical", title=title, advice=_ADVICE, provider_id=subject.provider):
            set_title(key, title)
    for key in Alert.objects.filter(key__startswith=PREFIX, closed_at=None).values_list("key", flat=True):
        if key not in found:
            close_alert(key)


Row = tuple[datetime, Sum]


def _read(now: datetime) -> dict[Subject, list[Row]]:
    """The sums of five minutes that any rule needs."""
    fields = ("period__start", "provider", "country", "is_otp", "measure", "total", "good")
    rows = ObjectiveSum.objects.filter(period__seconds=FIVE_MINUTES.total_seconds(), period__start__lte=now)
    found: dict[Subject, list[Row]] = {}
    for start, provider, country, is_otp, measure, total, good in rows.values_list(*fields):
        about = Subject(provider, country, is_otp, Measure(measure))
        found.setdefault(about, []).append((start, Sum(total, good)))
    return found


def _windows(rows: Iterable[Row], target: Target, now: datetime) -> list[tuple[BurnRule, Sum, Sum]]:
    """The sums of each rule's windows. They end when the target's time began: later messages can only be good yet."""
    end = now - timedelta(seconds=target.seconds)
    own = [(start, each) for start, each in rows if start <= end]
    return [(rule, _sum(own, end - rule.long), _sum(own, end - rule.short)) for rule in BURN_RULES]


def _sum(rows: Iterable[Row], since: datetime) -> Sum:
    """From the period that holds this moment."""
    return sum((each for start, each in rows if start >= start_of(since, FIVE_MINUTES)), Sum())


def _key(subject: Subject, slugs: dict[int, str]) -> str:
    return f"{PREFIX}{slugs[subject.provider]}:{subject.country}:{LANE[subject.is_otp]}:{subject.measure}"


def _title(subject: Subject, slugs: dict[int, str], target: Target, rule: BurnRule, long: Sum) -> str:
    return _WHAT[subject.measure].format(
        slug=slugs[subject.provider],
        country=subject.country,
        reached=f"{long.percent:g}",
        total=long.total,
        kind_text=N_("OTPs") if subject.is_otp else N_("messages other than OTPs"),
        seconds=target.seconds,
        hours=rule.long // timedelta(hours=1),
        percent=f"{target.percent:g}",
    )
