"""Splits a text by one template: finds the value of each placeholder.

Two ways, one answer. The first takes each literal where it first occurs. That is right
whenever it succeeds, and for most templates its failure is final too. Where it isn't
("{name} {code}" with digits for the code: the first blank may not be the right one),
the second way works on sets of positions held as the bits of one integer each, from the
text's end to its start. Its cost is a few additions and shifts of such integers per
placeholder and one per character of literal, whatever the text holds: nothing is tried and
taken back.

Position p of a text of N characters (0 is before the first, N behind the last) is bit
N - p, and the character between p and p + 1 is bit N - p - 1. So adding carries towards
the text's start, and a run of fitting characters is crossed by one addition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sms.domain.matching.kinds import (
    ANY,
    CODE,
    LINE_BREAK,
    LINK,
    LINK_START,
    NAME,
    PREFIX_CLOSED,
    RUNS,
    ForbiddenPart,
    PlaceholderKind,
    accepts_kind,
    beginnings,
    ends_of_values,
    forbidden_parts,
    not_fitting,
)
from sms.domain.matching.placeholders import Placeholder

_FEW = 4  # occurrences of a literal that are found faster one by one


class Slot(NamedTuple):
    """A placeholder without its name; `shortest` and `longest` hold the bounds of its kind as well."""

    kind: PlaceholderKind
    shortest: int = 1
    longest: int | None = None
    hosts: tuple[str, ...] = ()


FREE = Slot(ANY)


def slot_of(placeholder: Placeholder) -> Slot:
    return _slot(placeholder.kind, placeholder.max_length, placeholder.min_length, placeholder.hosts)


@lru_cache  # templates have many slots in common
def _slot(kind: PlaceholderKind, longest: int | None, shortest: int | None, hosts: tuple[str, ...]) -> Slot:
    placeholder = Placeholder("", kind, longest, shortest, hosts)
    return Slot(kind, placeholder.shortest, placeholder.longest, hosts)


@dataclass(frozen=True)
class Form:
    """A template as it is compared: literal, slot, literal, slot, …, literal. The outer literals may be empty."""

    literals: tuple[str, ...]
    slots: tuple[Slot, ...]

    @cached_property
    def choices(self) -> tuple[tuple[int, str], ...]:
        """The literals, by number, where the first occurrence may be the wrong one.

        A later one can only help a following slot that is choosy: one that takes anything
        up to the line's end takes what lies between two occurrences as well.
        """
        inner = zip(self.slots, self.literals[1:], self.slots[1:], strict=False)
        return tuple(
            (number, literal)
            for number, (slot, literal, following) in enumerate(inner, start=1)
            if following != FREE and not _ends_of_itself(slot, literal)
        )

    def text_of(self, values: Sequence[str]) -> str:
        """What the form gives with these values."""
        parts = [""] * (2 * len(values) + 1)
        parts[::2] = self.literals
        parts[1::2] = values
        return "".join(parts)


def _ends_of_itself(slot: Slot, literal: str) -> bool:
    """Whether only one end is possible: the literal begins with what the slot can't take, or holds a line break."""
    if LINE_BREAK.search(literal):
        return True
    first = literal[0]
    if slot.kind in RUNS:
        return not_fitting(slot.kind).match(first) is not None
    return first.isspace() if slot.kind is LINK else slot.kind is CODE and not (first.isascii() and first.isalnum())


class Subject:
    """A text that is being compared, with what several templates ask of it, worked out once and when first asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text)
        self.has_breaks = not text.isprintable() and LINE_BREAK.search(text) is not None
        self._characters: dict[str, int] = {}
        self._occurrences: dict[str, int] = {}
        self._classes: dict[PlaceholderKind, int] = {}
        self._windows: dict[PlaceholderKind, list[Window]] = {}
        self._beginnings: dict[PlaceholderKind, list[int]] = {}
        self._ends: dict[tuple[PlaceholderKind, tuple[str, ...], int], int] = {}

    def fitting(self, kind: PlaceholderKind) -> int:
        """The characters that may stand inside a value of this kind, one of RUNS."""
        if kind not in self._classes:
            bits, done = ["0"], 0
            for others in not_fitting(kind).finditer(self.text):
                bits += "1" * (others.start() - done), "0" * len(others[0])
                done = others.end()
            self._classes[kind] = int("".join([*bits, "1" * (self.size - done)]), 2)
        return self._classes[kind]

    def occurrences(self, literal: str) -> int:
        """The positions where the literal begins, overlapping ones too."""
        if literal not in self._occurrences:
            self._occurrences[literal] = self._find(literal)
        return self._occurrences[literal]

    def _find(self, literal: str) -> int:
        """A few one by one; many all at once, character by character of the literal."""
        found, at = 0, self.text.find(literal)
        for _ in range(_FEW):
            if at < 0:
                return found
            found |= 1 << self.size - at
            at = self.text.find(literal, at + 1)
        found = (1 << self.size + 1) - 1
        for offset, character in enumerate(literal, start=1):
            found &= self._places(character) << offset
        return found

    def _places(self, character: str) -> int:
        if character not in self._characters:
            pieces = self.text.split(character)
            self._characters[character] = int("0" + "1".join(["0" * len(piece) for piece in pieces]), 2)
        return self._characters[character]

    @cached_property
    def white(self) -> int:
        """The characters that are white space."""
        return int("0" + "".join(["01"[character.isspace()] for character in self.text]), 2)

    def windows(self, kind: PlaceholderKind) -> list[Window]:
        """Where a value would hold a forbidden part, and no more; from the text's end to its start."""
        if kind not in self._windows:
            self._windows[kind] = _windows(forbidden_parts(kind, self.text), self.size)
        return self._windows[kind]

    def beginnings(self, kind: PlaceholderKind) -> list[int]:
        """Where values of a kind with a form may begin."""
        if kind not in self._beginnings:
            self._beginnings[kind] = beginnings(kind, self.text)
        return self._beginnings[kind]

    def ends(self, slot: Slot, start: int) -> int:
        """The positions where a value of this slot may end that begins here."""
        first = start + slot.shortest
        last = self.size if slot.longest is None else min(start + slot.longest, self.size)
        if slot.kind not in RUNS:
            return self._ends_of_form(slot, start) & self.between(first, last)
        stop = not_fitting(slot.kind).search(self.text, start)
        last = min(last, stop.start()) if stop else last
        ends = self.between(first, last)
        for window in self.windows(slot.kind):
            if window.low <= start <= window.high:
                ends &= self.between(0, window.limit) & ~window.holes
        if slot.kind is NAME:
            ends = 0 if self.text[start : start + 1].isspace() else ends & ~self.white
        return ends

    def _ends_of_form(self, slot: Slot, start: int) -> int:
        key = slot.kind, slot.hosts, start
        if key not in self._ends:
            found = 0
            for first, last in ends_of_values(slot.kind, slot.hosts, self.text, start):
                found |= self.between(first, last)
            self._ends[key] = found
        return self._ends[key]

    def between(self, first: int, last: int) -> int:
        """All positions from the first to the last, both included."""
        return ((1 << max(last - first + 1, 0)) - 1) << self.size - last if last >= first else 0


class Window(NamedTuple):
    """Values that begin from `low` to `high`, both included, end at `limit` at the latest, and never at a hole."""

    low: int
    high: int
    limit: int
    holes: int


def _windows(parts: Iterable[ForbiddenPart], size: int) -> list[Window]:
    windows: list[Window] = []
    high = limit = size
    holes = 0
    for at, group in groupby(sorted(parts, reverse=True), attrgetter("at")):
        here = list(group)
        windows.append(Window(at + 1, high, limit, holes))
        limit, holes = _narrowed(limit, holes, (part for part in here if part.is_everywhere), size)
        windows.append(Window(at, at, *_narrowed(limit, holes, here, size)))
        high = at - 1
    return [*(window for window in windows if window.low <= window.high), Window(0, high, limit, holes)]


def _narrowed(limit: int, holes: int, parts: Iterable[ForbiddenPart], size: int) -> tuple[int, int]:
    for part in parts:
        if part.ends_there:
            holes |= 1 << size - part.end
        else:
            limit = min(limit, part.end - 1)
    return limit, holes


def split(form: Form, subject: Subject) -> list[str] | None:
    """The values of the slots, the earlier ones as short as a full match allows; None if there is no full match."""
    text, literals = subject.text, form.literals
    room = subject.size - len(literals[0]) - len(literals[-1])
    if room < len(form.slots) or not (text.startswith(literals[0]) and text.endswith(literals[-1])):
        return None
    ends = _ends_at_first(form, subject)
    if len(ends) < len(form.slots):
        if not _is_another_way(form, text, ends):
            return None
        ends = _ends_by_sets(form, subject)
    return _values(form, text, ends) if ends else None


def _is_another_way(form: Form, text: str, ends: list[int]) -> bool:
    """Whether a later occurrence of a literal may help where the first ones led nowhere."""
    failed, start = len(ends), ends[-1] if ends else 0
    if form.slots[failed].kind not in PREFIX_CLOSED and failed + 1 < len(form.slots):
        literal = form.literals[failed + 1]
        if text.find(literal, text.find(literal, start + len(form.literals[failed]) + 1) + 1) >= 0:
            return True
    passed = (choice for choice in form.choices if choice[0] <= failed)
    return any(text.find(literal, ends[number - 1] + 1) >= 0 for number, literal in passed)


def _values(form: Form, text: str, ends: list[int]) -> list[str]:
    start, values = 0, []
    for literal, end in zip(form.literals, ends, strict=False):
        values.append(text[start + len(literal) : end])
        start = end
    return values


def _ends_at_first(form: Form, subject: Subject) -> list[int]:
    """Each literal where it first occurs behind one character or more: the slots' ends, up to the first that fails."""
    text, literals = subject.text, form.literals
    start, limit = len(literals[0]), subject.size - len(literals[-1])
    last = len(form.slots)
    ends: list[int] = []
    for number, slot in enumerate(form.slots, start=1):
        least = start + slot.shortest
        if slot.kind is LINK:
            least = max(least, least_link_end(text, start))
        end = limit if number == last else text.find(literals[number], least, limit)
        if end < least or (slot.longest is not None and end - start > slot.longest):
            return ends
        if (slot.kind is not ANY or subject.has_breaks) and not accepts_kind(slot.kind, text[start:end], slot.hosts):
            return ends
        ends.append(end)
        start = end + len(literals[number])
    return ends


def least_link_end(text: str, start: int) -> int:
    """Where the shortest link from here ends; behind the text if none begins here."""
    link = LINK_START.match(text, start)
    return link.end() if link else len(text) + 1


def _ends_by_sets(form: Form, subject: Subject) -> list[int]:
    """The earliest end of each slot that allows a full match; empty without a full match."""
    possible = _possible_ends(form, subject)
    start, ends = len(form.literals[0]), []
    for slot, choice, literal in zip(form.slots, possible, form.literals[1:], strict=False):
        ends.append(subject.size - (choice & subject.ends(slot, start)).bit_length() + 1)
        start = ends[-1] + len(literal)
    return ends


def _possible_ends(form: Form, subject: Subject) -> list[int]:
    """For each slot the positions where it may end so that all behind it fits; none at all if nothing fits."""
    ends = 1 << len(form.literals[-1])
    found = [ends]
    for number in range(len(form.slots) - 1, 0, -1):
        literal = form.literals[number]
        starts = possible_starts(form.slots[number], ends, subject)
        ends = (starts << len(literal)) & subject.occurrences(literal)
        if not ends:
            return []
        found.append(ends)
    starts = possible_starts(form.slots[0], ends, subject)
    fits = starts >> subject.size - len(form.literals[0]) & 1
    return found[::-1] if fits else []


def possible_starts(slot: Slot, ends: int, subject: Subject) -> int:
    """The positions from which a value of this slot reaches one of the ends."""
    if slot.kind not in RUNS:
        starts = (at for at in subject.beginnings(slot.kind) if subject.ends(slot, at) & ends)
        return sum(1 << subject.size - at for at in starts)
    fitting = subject.fitting(slot.kind)
    if slot.kind is NAME:
        # A position's own bit is the character before it, the bit below the one behind it.
        return _reach_within(slot, ends & ~subject.white, fitting, subject) & ~(subject.white << 1)
    return _reach_within(slot, ends, fitting, subject)


def _reach_within(slot: Slot, ends: int, fitting: int, subject: Subject) -> int:
    """As `_reach`, window by window."""
    starts = 0
    for low, high, limit, holes in subject.windows(slot.kind):
        allowed = ends & subject.between(0, limit) & ~holes
        if allowed:
            starts |= _reach(allowed, fitting, slot.shortest, slot.longest) & subject.between(low, high)
    return starts


def _reach(ends: int, fitting: int, shortest: int, longest: int | None) -> int:
    """The positions from which an end is reached over `shortest` to `longest` fitting characters."""
    first = ends
    for _ in range(shortest):
        first = (first & fitting) << 1
    run = ((first & fitting) + fitting ^ fitting) | first
    return run if longest is None else run & _within(first, longest - shortest, run.bit_length())


def _within(ends: int, longest: int, size: int) -> int:
    """The positions up to `longest` before one of the ends; doubled up, so in log2(longest) steps."""
    near, width = ends, 0
    longest = min(longest, size)
    while width < longest:
        step = min(width + 1, longest - width)
        near |= near << step
        width += step
    return near
