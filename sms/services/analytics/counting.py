"""Counts the messages of an hour by fate. The database groups by the first characters of the number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.db.models.functions import Substr

from sms.domain.destinations import PREFIX_LENGTH, locate
from sms.domain.lifecycle import Status
from sms.domain.quality.client_outcomes import ClientOutcome
from sms.domain.quality.delivery import Fate, fate_of
from sms.models import HourlyDelivery, Message
from sms.services.database import uuid_range

_GROUPS = ("provider_id", "client_id", "template_version__template", "sender", "prefix", "status", "code")
_OUTCOME = "client_outcome__outcome"


def deliveries(hour: datetime) -> list[HourlyDelivery]:
    """The rows of an hour. Tests of staff don't count."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for row in _grouped(hour):
        counts[_key(row)] += row["count"]
    names = ("provider_id", "client_id", "template_id", "sender", "country", "fate", "code")
    return [
        HourlyDelivery(hour_id=hour, count=count, **dict(zip(names, key, strict=True))) for key, count in counts.items()
    ]


def _grouped(hour: datetime) -> Iterable[dict[str, Any]]:
    ids = {"id__gte": uuid_range.min_id(hour), "id__lt": uuid_range.min_id(hour + timedelta(hours=1))}
    messages = Message.objects.filter(**ids, is_test=False).order_by().annotate(prefix=Substr("to", 1, PREFIX_LENGTH))
    return messages.values(*_GROUPS, _OUTCOME).annotate(count=Count("id"), sample=Min("to"))


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    fate = fate_of(Status(row["status"]), row[_OUTCOME])
    about = (row["provider_id"], row["client_id"], row["template_version__template"], row["sender"])
    return *about, locate(row["sample"]).country, fate.value, _code(row, fate)


def _code(row: dict[str, Any], fate: Fate) -> str:
    """That of an undelivered message; what the client reports where the vendor gave none."""
    if fate is not Fate.UNDELIVERED:
        return ""
    return row["code"] if row["status"] == Status.UNDELIVERED else ClientOutcome.NOT_RECEIVED.value
