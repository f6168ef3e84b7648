"""The history of a row's inline rows: the providers of a route, the approvals of a sender name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.text import capfirst

MOST = 100
"""The newest records of a kind of inline row that are shown."""


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    old: Any
    new: Any


def inline_histories(parent: type[Model], object_id: object, inlines: Any) -> Iterator[tuple[str, list[Any]]]:
    """The title and the newest records of each kind of inline row with a history, with the values that changed."""
    for inline in inlines:
        if not hasattr(inline.model, "history"):
            continue
        fields = inline.model._meta.fields
        link = next(field for field in fields if field.related_model is parent)
        found = inline.model.history.filter(**{link.attname: object_id}).select_related("history_user")
        records = list(found.order_by("-history_date", "-history_id")[:MOST])
        _add_changes([field for field in fields if field.name in inline.fields], records)
        yield str(inline.model._meta.verbose_name_plural), records


def _add_changes(fields: list[Any], records: list[Any]) -> None:
    words = {field: _words(field, records) for field in fields}
    before: dict[Any, Any] = {}
    for record in reversed(records):
        is_deleted = record.history_type == "-"
        old = _values(words, record if is_deleted else before.get(record.id))
        new = _values(words, None if is_deleted else record)
        before[record.id] = record
        record.history_delta_changes = [
            Change(capfirst(field.verbose_name), old.get(field), new.get(field))
            for field in fields
            if old.get(field) != new.get(field)
        ]


def _words(field: Any, records: list[Any]) -> dict[Any, Any]:
    """What is shown for the values of a field: the name of the other row, where it still exists, or the choice."""
    if field.is_relation:
        return field.related_model._base_manager.in_bulk({getattr(record, field.attname) for record in records})
    return dict(field.flatchoices)


def _values(words: dict[Any, dict[Any, Any]], record: Any) -> dict[Any, str]:
    """None without a record."""
    if record is None:
        return {}
    stored = {field: getattr(record, field.attname) for field in words}
    return {field: str(words[field].get(value, value)) for field, value in stored.items()}
