"""What people did: changes of the configuration and of messages, exports, revealed texts and searches by number.

Each source is read by time, newest first, and the sources are merged. What rules and commands did is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from simple_history.manager import HistoryDescriptor

from providers.marking import N_
from sms.domain.phone import masked
from sms.models import AccessRecord, MessageEvent, PersonalDataRecord
from sms.translation import translated

PAGE_SIZE = 50
LARGEST_BATCH = 2000
SIGNS = {"created": "+", "changed": "~", "deleted": "-"}
FLAGS = {"created": ADDITION, "changed": CHANGE, "deleted": DELETION}
KINDS = {
    "created": N_("created"),
    "changed": N_("changed"),
    "deleted": N_("deleted"),
    "message": N_("message"),
    **dict(AccessRecord.Kind.choices),
    **dict(PersonalDataRecord.Kind.choices),
}
LABELS = ("slug", "name", "username", "prefix", "country", "value", "id")


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    actor: str
    kind: str
    subject: str
    reason: str = ""
    detail: str = ""

    @property
    def kind_label(self) -> str:
        return translated(KINDS[self.kind])


@dataclass(frozen=True, slots=True)
class Selection:
    """`before` and `since` bound the time: entries before the one, and at or after the other."""

    actor: str = ""
    kind: str = ""
    since: datetime | None = None
    before: datetime | None = None


def read(chosen: Selection) -> tuple[list[Entry], datetime | None]:
    """A page of entries, newest first, and the time before which the next page begins; None on the last page.

    All entries of one moment are on one page: a batch of a bulk operation has one time.
    """
    found = entries(chosen)
    page = list(islice(found, PAGE_SIZE))
    for entry in found:
        if entry.at != page[-1].at:
            return page, page[-1].at
        page.append(entry)
    return page, None


def entries(chosen: Selection) -> Iterator[Entry]:
    """All entries of the selection, newest first."""
    sources = (source(chosen) for source, kinds in SOURCES.items() if not chosen.kind or chosen.kind in kinds)
    return merge(*sources, key=lambda entry: entry.at, reverse=True)


def _narrowed(rows: QuerySet, chosen: Selection, *, time: str, actor: str, **kind: Any) -> QuerySet:
    """`kind`: the lookup for the kind of the selection, if it has one."""
    bounds = {f"{time}__lt": chosen.before, f"{time}__gte": chosen.since, actor: chosen.actor}
    wanted = {name: value for name, value in bounds.items() if value} | (kind if chosen.kind else {})
    return rows.filter(**wanted).order_by(f"-{time}", "-pk")


def _read(rows: QuerySet, time: str, entry: Callable[[Any], Entry]) -> Iterator[Entry]:
    """In growing batches: a page reads few rows of each source, an export makes few queries.

    `time`: the field of the order. A batch begins after the last row before it; OFFSET would read all those again.
    """
    size, left = PAGE_SIZE + 1, rows
    while batch := list(left[:size]):
        yield from map(entry, batch)
        at, pk = getattr(batch[-1], time), batch[-1].pk
        left = rows.filter(Q(**{f"{time}__lt": at}) | Q(pk__lt=pk), **{f"{time}__lte": at})
        size = min(2 * size, LARGEST_BATCH)


def _tracked() -> list[type[Any]]:
    """The models with a history."""
    return [
        model
        for model in apps.get_app_config("sms").get_models()
        if isinstance(vars(model).get("history"), HistoryDescriptor)
    ]


def _changes(chosen: Selection) -> Iterator[Entry]:
    sources = []
    for model in _tracked():
        rows = model.history.model.objects.filter(history_user__isnull=False).select_related("history_user")
        by = {"time": "history_date", "actor": "history_user__username", "history_type": SIGNS.get(chosen.kind)}
        sources.append(_read(_narrowed(rows, chosen, **by), by["time"], _change))
    return merge(*sources, key=lambda entry: entry.at, reverse=True)


def _change(row: Any) -> Entry:
    label = next(getattr(row, name) for name in LABELS if getattr(row, name, ""))
    name = masked(row.phone) if hasattr(row, "phone") else str(label)
    return Entry(
        at=row.history_date,
        actor=row.history_user.get_username(),
        kind=next(kind for kind, sign in SIGNS.items() if sign == row.history_type),
        subject=f"{row.instance_type._meta.verbose_name} {name}",
        reason=row.history_change_reason or "",
    )


def _other_changes(chosen: Selection) -> Iterator[Entry]:
    """Of the models without a history, such as staff and roles, from the admin's log."""
    known = ContentType.objects.get_for_models(*_tracked()).values()
    rows = LogEntry.objects.exclude(content_type__in=known).select_related("user", "content_type")
    by = {"time": "action_time", "actor": "user__username", "action_flag": FLAGS.get(chosen.kind)}
    return _read(_narrowed(rows, chosen, **by), by["time"], _log_entry)


def _log_entry(row: LogEntry) -> Entry:
    return Entry(
        at=row.action_time,
        actor=row.user.get_username(),
        kind=next(kind for kind, flag in FLAGS.items() if flag == row.action_flag),
        subject=f"{row.content_type.name if row.content_type else ''} {row.object_repr}".strip(),
        detail=row.get_change_message(),
    )


def _messages(chosen: Selection) -> Iterator[Entry]:
    rows = _narrowed(MessageEvent.objects.exclude(actor=""), chosen, time="at", actor="actor")
    return _read(
        rows, "at", lambda row: Entry(row.at, row.actor, "message", f"message {row.message_id}", row.reason, row.kind)
    )


def _records(chosen: Selection) -> Iterator[Entry]:
    def entry(row: AccessRecord) -> Entry:
        return Entry(row.created_at, row.actor, row.kind, row.subject, row.reason, row.detail)

    return _recorded(AccessRecord, chosen, entry)


def _personal_data(chosen: Selection) -> Iterator[Entry]:
    def entry(row: PersonalDataRecord) -> Entry:
        return Entry(row.created_at, row.actor, row.kind, f"number {row.digest[:8]}", row.reason)

    return _recorded(PersonalDataRecord, chosen, entry)


def _recorded(model: type[Any], chosen: Selection, entry: Callable[[Any], Entry]) -> Iterator[Entry]:
    rows = _narrowed(model.objects.all(), chosen, time="created_at", actor="actor", kind=chosen.kind)
    return _read(rows, "created_at", entry)


SOURCES = {
    _changes: SIGNS,
    _other_changes: FLAGS,
    _messages: ("message",),
    _records: AccessRecord.Kind.values,
    _personal_data: PersonalDataRecord.Kind.values,
}
"""Each source with the kinds of its entries."""
