"""Reads calls as the sequential tests need them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, ExpressionWrapper, F, IntegerField, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from sms.domain.lifecycle import OUR_FAULTS, Outcome
from sms.domain.quality.decline import Call
from sms.models import Attempt
from sms.services.analytics.receipts import receipts, reports
from sms.services.database import uuid_range

from .measuring import is_successful


@dataclass(frozen=True, slots=True)
class StartedCall:
    provider: int
    started_at: datetime
    call: Call


_COLUMNS = (
    "provider",
    "provider__vendor",
    "outcome",
    "code",
    "reported",
    "client_outcome__outcome",
    "started_at",
    "finished_at",
    "message__is_test",
    "receipt_at",
)


SCANNED = 3000
"""A sample looks at no more than so many calls of all providers together, the newest ones."""
SCANNED_FOR_ONE = 20_000
"""The same for the calls of one provider, which may have few."""


def read_calls(since: datetime, until: datetime, now: datetime, *, most: int) -> Iterator[StartedCall]:
    """At most `most` calls of each provider of this time, spread evenly, oldest first. Calls in flight are among them.

    The sample is drawn for each provider by itself, so that a busy one leaves room to the others.
    """
    calls = _between(since, until)
    return _started(_rows(calls.filter(pk__in=_sample(calls, most)).order_by("id")), now)


def read_newest(provider: int, since: datetime, until: datetime, now: datetime, *, most: int) -> list[StartedCall]:
    """The newest calls of one provider in this time, at most `most`, oldest first."""
    scanned = _between(since, until).order_by("-id").values("pk")[:SCANNED_FOR_ONE]
    calls = Attempt.objects.filter(pk__in=scanned, provider=provider).order_by("-id")
    return list(_started(_rows(calls)[:most], now))[::-1]


def _between(since: datetime, until: datetime) -> QuerySet[Attempt]:
    return Attempt.objects.filter(id__gte=uuid_range.min_id(since), id__lt=uuid_range.min_id(until))


def _started(rows: Iterable[dict[str, Any]], now: datetime) -> Iterator[StartedCall]:
    """Without tests, and without calls that a fault of our own ended."""
    for row in rows:
        if not row["message__is_test"] and row["code"] not in OUR_FAULTS:
            yield StartedCall(row["provider"], row["started_at"], _call(row, now))


def _sample(calls: QuerySet[Attempt], most: int) -> QuerySet[Attempt, dict[str, Any]]:
    """Of the n calls of a provider every (n / most)th, or all."""
    numbered = calls.filter(pk__in=calls.order_by("-id").values("pk")[:SCANNED]).annotate(
        place=Window(RowNumber(), partition_by="provider", order_by="id"),
        total=Window(Count("pk"), partition_by="provider"),
        rest=ExpressionWrapper(F("place") * most % F("total"), output_field=IntegerField()),
    )
    return numbered.filter(rest__lt=most).order_by().values("pk")


def _rows(calls: QuerySet[Attempt]) -> QuerySet[Attempt, dict[str, Any]]:
    return calls.annotate(receipt_at=Subquery(receipts())).values(*_COLUMNS)


def _call(row: dict[str, Any], now: datetime) -> Call:
    if row["outcome"] is None or row["finished_at"] is None:
        return Call((now - row["started_at"]).total_seconds(), is_open=True)
    answered, receipt = row["finished_at"], row["receipt_at"]
    expects = row["outcome"] == Outcome.ACCEPTED and reports(row["provider__vendor"])
    return Call(
        (answered - row["started_at"]).total_seconds(),
        failed=None if row["outcome"] == Outcome.REFUSED else not is_successful(row),  # about one recipient or text
        receipt_after=(receipt - answered).total_seconds() if expects and receipt else None,
        silent_for=(now - answered).total_seconds() if expects and not receipt else None,
    )
