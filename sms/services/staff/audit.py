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
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from simple_history.manager import HistoryDescriptor

from sms.domain.phone import masked
from sms.models import AccessRecord, MessageEvent

PAGE_SIZE = 50
CHANGES = {"+": "created", "~": "changed", "-": "deleted"}
FLAGS = {ADDITION: "created", DELETION: "deleted"}
KINDS = (*CHANGES.values(), "message", *AccessRecord.Kind.values)
LABELS = ("slug", "name", "username", "prefix", "country", "value", "id")


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    actor: str
    kind: str
    subject: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """`before` and `since` bound the time: entries before the one, and at or after the other."""

    actor: str = ""
    kind: str = ""
    since: datetime | None = None
    before: datetime | None = None


def read(chosen: Selection) -> tuple[list[Entry], datetime | None]:
    """A page of entries, newest first, and the time before which the next page begins; None on the last page."""
    found = list(islice(entries(chosen), PAGE_SIZE + 1))
    page = found[:PAGE_SIZE]
    return page, page[-1].at if len(found) > PAGE_SIZE else None


def entries(chosen: Selection) -> Iterator[Entry]:
    """All entries of the selection. Several of one moment are never divided by a page: they are few."""
    sources = [source(chosen) for source in (_changes, _other_changes, _messages, _records)]
    wanted = merge(*sources, key=lambda entry: entry.at, reverse=True)
    return (entry for entry in wanted if not chosen.kind or entry.kind == chosen.kind)


def _narrowed(rows: QuerySet, chosen: Selection, *, time: str, actor: str) -> QuerySet:
    bounds = {f"{time}__lt": chosen.before, f"{time}__gte": chosen.since, actor: chosen.actor}
    return rows.filter(**{name: value for name, value in bounds.items() if value}).order_by(f"-{time}")


def _read(rows: QuerySet, entry: Callable[[Any], Entry]) -> Iterator[Entry]:
    """In pages, so that a page of the admin reads few rows of each source."""
    at = 0
    while page := list(rows[at : at + PAGE_SIZE + 1]):
        yield from map(entry, page)
        at += len(page)


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
        narrowed = _narrowed(rows, chosen, time="history_date", actor="history_user__username")
        sources.append(_read(narrowed, _change))
    return merge(*sources, key=lambda entry: entry.at, reverse=True)


def _change(row: Any) -> Entry:
    label = next(getattr(row, name) for name in LABELS if getattr(row, name, ""))
    name = masked(row.phone) if hasattr(row, "phone") else str(label)
    return Entry(
        at=row.history_date,
        actor=row.history_user.get_username(),
        kind=CHANGES[row.history_type],
        subject=f"{row.instance_type._meta.verbose_name} {name}",
        reason=row.history_change_reason or "",
    )


def _other_changes(chosen: Selection) -> Iterator[Entry]:
    """Of the models without a history, such as staff and roles, from the admin's log."""
    known = ContentType.objects.get_for_models(*_tracked()).values()
    rows = LogEntry.objects.exclude(content_type__in=known).select_related("user", "content_type")
    return _read(_narrowed(rows, chosen, time="action_time", actor="user__username"), _log_entry)


def _log_entry(row: LogEntry) -> Entry:
    return Entry(
        at=row.action_time,
        actor=row.user.get_username(),
        kind=FLAGS.get(row.action_flag, "changed"),
        subject=f"{row.content_type.name if row.content_type else ''} {row.object_repr}".strip(),
        detail=row.get_change_message(),
    )


def _messages(chosen: Selection) -> Iterator[Entry]:
    rows = _narrowed(MessageEvent.objects.exclude(actor=""), chosen, time="at", actor="actor")
    return _read(
        rows, lambda row: Entry(row.at, row.actor, "message", f"message {row.message_id}", row.reason, row.kind)
    )


def _records(chosen: Selection) -> Iterator[Entry]:
    rows = _narrowed(AccessRecord.objects.all(), chosen, time="created_at", actor="actor")
    return _read(rows, lambda row: Entry(row.created_at, row.actor, row.kind, row.subject, row.reason, row.detail))
