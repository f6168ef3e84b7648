"""Functions for all sections: save changed rows, find the row that a key names, and collect the changes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from sms.models import TemplateApproval

from .location import Location, ValidationIssue
from .schema import Table

REASON = "Provisioning file."
"""The reason that a row's history shows for changes made here."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one row. `fields` describes its changed fields; it is empty for a new row."""

    thing: str
    fields: tuple[str, ...] = ()
    verb: str = "changed"

    def __str__(self) -> str:
        return f"{self.verb} {self.thing}" + (f": {', '.join(self.fields)}" if self.fields else "")


@dataclass
class Session:
    """One run over one file."""

    issues: list[ValidationIssue] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    """Generated ones by username: shown once, never stored."""
    notes: list[str] = field(default_factory=list)
    """Warnings: valid declarations that staff should check."""
    approvals: list[TemplateApproval] = field(default_factory=list)
    """The approvals of templates after the file is applied."""
    declared: dict[tuple[str, Hashable], str] = field(default_factory=dict)
    set_aside: dict[str, tuple[int, Location]] = field(default_factory=dict)
    """Rented numbers whose operation another one was given at this place, with that operation."""

    def declare(self, at: Location, key: str, noun: str, identity: Hashable) -> None:
        """Record that the file declares this row. A second declaration is an issue."""
        first = self.declared.setdefault((noun, identity), at.path)
        if first != at.path:
            at.report(key, f"{first} declares this {noun} already")

    def find(self, at: Location, key: str, model: type[models.Model], noun: str, **lookup: str) -> Any:
        """The row that a key names, from this file or from the database; None, and an issue, if there is none."""
        row = model._default_manager.filter(**lookup).first()
        (name,) = lookup.values()
        # A row that this file declares but that could not be saved already has its own issues.
        if row is None and (noun, name) not in self.declared:
            at.report(key, f"there is no {noun} {name!r}, neither in this file nor in the database")
        return row

    def find_all(
        self, at: Location, key: str, model: type[models.Model], noun: str, field: str, names: Sequence[str]
    ) -> list[Any]:
        """The rows for a list of unique names. A name without a row is an issue."""
        for place, name in enumerate(names):
            if name in names[:place]:
                at.report(f"{key}[{place}]", f"{name!r} occurs twice in the list")
        found = [self.find(at, f"{key}[{place}]", model, noun, **{field: name}) for place, name in enumerate(names)]
        return [row for row in found if row is not None]

    def require(self, at: Location, row: models.Model, table: Table, *keys: str) -> None:
        """These keys can't be left out when the row is new."""
        for key in keys:
            if row._state.adding and key not in table.model_fields_set and at.is_valid(key):
                at.report(key, "is missing")

    def save(
        self, at: Location, thing: str, row: models.Model, values: Mapping[str, Any], *, must_save: bool = False
    ) -> bool:
        """Set the values that are not None, and save the row if it changed. Returns False if it can't be saved."""
        fields = _assign(row, values)
        is_new = row._state.adding
        if not (fields or is_new or must_save):
            return at.is_valid()
        validate(at, row)
        if not at.is_valid():
            return False
        row._change_reason = REASON  # simple_history reads it
        row.save()
        self.changes.append(Change(thing, verb="created") if is_new else Change(thing, tuple(fields)))
        return True

    def note(self, thing: str, field: str) -> None:
        """Record a change outside the row's own columns. For a new row nothing is recorded."""
        if Change(thing, verb="created") not in self.changes:
            self.changes.append(Change(thing, (field,)))

    def remove(self, thing: str, row: models.Model) -> None:
        row._change_reason = REASON
        row.delete()
        self.changes.append(Change(thing, verb="removed"))


_SHOWN = (bool, int, float)
_SHOWN_CHARACTERS = 60
_NAME_ALONE = {
    "credentials": "credentials",
    "credentials_origin": "credentials",
    "secret_digest": "password",
    "url": "url",
    "partner_id": "partner",
}
"""Fields whose values are not shown, because they are secret or meaningless to readers."""


def _assign(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Set the values that differ. Returns a description of each changed field."""
    changed = []
    for name, new in values.items():
        old = getattr(row, name)
        if new is None or new == old:
            continue
        setattr(row, name, new)
        changed.append(_in_words(name, old, new))
    return list(dict.fromkeys(changed))


def _in_words(name: str, old: Any, new: Any) -> str:
    if name in _NAME_ALONE:
        return _NAME_ALONE[name]
    pair = f"{name} {old} -> {new}"
    is_short = all(v is None or isinstance(v, (str, *_SHOWN)) for v in (old, new)) and len(pair) <= _SHOWN_CHARACTERS
    return pair if is_short and pair.isprintable() else name


_WORDS = {
    "max_value": "{show_value} is too large; the maximum is {limit_value}",
    "min_value": "{show_value} is too small; the minimum is {limit_value}",
    "max_length": "has {show_value} characters; the maximum is {limit_value}",
}


KEYS = {"__all__": "", "valid_from": "from", "valid_until": "until"}
"""The file's key for a model's field, if the names differ."""


def validate(at: Location, row: models.Model) -> None:
    """The model's validation, which the admin uses too."""
    try:
        row.full_clean()
    except ValidationError as error:
        for name, problems in error.error_dict.items():
            for problem in problems:
                _note(at, KEYS.get(name, name), problem)


def _note(at: Location, key: str, problem: ValidationError) -> None:
    if at.is_valid(key):  # a missing or mistyped value is already reported
        words = _WORDS.get(problem.code or "")
        at.report(key, words.format(**problem.params) if words else "; ".join(problem.messages))
