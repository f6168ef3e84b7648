"""Finds the template that gives a text. A template must match the whole text.

Before the comparison, text and template are converted to NFC with LF line ends, and outer white space is removed. Each
literal is converted by itself, and values are cut from the converted text. So a letter is never separated from its
combining marks: if a value's last letter and a mark at a literal's start became one, the template does not match.

Candidates (candidates.py) with more literal characters are tried first. The search ends with the first that matches
and those that are equally good. Many candidates are compared together.
"""

from __future__ import annotations

import gc
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Generic, TypeVar

from sms.domain.matching.candidates import Entry, PrefixSuffixIndex, TextTokens, indexed
from sms.domain.matching.splitting import Form, Subject, slot_of, split
from sms.domain.matching.templates import Body, Placeholder

Key = TypeVar("Key", bound=Hashable)
by_rank = attrgetter("rank")

MANY = 16  # so many candidates are compared together

NFC, LINE_ENDS, OUTER_SPACE = "nfc", "line_ends", "outer_space"


@dataclass(frozen=True, slots=True)
class Matched(Generic[Key]):
    """The one best template. `smoothing`: what was normalised in text or template, of nfc, line_ends, outer_space.

    It is empty where the template gives the text exactly as it came.
    """

    key: Key
    values: dict[str, str]
    smoothing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ambiguous(Generic[Key]):
    """Several templates give the text equally well: as many literal characters, as many placeholders with a kind."""

    keys: tuple[Key, ...]


class Index(Generic[Key]):
    """Templates prepared for matching. Their number determines the time to build it, and hardly that of a match."""

    def __init__(self, templates: Iterable[tuple[Key, Body]]) -> None:
        self.bodies: dict[Key, Body] = dict(templates)
        with _no_garbage():
            self._names: dict[Key, tuple[str, ...]] = {}
            self._entries = _entries(self.bodies)
            self._whole = {entry.form.literals[0]: entry for entry in self._entries if not entry.form.slots}
            with_slots = [entry for entry in self._entries if entry.form.slots]
            self._prefix_suffix = PrefixSuffixIndex(with_slots)
            self._tokens = indexed(with_slots)

    def match(self, text: str) -> Matched[Key] | Ambiguous[Key] | None:
        """The best template that gives the whole text; several if they are equally good; None if none does."""
        compared, changes = normalise(text)
        whole = self._whole.get(compared)
        if whole is not None:  # a template without placeholders: no other has as many literal characters
            return self._answer(text, changes, [(whole, [])])
        return self._answer(text, changes, self._best(compared))

    def forms(self) -> Iterator[tuple[Key, Form]]:
        """Each template as it is compared."""
        return ((key, entry.form) for entry in self._entries for key in entry.keys)

    def _best(self, compared: str) -> list[tuple[Entry[Key], list[str]]]:
        subject = Subject(compared)
        candidates: list[Entry[Key]] = []
        self._tokens.add_candidates(TextTokens(compared), candidates)
        if len(candidates) > MANY:
            candidates = self._prefix_suffix.fitting(candidates, subject)
            rank = min((entry.rank for entry in candidates), default=0)
            candidates = [entry for entry in candidates if entry.rank == rank]
            if len(candidates) > 1:
                return [(entry, []) for entry in candidates]
        elif len(candidates) > 1:
            candidates.sort(key=by_rank)
        best: list[tuple[Entry[Key], list[str]]] = []
        for entry in candidates:
            if best and entry.rank != best[0][0].rank:
                break
            values = split(entry.form, subject)
            if values is not None and entry.form.text_of(values) == compared:
                best.append((entry, values))
        return best

    def _answer(
        self, text: str, changes: tuple[str, ...], best: list[tuple[Entry[Key], list[str]]]
    ) -> Matched[Key] | Ambiguous[Key] | None:
        if not best:
            return None
        entry, values = best[0]
        if len(best) > 1 or len(entry.keys) > 1:
            return Ambiguous(tuple(key for entry, _ in best for key in entry.keys))
        key = entry.keys[0]
        body = self.bodies[key]
        named = dict(zip(self._names_of(key), values, strict=True))
        if changes or entry.normalised:
            needed = () if body.render(named) == text else _in_order({*changes, *entry.normalised})
            return Matched(key, named, needed)
        return Matched(key, named)

    def _names_of(self, key: Key) -> tuple[str, ...]:
        """The names, cached from the template's first match on, because reading them takes a tenth of a match."""
        if key not in self._names:
            self._names[key] = self.bodies[key].names
        return self._names[key]


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Turn off garbage collection while an index is built: there is no garbage, and it took most of the time.

    Afterwards the new objects are moved to the oldest generation, so that the next collection does not visit them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if was_on:
            gc.enable()


def normalise(text: str) -> tuple[str, tuple[str, ...]]:
    """The text as it is compared, and what that changed."""
    composed = _composed(text)
    lines = _with_lf(composed)
    compared = lines.strip()
    return compared, () if compared == text else _changed(text, composed, lines, compared)


def _composed(text: str) -> str:
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _changed(text: str, composed: str, lines: str, compared: str) -> tuple[str, ...]:
    steps = ((NFC, text, composed), (LINE_ENDS, composed, lines), (OUTER_SPACE, lines, compared))
    return tuple(name for name, before, after in steps if before != after)


def _in_order(names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in (NFC, LINE_ENDS, OUTER_SPACE) if name in names)


def form_of(body: Body) -> tuple[Form, tuple[str, ...]]:
    """A template as it is compared, and what normalising changed in it."""
    literals = [""]
    slots = []
    for part in body.parts:
        if isinstance(part, Placeholder):
            slots.append(slot_of(part))
            literals.append("")
        else:
            literals[-1] = part
    compared = [_normalised_literal(literal) for literal in literals]
    compared[0] = compared[0].lstrip()
    compared[-1] = compared[-1].rstrip()
    changes = () if compared == literals else _normalised_steps(literals, compared)
    return Form(tuple(compared), tuple(slots)), changes


@lru_cache(maxsize=4096)  # templates have many literals in common
def _normalised_literal(literal: str) -> str:
    return _with_lf(_composed(literal))


def _normalised_steps(literals: Sequence[str], compared: Sequence[str]) -> tuple[str, ...]:
    """The names of the steps that changed a template. Only white space at the ends of the template is outer."""
    names: set[str] = set()
    for literal, result in zip(literals, compared, strict=True):
        composed = _composed(literal)
        names.update(_changed(literal, composed, _with_lf(composed), result))
    return _in_order(names)


def _entries(bodies: dict[Key, Body]) -> list[Entry[Key]]:
    """One entry per form, the best first. Templates of one form always tie."""
    found: dict[Form, Entry[Key]] = {}
    for key, body in bodies.items():
        form, changes = form_of(body)
        found.setdefault(form, Entry(form, changes)).keys.append(key)
    ranks = {worth: rank for rank, worth in enumerate(sorted({entry.specificity for entry in found.values()}))}
    for entry in found.values():
        entry.rank = ranks[entry.specificity]
    return sorted(found.values(), key=by_rank)
