"""From a finished text to the template that gives it: the whole text, or nothing.

Compared are text and template after NFC, with line ends as LF and outer white space cut;
nothing else is smoothed. Each literal of a template is brought to NFC by itself, and
values are cut from the NFC text. So a letter of the text is never torn: where a value's
last letter and a combining mark at a literal's start have become one letter, the template
does not match.

The index finds the templates whose first and last literal fit by bisection, and among many
with the same two by pieces of the literals between. What is left is tried from the most
literal characters down, and the search ends with the first that fits and its equals.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

from sms.domain.splitting import ANY, Form, Subject, split
from sms.domain.templates import Body, Placeholder

Key = TypeVar("Key", bound=Hashable)
Payload = TypeVar("Payload")

NFC, LINE_ENDS, OUTER_SPACE = "nfc", "line_ends", "outer_space"


@dataclass(frozen=True, slots=True)
class Matched(Generic[Key]):
    """The one best template. `smoothing`: what had to be smoothed on text or template, of nfc, line_ends, outer_space.

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
    """Templates, ready to be matched. Building it takes time with their number, a match hardly does."""

    def __init__(self, templates: Iterable[tuple[Key, Body]]) -> None:
        self.bodies: dict[Key, Body] = dict(templates)
        entries = _entries(self.bodies)
        self._whole = {entry.form.literals[0]: entry for entry in entries if not entry.form.slots}
        self._shelves = _shelves([entry for entry in entries if entry.form.slots])

    def match(self, text: str) -> Matched[Key] | Ambiguous[Key] | None:
        """The best template that gives the whole text; several if they are equally good; None if none does."""
        compared, smoothed = smooth(text)
        whole = self._whole.get(compared)
        if whole is not None:  # nothing has more literal characters than the text itself
            return self._answer(text, smoothed, [(whole, [])])
        return self._answer(text, smoothed, self._best(compared))

    def _best(self, compared: str) -> list[tuple[_Entry[Key], list[str]]]:
        subject = Subject(compared)
        best: list[tuple[_Entry[Key], list[str]]] = []
        for entry in self._candidates(compared):
            if best and entry.rank != best[0][0].rank:
                break
            values = split(entry.form, subject)
            if values is not None and rendered(entry.form, values) == compared:
                best.append((entry, values))
        return best

    def _candidates(self, compared: str) -> list[_Entry[Key]]:
        """Entries whose outer literals fit, best first."""
        found: list[_Entry[Key]] = []
        pieces = _Pieces(compared)
        backwards = compared[::-1]
        for by_end in self._shelves.that_begin(compared):
            for shelf in by_end.that_begin(backwards):
                found += shelf.candidates(pieces)
        found.sort(key=_rank)
        return found

    def _answer(
        self, text: str, smoothed: tuple[str, ...], best: list[tuple[_Entry[Key], list[str]]]
    ) -> Matched[Key] | Ambiguous[Key] | None:
        if not best:
            return None
        entry, values = best[0]
        if len(best) > 1 or len(entry.keys) > 1:
            return Ambiguous(tuple(key for entry, _ in best for key in entry.keys))
        key = entry.keys[0]
        body = self.bodies[key]
        named = dict(zip(body.names, values, strict=True))
        if smoothed or entry.smoothed:
            needed = () if body.render(named) == text else _in_order({*smoothed, *entry.smoothed})
            return Matched(key, named, needed)
        return Matched(key, named)


def smooth(text: str) -> tuple[str, tuple[str, ...]]:
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


def rendered(form: Form, values: list[str]) -> str:
    """The text that the form gives with these values."""
    return form.literals[0] + "".join([v + x for v, x in zip(values, form.literals[1:], strict=True)])


def _in_order(names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in (NFC, LINE_ENDS, OUTER_SPACE) if name in names)


def form_of(body: Body) -> tuple[Form, tuple[str, ...]]:
    """A template as it is compared, and what smoothing changed in it."""
    literals = [""]
    slots = []
    for part in body.parts:
        if isinstance(part, Placeholder):
            slots.append((part.kind, part.max_length))
            literals.append("")
        else:
            literals[-1] = part
    last = len(literals) - 1
    smoothed = [_smooth_literal(x, is_first=at == 0, is_last=at == last) for at, x in enumerate(literals)]
    compared = tuple(literal for literal, _ in smoothed)
    return Form(compared, tuple(slots)), _in_order({name for _, names in smoothed for name in names})


def _smooth_literal(literal: str, *, is_first: bool, is_last: bool) -> tuple[str, tuple[str, ...]]:
    """As `smooth`, but only the white space at the template's own ends is outer."""
    composed = _composed(literal)
    lines = _with_lf(composed)
    compared = lines.lstrip() if is_first else lines
    compared = compared.rstrip() if is_last else compared
    return compared, () if compared == literal else _changed(literal, composed, lines, compared)


class _Entry(Generic[Key]):
    """A form with the keys of the templates that have it. `rank`: 0 is the best; equals tie."""

    __slots__ = ("form", "keys", "rank", "smoothed")

    def __init__(self, form: Form, smoothed: tuple[str, ...]) -> None:
        self.form = form
        self.smoothed = smoothed
        self.keys: list[Key] = []
        self.rank = 0

    @property
    def worth(self) -> tuple[int, int]:
        literal = sum(map(len, self.form.literals))
        return -literal, -sum(kind is not ANY for kind, _ in self.form.slots)


_rank = attrgetter("rank")


def _entries(bodies: dict[Key, Body]) -> list[_Entry[Key]]:
    """One entry per form, the best first. Templates of one form always tie."""
    found: dict[Form, _Entry[Key]] = {}
    for key, body in bodies.items():
        form, smoothed = form_of(body)
        if form not in found:
            found[form] = _Entry(form, smoothed)
        found[form].keys.append(key)
    worths = sorted({entry.worth for entry in found.values()})
    ranks = {worth: rank for rank, worth in enumerate(worths)}
    for entry in found.values():
        entry.rank = ranks[entry.worth]
    return sorted(found.values(), key=_rank)


class _Beginnings(Generic[Payload]):
    """Finds those of many strings that a text begins with.

    All strings that begin a text also begin every string that sorts between them and the
    text. So the text's neighbour in sorted order leads to all of them, from the longest
    to the shortest, each known as the longest other one that begins its successor.
    """

    __slots__ = ("_begins", "_payloads", "_strings")

    def __init__(self, payloads: dict[str, Payload]) -> None:
        self._strings = sorted(payloads)
        self._payloads = [payloads[string] for string in self._strings]
        self._begins: list[int] = []
        for number, string in enumerate(self._strings):
            before = number - 1
            while before >= 0 and not string.startswith(self._strings[before]):
                before = self._begins[before]
            self._begins.append(before)

    def that_begin(self, text: str) -> Iterator[Payload]:
        at = bisect_right(self._strings, text) - 1
        while at >= 0:
            if text.startswith(self._strings[at]):
                yield self._payloads[at]
            at = self._begins[at]


def _shelves(entries: list[_Entry[Key]]) -> _Beginnings[_Beginnings[_Shelf[Key]]]:
    sorted_out: dict[str, dict[str, list[_Entry[Key]]]] = {}
    for entry in entries:
        first, last = entry.form.literals[0], entry.form.literals[-1]
        sorted_out.setdefault(first, {}).setdefault(last[::-1], []).append(entry)
    return _Beginnings(
        {
            first: _Beginnings({last: _Shelf(entries) for last, entries in by_end.items()})
            for first, by_end in sorted_out.items()
        }
    )


_LONG, _SHORT = 8, 3
_FEW = 8
_MOST_PIECES = 32


class _Shelf(Generic[Key]):
    """Entries with the same first and last literal.

    Each of many entries stands under one piece of a literal between: the one that the
    fewest of them have. Those whose literals between are shorter than a piece are always
    candidates.
    """

    __slots__ = ("_always", "_by_piece")

    def __init__(self, entries: list[_Entry[Key]]) -> None:
        self._always: list[_Entry[Key]] = []
        self._by_piece: dict[int, dict[str, list[_Entry[Key]]]] = {}
        if len(entries) <= _FEW:
            self._always = entries
            return
        pieces = [_pieces_of(entry.form) for entry in entries]
        common = Counter(piece for found in pieces for piece in found)
        for entry, found in zip(entries, pieces, strict=True):
            if not found:
                self._always.append(entry)
                continue
            rarest = min(found, key=common.__getitem__)
            self._by_piece.setdefault(len(rarest), {}).setdefault(rarest, []).append(entry)

    def candidates(self, pieces: _Pieces) -> list[_Entry[Key]]:
        if not self._by_piece:
            return self._always
        found = list(self._always)
        for length, by_piece in self._by_piece.items():
            for piece in by_piece.keys() & pieces.of(length):
                found += by_piece[piece]
        return found


def _pieces_of(form: Form) -> set[str]:
    """Pieces of the literals between: of eight characters if one is so long, else of three."""
    between = form.literals[1:-1]
    length = _LONG if any(len(literal) >= _LONG for literal in between) else _SHORT
    found: set[str] = set()
    for literal in between:
        ends = max(len(literal) - length + 1, 0)
        found.update(literal[at : at + length] for at in range(0, ends, 1 + ends // _MOST_PIECES))
    return found


class _Pieces:
    """The pieces of a text, worked out when first asked for."""

    __slots__ = ("_found", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[int, set[str]] = {}

    def of(self, length: int) -> set[str]:
        if length not in self._found:
            text = self._text
            self._found[length] = {text[at : at + length] for at in range(len(text) - length + 1)}
        return self._found[length]
