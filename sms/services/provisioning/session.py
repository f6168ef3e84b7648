"""What all sections share: saving a row if something changed, finding what a key names, and the list of changes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from sms.models import TemplateApproval

from .reader import Entry, Mistake

REASON = "Provisioning file."
"""What a row's history says of a change made here."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one thing; `fields` are its changed fields in words, empty where it is new."""

    thing: str
    fields: tuple[str, ...] = ()
    verb: str = "changed"

    def __str__(self) -> str:
        return f"{self.verb} {self.thing}" + (f": {', '.join(self.fields)}" if self.fields else "")


@dataclass
class Desk:
    """One reading of one file."""

    mistakes: list[Mistake] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    """Generated ones by username: shown once, never stored."""
    notes: list[str] = field(default_factory=list)
    """What is no mistake, but worth knowing."""
    approvals: list[TemplateApproval] = field(default_factory=list)
    """Of templates, as the file leaves them."""
    declared: dict[tuple[str, Hashable], str] = field(default_factory=dict)

    def declare(self, entry: Entry, key: str, noun: str, identity: Hashable) -> None:
        """Note that the file declares this thing; a second time is a mistake."""
        first = self.declared.setdefault((noun, identity), entry.path)
        if first != entry.path:
            entry.mistake(key, f"{first} declares this {noun} already")

    def find(self, entry: Entry, key: str, model: type[models.Model], noun: str, **lookup: str) -> Any:
        """The row that a key names, from this file or from the database; None with a mistake if there is none."""
        row = model._default_manager.filter(**lookup).first()
        (name,) = lookup.values()
        # One that this file declares but that could not be saved has its own mistakes noted already.
        if row is None and (noun, name) not in self.declared:
            entry.mistake(key, f"there is no {noun} {name!r}, neither in this file nor in the database")
        return row

    def save(self, entry: Entry, thing: str, row: models.Model, values: Mapping[str, Any]) -> bool:
        """Give the row those values that are not None, and save it if that changed it. False if it can't be saved."""
        fields = _assign(row, values)
        is_new = row._state.adding
        if not fields and not is_new:
            return entry.is_sound
        _validate(entry, row)
        if not entry.is_sound:
            return False
        row._change_reason = REASON  # simple_history reads it
        row.save()
        self.changes.append(Change(thing, verb="created") if is_new else Change(thing, tuple(fields)))
        return True

    def note(self, thing: str, field: str) -> None:
        """Note a change beside the row's own columns; of a new thing it goes without saying."""
        if Change(thing, verb="created") not in self.changes:
            self.changes.append(Change(thing, (field,)))

    def remove(self, thing: str, row: models.Model) -> None:
        row._change_reason = REASON
        row.delete()
        self.changes.append(Change(thing, verb="removed"))


_SHOWN = (bool, int)
_SHOWN_CHARACTERS = 60
_NAME_ALONE = {"credentials": "credentials", "secret_digest": "password", "url": "url", "partner_id": "partner"}
"""Fields whose values are secret, or mean nothing to a reader."""


def _assign(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Set what differs; returns each changed field in words."""
    changed = []
    for name, new in values.items():
        old = getattr(row, name)
        if new is None or new == old:
            continue
        setattr(row, name, new)
        changed.append(_in_words(name, old, new))
    return changed


def _in_words(name: str, old: Any, new: Any) -> str:
    if name in _NAME_ALONE:
        return _NAME_ALONE[name]
    pair = f"{name} {old} -> {new}"
    is_short = all(v is None or isinstance(v, (str, *_SHOWN)) for v in (old, new)) and len(pair) <= _SHOWN_CHARACTERS
    return pair if is_short and pair.isprintable() else name


_WORDS = {
    "max_value": "{show_value} is too much; the most is {limit_value}",
    "min_value": "{show_value} is too little; the least is {limit_value}",
    "max_length": "has {show_value} characters; the most is {limit_value}",
}


KEYS = {"__all__": "", "valid_from": "from", "valid_until": "until"}
"""The file's key for a model's field, where the two differ."""


def _validate(entry: Entry, row: models.Model) -> None:
    """The model's own rules: they are the same for the admin."""
    try:
        row.full_clean()
    except ValidationError as error:
        for name, problems in error.error_dict.items():
            for problem in problems:
                _note(entry, KEYS.get(name, name), problem)


def _note(entry: Entry, key: str, problem: ValidationError) -> None:
    if entry.is_sound_at(key):  # a missing or mistyped value has its line already
        words = _WORDS.get(problem.code or "")
        entry.mistake(key, words.format(**problem.params) if words else "; ".join(problem.messages))
