"""Counts the messages of an hour by fate. The database groups by the first characters of the number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Min, Value, When

from sms.domain.lifecycle import Status
from sms.domain.quality.client_outcomes import ClientOutcome
from sms.domain.quality.delivery import Fate, fate_of
from sms.models import HourlyDelivery, Message
from sms.services.database import uuid_range

from .countries import country_of, prefix_of

_ABOUT = ("provider_id", "client_id", "template_version__template", "sender")
_COLUMNS = ("provider_id", "client_id", "template_id", "sender", "country", "fate", "code")
_OUTCOME = "client_outcome__outcome"


def deliveries(hour: datetime) -> list[HourlyDelivery]:
    """The rows of an hour. Tests of staff don't count."""
    counts: Counter[tuple[Any, ...]] = Counter()
    countries: dict[str, str] = {}
    for row in _grouped(hour):
        country = countries.get(row["prefix"]) or countries.setdefault(
            row["prefix"], country_of(row["prefix"], row["sample"])
        )
        fate = fate_of(Status(row["status"]), row[_OUTCOME])
        counts[*(row[name] for name in _ABOUT), country, fate.value, _code(row, fate)] += row["count"]
    rows = ((dict(zip(_COLUMNS, key, strict=True)), count) for key, count in counts.items())
    return [HourlyDelivery(hour_id=hour, count=count, **values) for values, count in rows]


def _grouped(hour: datetime) -> Iterable[dict[str, Any]]:
    ids = {"id__gte": uuid_range.min_id(hour), "id__lt": uuid_range.min_id(hour + timedelta(hours=1))}
    rows = Message.objects.filter(**ids, is_test=False).order_by()
    of_undelivered = Case(When(status=Status.UNDELIVERED, then=F("code")), default=Value(""), output_field=CharField())
    rows = rows.annotate(prefix=prefix_of(), why=of_undelivered)
    grouped = rows.values(*_ABOUT, "prefix", "status", "why", _OUTCOME)
    return grouped.annotate(count=Count("id"), sample=Min("to"))


def _code(row: dict[str, Any], fate: Fate) -> str:
    """That of an undelivered message; what the client reports where the vendor reports nothing."""
    if fate is not Fate.UNDELIVERED:
        return ""
    return row["why"] if row["status"] == Status.UNDELIVERED else ClientOutcome.NOT_RECEIVED.value
