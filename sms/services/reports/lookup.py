"""Finds the attempts that delivery reports are about: by our id, by the vendor's id, by the number."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from sms.domain.lifecycle import Outcome
from sms.domain.phone import parse_loose
from sms.models import Attempt, AttemptPart
from sms.services.database import clock
from sms.services.queue.echoes import digest_of_id

from .update import ReportUpdate

NUMBER_WINDOW = timedelta(days=1)
"""How long after an attempt a report may name it by the recipient's number alone."""

_MAY_HAVE_LEFT = Q(outcome=None) | Q(outcome__in=(Outcome.ACCEPTED, Outcome.UNCONFIRMED))


@dataclass(frozen=True, slots=True)
class Found:
    """An attempt and its message; `part` is the number and the count of the part that the vendor's id is of."""

    attempt: uuid.UUID
    message: uuid.UUID
    part: tuple[int, int] | None = None


ByKey = Mapping[tuple[int, str], Found]
"""By provider and vendor's id, or by provider and number."""


def by_reference(updates: Iterable[ReportUpdate]) -> dict[uuid.UUID, Found]:
    """Also the attempts of the callbacks' URLs, whose messages a report may repeat."""
    own = {attempt for each in updates for attempt in (each.attempt, each.url_attempt) if attempt}
    rows = Attempt.objects.filter(pk__in=own).values_list("pk", "message_id") if own else ()
    return {attempt: Found(attempt, message) for attempt, message in rows}


def by_vendor_id(vendor_ids: Collection[str]) -> ByKey:
    """By the ids as they are reported, also where the attempt or the part has a digest of its id."""
    if not vendor_ids:
        return {}
    reported = {stored: vendor_id for vendor_id in vendor_ids for stored in (vendor_id, digest_of_id(vendor_id))}
    rows = Attempt.objects.filter(vendor_message_id__in=reported).order_by("id")
    found = {(row[0], reported[row[1]]): Found(row[2], row[3]) for row in rows.values_list(*_OF_ATTEMPT)}
    parts = AttemptPart.objects.filter(vendor_message_id__in=reported).order_by("id").values_list(*_OF_PART)
    return found | {(row[0], reported[row[1]]): Found(row[2], row[3], (row[4], row[5])) for row in parts}


_OF_ATTEMPT = ("provider_id", "vendor_message_id", "id", "message_id")
_OF_PART = ("attempt__provider_id", "vendor_message_id", "attempt_id", "attempt__message_id", "number", "count")


def by_number(updates: Iterable[ReportUpdate], now: datetime) -> ByKey:
    """Only where exactly one message fits: the vendor gave it no id, and its last call is recent."""
    wanted = {(each.provider, each.to) for each in updates if each.to}
    found = {key: _of_number(*key, now) for key in wanted}
    return {key: each for key, each in found.items() if each}


def _of_number(provider: int, to: str, now: datetime) -> Found | None:
    number = parse_loose(to) or ""
    recent = Attempt.objects.filter(_MAY_HAVE_LEFT, provider=provider, message__to=number, vendor_message_id="")
    fitting = recent.filter(started_at__gt=now - NUMBER_WINDOW).order_by("-number")
    messages = fitting.order_by().values_list("message_id", flat=True).distinct()[:2]
    return Found(*fitting.values_list("id", "message_id")[0]) if len(messages) == 1 else None


def is_of_several_calls(last: uuid.UUID, repeats: uuid.UUID | None, vendor_id: str, update: ReportUpdate) -> bool:
    """Whether a report by a repeated reference may be about another call than the last one, which may send the message.

    Not where the report has the last call's id, or the vendor's answer to it was that it had the reference already.
    """
    if repeats is None or (vendor_id and vendor_id == update.vendor_id):
        return False
    others = Attempt.objects.filter(Q(pk=repeats) | Q(repeats=repeats), outcome=Outcome.UNCONFIRMED).exclude(pk=last)
    return others.exists()


def knows_attempt(updates: Sequence[ReportUpdate]) -> bool:
    """Whether one of the reports is about an attempt of its provider."""
    provider = {each.provider for each in updates}
    own = Attempt.objects.filter(pk__in=[each.attempt for each in updates if each.attempt], provider__in=provider)
    named = by_vendor_id({each.vendor_id for each in updates} - {""})
    is_named = any((each.provider, each.vendor_id) in named for each in updates)
    return is_named or own.exists() or bool(by_number(updates, clock.now()))
