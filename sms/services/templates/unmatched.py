"""Texts that matched no template, grouped by fingerprint so that staff can create a template from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max

from sms.domain.lifecycle import Status
from sms.domain.matching.fingerprints import Group, group, guess_template
from sms.domain.matching.replay import Replay, replay
from sms.domain.matching.templates import Body, PlaceholderKind, TemplateError, parse_body, parse_kinds
from sms.domain.text import masked_digits
from sms.models import Message, RefusedRequest, TemplateApproval
from sms.models.refusal import REFUSALS_DAYS
from sms.services.configuration import retention_periods
from sms.services.database import clock, uuid_range

from . import otp_shapes

MOST_SHAPES = 2000
MOST_TEXTS = 5000
LOOK_BACK = timedelta(days=7)
TextKey = tuple[str, str]
"""A template's name, and one of its texts."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Texts with the same fingerprint. `held`: their held messages; `nearest`: that of the newest rejection."""

    skeleton: str
    count: int
    texts: tuple[str, ...]
    held: tuple[str, ...]
    nearest: str


def groups() -> list[Unmatched]:
    """The groups, the most frequent first. Digits are masked in all texts."""
    refused = _refused_shapes()
    held: dict[str, list[str]] = {}
    for pk, text in Message.objects.filter(status=Status.HELD, text__isnull=False).values_list("pk", "text")[
        :MOST_TEXTS
    ]:
        held.setdefault(masked_digits(text), []).append(str(pk))
    counts = Counter({text: count for text, (count, _near) in refused.items()})
    counts.update({text: len(waiting) for text, waiting in held.items()})
    return [_unmatched(each, refused, held) for each in group(counts)]


def _refused_shapes() -> dict[str, tuple[int, str]]:
    rows = (
        RefusedRequest.objects.filter(code="template_not_matched")
        .exclude(shape="")
        .order_by()
        .values("shape")
        .annotate(count=Count("id"), near=Max("nearest"))
        .order_by("-count")[:MOST_SHAPES]
    )
    return {row["shape"]: (row["count"], row["near"]) for row in rows}


def _unmatched(each: Group, refused: dict[str, tuple[int, str]], held: dict[str, list[str]]) -> Unmatched:
    waiting = tuple(pk for text in each.texts for pk in held.get(text, ()))
    near = next((refused[text][1] for text in each.texts if text in refused and refused[text][1]), "")
    return Unmatched(each.skeleton, each.count, each.texts, waiting, near)


def template_of(texts: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """A body and its placeholders' kinds, guessed from texts of one group. Raises ValueError if there are no texts."""
    body = guess_template(texts)
    kinds = {p.name: p.kind.value for p in body.placeholders if p.kind is not PlaceholderKind.ANY}
    return body.source, kinds


@dataclass(frozen=True, slots=True)
class Recent:
    """Recent texts with masked digits and their counts, and the times from which they are complete.

    Texts of messages are kept for the retention period, masked texts of rejected requests for a week. If there are too
    many messages, only the newest are read. One-time passwords are kept only as masked texts (`otp_shapes`), in which
    letters are `a` and `A`.
    """

    counts: Counter[str]
    taken_since: datetime
    refused_since: datetime


def recent_texts() -> Recent:
    """The texts of the last week that are still stored."""
    now = clock.now()
    taken, since = _taken_texts(now - min(LOOK_BACK, timedelta(days=retention_periods.current().text)))
    taken.update({text: count for text, (count, _near) in _refused_shapes().items()})
    taken.update(otp_shapes.recent(now - LOOK_BACK))
    return Recent(taken, since, now - min(LOOK_BACK, timedelta(days=REFUSALS_DAYS)))


def _taken_texts(since: datetime) -> tuple[Counter[str], datetime]:
    kept = Message.objects.filter(id__gte=uuid_range.min_id(since), text__isnull=False, is_otp=False).order_by("-id")
    rows = list(kept.values_list("id", "text")[:MOST_TEXTS])
    if len(rows) == MOST_TEXTS:
        since = uuid_range.time_of_id(rows[-1][0])
    return Counter(masked_digits(text) for _, text in rows), since


@dataclass(frozen=True, slots=True)
class ApprovedText:
    """A text that a provider has registered. `approval` is None for one that is not stored yet."""

    approval: int | None
    template: str
    body: Body


def approved_texts() -> list[ApprovedText]:
    """Every text that is approved at a provider, even if its template's current text differs."""
    approved = TemplateApproval.objects.filter(status="approved").order_by("id")
    rows = approved.values_list("id", "template__name", "version__body", "version__placeholders")
    return [found for row in rows if (found := _approved_text(*row)) is not None]


def _approved_text(approval: int, template: str, body: str, kinds: Any) -> ApprovedText | None:
    """None for a text that is invalid by the present rules: no text is matched with it."""
    try:
        return ApprovedText(approval, template, parse_body(body, parse_kinds(kinds)))
    except TemplateError:
        return None


def replay_of(now: Iterable[ApprovedText], then: Iterable[ApprovedText], recent: Recent) -> Replay[TextKey]:
    """How a change of the approved texts affects recent texts. Approvals of one template never tie."""
    return replay(recent.counts, _keyed(now), _keyed(then), masked=True, owner=lambda key: key[0])


def _keyed(texts: Iterable[ApprovedText]) -> list[tuple[TextKey, Body]]:
    """One entry for each text of a template, because several providers may have approved it."""
    return list({(each.template, each.body.source): each.body for each in texts}.items())
