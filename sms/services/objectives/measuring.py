"""Counts the messages and calls of a period against the targets, with one grouped query for each.

The database groups by the first characters of the number, by outcome, and by the shortest target time that was kept.
Countries and targets are found for these groups, so that no message is read by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FilteredRelation,
    IntegerField,
    Min,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from sms.domain.lifecycle import OUR_FAULTS, Outcome, Status
from sms.domain.quality.client_outcomes import is_success
from sms.domain.quality.objectives import DEFAULTS, Measure, ObjectiveFacts, Sum, Target, Targets, targets_of
from sms.domain.status_descriptions import RECIPIENT_BLOCKED, WAITED_TOO_LONG, WAITS_FOR_STAFF
from sms.models import Attempt, Message
from sms.services.analytics.countries import country_of, prefix_of
from sms.services.analytics.receipts import receipts, reports
from sms.services.analytics.staff_waits import sent_on
from sms.services.database import uuid_range

_ANSWERED = (Outcome.ACCEPTED, Outcome.REFUSED)


class Subject(NamedTuple):
    """What a sum is about."""

    provider: int
    country: str
    is_otp: bool
    measure: Measure


Sums = dict[Subject, Sum]


@dataclass(frozen=True, slots=True)
class Period:
    start: datetime
    end: datetime
    now: datetime

    def ids(self) -> dict[str, Any]:
        return {"id__gte": uuid_range.min_id(self.start), "id__lt": uuid_range.min_id(self.end)}


def measure(period: Period, objectives: Sequence[ObjectiveFacts]) -> Sums:
    """The sums of what was accepted, or begun, in this period."""
    sums: Sums = defaultdict(Sum)
    targets = _TargetCache(objectives)
    for row in _answers(period, _edges(objectives, Measure.ANSWER)):
        _add_answers(sums, targets, row)
    for row in _calls(period, _edges(objectives, Measure.RECEIPT)):
        _add_calls(sums, targets, row)
    return sums


class _TargetCache:
    def __init__(self, objectives: Sequence[ObjectiveFacts]) -> None:
        self._objectives = objectives
        self._found: dict[tuple[int, str, bool], Targets] = {}

    def of(self, subject: Subject) -> Target:
        key = subject[:3]
        if key not in self._found:
            self._found[key] = targets_of(self._objectives, *key)
        return self._found[key][subject.measure]


def _edges(objectives: Iterable[ObjectiveFacts], measure: Measure) -> list[int]:
    """Every time that is a target, ascending."""
    defaults = {targets[measure].seconds for targets in DEFAULTS.values()}
    return sorted(defaults | {each.seconds[measure] for each in objectives if measure in each.seconds})


def _kept(latency: Any, edges: Collection[int]) -> Case:
    """The shortest of the target times that this latency kept; null if it is longer than all."""
    whens = [When(latency__lte=timedelta(seconds=edge), then=Value(edge)) for edge in edges]
    return Case(*whens, default=None, output_field=IntegerField())


def _since(moment: Any, now: datetime, start: Any) -> ExpressionWrapper:
    """From `start` to this moment, or until now if it is not there yet."""
    until = Coalesce(moment, Value(now), output_field=DateTimeField())
    return ExpressionWrapper(until - start, output_field=DurationField())


# --- answers ------------------------------------------------------------------------------------


_WAITED, _WAITS = (text.partition("{")[0] for text in (WAITED_TOO_LONG, WAITS_FOR_STAFF))
_STOPPED = (
    Q(code=RECIPIENT_BLOCKED, attempts_made=0)
    | Q(status=Status.QUEUED, waiting_for__startswith=_WAITS)
    | Q(status=Status.EXPIRED, detail__startswith=_WAITED + _WAITS)
)


def _answers(period: Period, edges: Collection[int]) -> Iterable[dict[str, Any]]:
    """Accepted messages by their first call; one that waits counts at the provider where it waits.

    Not those that staff sent on before the first call, as when they were held, or that wait for what staff have closed,
    or whose number was blocked.
    """
    messages = Message.objects.filter(**period.ids(), is_test=False).exclude(status__in=[Status.CANCELED, Status.HELD])
    called_at = Coalesce(OuterRef("first__started_at"), Value(period.now), output_field=DateTimeField())
    messages = messages.exclude(_STOPPED)
    rows = messages.order_by().annotate(
        first=FilteredRelation("attempts", condition=Q(attempts__number=1)),
        at_provider=Coalesce("first__provider", "provider"),
        prefix=prefix_of(),
        outcome=F("first__outcome"),
        first_code=Coalesce("first__code", Value("")),
        is_over=Case(When(status=Status.EXPIRED, then=True), default=False),
        latency=_since(F("first__finished_at"), period.now, F("created_at")),
    )
    rows = (
        rows.annotate(kept=_kept("latency", edges))
        .filter(~sent_on(message="pk", called_at=called_at), at_provider__isnull=False)
        .exclude(first_code__in=OUR_FAULTS)
    )
    grouped = rows.values("at_provider", "is_otp", "prefix", "outcome", "is_over", "kept")
    return grouped.annotate(count=Count("id"), sample=Min("to"))


def _add_answers(sums: Sums, targets: _TargetCache, row: dict[str, Any]) -> None:
    subject = Subject(row["at_provider"], country_of(row["prefix"], row["sample"]), row["is_otp"], Measure.ANSWER)
    target = targets.of(subject)
    is_in_time = row["kept"] is not None and row["kept"] <= target.seconds
    is_pending = row["outcome"] is None and not row["is_over"] and is_in_time
    if target.percent and not is_pending:
        is_good = is_in_time and row["outcome"] in _ANSWERED
        sums[subject] += Sum(row["count"], row["count"] if is_good else 0)


# --- receipts and success ---------------------------------------------------------------------


def _calls(period: Period, edges: Collection[int]) -> Iterable[dict[str, Any]]:
    """Calls that ended, with the time to their final delivery report."""
    calls = Attempt.objects.filter(**period.ids(), message__is_test=False, outcome__isnull=False)
    calls = calls.exclude(code__in=OUR_FAULTS)
    rows = calls.order_by().annotate(
        is_otp=F("message__is_otp"),
        prefix=prefix_of("message__"),
        receipt_at=Subquery(receipts()),
        latency=_since(F("receipt_at"), period.now, F("finished_at")),
    )
    rows = rows.annotate(kept=_kept("latency", edges), has_receipt=Q(receipt_at__isnull=False))
    grouped = rows.values(
        "provider",
        "provider__vendor",
        "is_otp",
        "prefix",
        "outcome",
        "reported",
        "client_outcome__outcome",
        "kept",
        "has_receipt",
    )
    return grouped.annotate(count=Count("id"), sample=Min("message__to"))


def _add_calls(sums: Sums, targets: _TargetCache, row: dict[str, Any]) -> None:
    subject = Subject(row["provider"], country_of(row["prefix"], row["sample"]), row["is_otp"], Measure.SUCCESS)
    if targets.of(subject).percent:
        sums[subject] += Sum(row["count"], row["count"] if is_successful(row) else 0)
    subject = subject._replace(measure=Measure.RECEIPT)
    target = targets.of(subject)
    if target.percent and row["outcome"] == Outcome.ACCEPTED and reports(row["provider__vendor"]):
        is_in_time = row["kept"] is not None and row["kept"] <= target.seconds
        if row["has_receipt"] or not is_in_time:
            sums[subject] += Sum(row["count"], row["count"] if is_in_time else 0)


def is_successful(row: dict[str, Any]) -> bool:
    return is_success(row["outcome"], row["reported"], row["client_outcome__outcome"])
