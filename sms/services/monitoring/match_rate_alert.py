"""Opens alerts if a shop seems to have changed its texts: a template's share of the matches has fallen, or many texts
with a new fingerprint are rejected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Count, Sum

from providers.marking import N_
from sms.domain.matching.fingerprints import Group, group
from sms.models import Alert, HourlyMatch, MessageTemplate, RefusedRequest
from sms.services.database import clock

from .alerts import close_alert, open_alert

DAY, WEEK = timedelta(days=1), timedelta(days=7)
FALL = 0.5
"""An alert opens if a template's share today is below this fraction of its share last week."""
MIN_MATCHES = 50
"""Shares are not compared below this number of matches of the template last week or of all templates today."""
NEW_TEXTS = 20
"""An alert opens if more texts with one new fingerprint are rejected within an hour."""
MAX_KINDS = 500

_SHARE, _NEW = "template:share:", "texts:new:"


def evaluate() -> None:
    """Open and close the alerts."""
    now = clock.now()
    found = _fallen_shares(now) | _new_kinds(now)
    for key, (title, advice) in found.items():
        open_alert(key, title=title, advice=advice)
    for key in Alert.objects.filter(closed_at=None).values_list("key", flat=True):
        if key.startswith((_SHARE, _NEW)) and key not in found:
            close_alert(key)


TitleAndAdvice = tuple[str, str]


def _fallen_shares(now: datetime) -> dict[str, TitleAndAdvice]:
    """Templates whose share of the last day's matches is less than half of their share of the week before."""
    today, week = _matches(now - DAY, now), _matches(now - DAY - WEEK, now - DAY)
    all_today, all_week = sum(today.values()), sum(week.values())
    if all_today < MIN_MATCHES:
        return {}
    names = dict(MessageTemplate.objects.filter(pk__in=week).values_list("pk", "name"))
    return {
        f"{_SHARE}{names[template]}": _share_alert(names[template], today.get(template, 0) / all_today, then)
        for template, count in week.items()
        if count >= MIN_MATCHES
        and template in names
        and today.get(template, 0) / all_today < FALL * (then := count / all_week)
    }


def _matches(since: datetime, until: datetime) -> dict[int, int]:
    hours = HourlyMatch.objects.filter(hour__gte=since, hour__lt=until)
    return dict(hours.values_list("template").annotate(total=Sum("count")))


def _share_alert(name: str, now: float, then: float) -> TitleAndAdvice:
    title = N_("Template {name} gives {now:.0%} of today's texts; last week it gave {then:.0%}").format(
        name=name, now=now, then=then
    )
    return title, N_(
        "Look at the unmatched texts: the shop may have changed its texts. Correct the template, or make one."
    )


def _new_kinds(now: datetime) -> dict[str, TitleAndAdvice]:
    """Fingerprints with over NEW_TEXTS unmatched texts in the last hour and none in the week before the last day."""
    hour = _unmatched(now - timedelta(hours=1), now)
    if sum(hour.values()) <= NEW_TEXTS:
        return {}
    known = _unmatched(now - WEEK, now - DAY)
    kinds = group({**dict.fromkeys(known, 1), **hour})
    return {
        f"{_NEW}{_digest(kind)}": _new_kind_alert(kind, count)
        for kind in kinds
        if not known.keys() & set(kind.texts) and (count := sum(hour.get(text, 0) for text in kind.texts)) > NEW_TEXTS
    }


def _unmatched(since: datetime, until: datetime) -> Mapping[str, int]:
    refused = RefusedRequest.objects.filter(code="template_not_matched", created_at__gt=since, created_at__lte=until)
    counted = refused.exclude(shape="").values_list("shape").annotate(count=Count("id")).order_by("-count")
    return dict(counted[:MAX_KINDS])


def _digest(kind: Group) -> str:
    return hashlib.sha256(kind.texts[0].encode()).hexdigest()[:16]


def _new_kind_alert(kind: Group, count: int) -> TitleAndAdvice:
    shown = kind.skeleton if len(kind.skeleton) <= 80 else f"{kind.skeleton[:79]}…"
    title = N_("A new kind of text is refused, {count} in the last hour: {shown}").format(count=count, shown=shown)
    return title, N_(
        "Open the unmatched texts and make a template of these, or ask the shop whether the text is meant."
    )
