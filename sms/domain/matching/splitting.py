"""Cutting a text along one template: which part of it each placeholder stands for.

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

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sms.domain.matching.templates import LINE_BREAKS, LINK_START, PlaceholderKind, accepts_kind

ANY, DIGITS, LINK = PlaceholderKind.ANY, PlaceholderKind.DIGITS, PlaceholderKind.LINK

_LINE_BREAK = re.compile(f"[{LINE_BREAKS}]")
_LINK_PREFIX = re.compile(r"(?ai:https?://|www\.)")
# Every run of a host name's characters is one match, so that a text full of dots is read once.
_BEFORE_SLASH = re.compile(r"([A-Za-z0-9.-]++)/?")
_LAST_LABEL = re.compile(r"[a-z]{2,6}")

# Latin-1 tables that turn a text into the digits of a binary number; what Latin-1 lacks comes as a question mark.
_WHITE_BEYOND_LATIN_1 = re.compile(r"[\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def _table(pattern: str) -> bytes:
    member = re.compile(pattern)
    return bytes(ord("1") if member.match(chr(code)) else ord("0") for code in range(256))


_TABLES = {ANY: _table(f"[^{LINE_BREAKS}]"), DIGITS: _table("[0-9]"), LINK: _table(r"\S")}

_FEW = 4  # occurrences of a literal that are found faster one by one

Slot = tuple[PlaceholderKind, int | None]
"""A placeholder without its name: its kind and its longest length."""


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
            if following != (ANY, None) and not _ends_of_itself(slot, literal)
        )

    def text_of(self, values: Sequence[str]) -> str:
        """What the form gives with these values."""
        parts = [""] * (2 * len(values) + 1)
        parts[::2] = self.literals
        parts[1::2] = values
        return "".join(parts)


def _ends_of_itself(slot: Slot, literal: str) -> bool:
    """Whether only one end is possible: the literal begins with what the slot can't take, or holds a line break."""
    kind = slot[0]
    if _LINE_BREAK.search(literal):
        return True
    if kind is DIGITS:
        return not (literal[0].isascii() and literal[0].isdigit())
    return kind is LINK and literal[0].isspace()


class Subject:
    """A text that is being compared, with what several templates ask of it, worked out once and when first asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text)
        self.has_breaks = not text.isprintable() and _LINE_BREAK.search(text) is not None
        self._characters: dict[str, int] = {}
        self._occurrences: dict[str, int] = {}
        self._classes: dict[PlaceholderKind, int] = {}

    def fitting(self, kind: PlaceholderKind) -> int:
        """The characters that may stand inside a value of this kind."""
        if kind not in self._classes:
            latin = _WHITE_BEYOND_LATIN_1.sub(_as_latin_1, self.text).encode("latin-1", "replace")
            self._classes[kind] = int(b"0" + latin.translate(_TABLES[kind]), 2)
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
    def link_prefixes(self) -> dict[int, int]:
        """Where links begin with http://, https:// or www.: positions by the least length of such a link."""
        found: dict[int, int] = {}
        for match in _LINK_PREFIX.finditer(self.text):
            least = len(match[0]) + 1
            found[least] = found.get(least, 0) | 1 << self.size - match.start()
        return found

    @cached_property
    def link_hosts(self) -> list[tuple[int, int]]:
        """Host names before a slash: the position behind the slash, and the positions where such a name may begin."""
        runs = (run for run in _BEFORE_SLASH.finditer(self.text) if run[0].endswith("/"))
        return [(run.end(), self._host_starts(run[1], run.start())) for run in runs]

    def _host_starts(self, run: str, at: int) -> int:
        """Each letter of a label but the last, back to where two dots stand side by side."""
        last_dot = run.rfind(".")
        if last_dot < 0 or not _LAST_LABEL.fullmatch(run, last_dot + 1):
            return 0
        first = run.rfind("..", 0, last_dot + 1) + 1
        places = (number for number in range(first, last_dot) if run[number] != ".")
        return sum(1 << self.size - at - number for number in places)


def _as_latin_1(white: re.Match[str]) -> str:
    return "\n" if white[0] in LINE_BREAKS else " "


def split(form: Form, subject: Subject) -> list[str] | None:
    """The values of the slots, the earlier ones as short as a full match allows; None if there is no full match."""
    text, literals = subject.text, form.literals
    room = subject.size - len(literals[0]) - len(literals[-1])
    if room < len(form.slots) or not (text.startswith(literals[0]) and text.endswith(literals[-1])):
        return None
    ends = _ends_at_first(form, subject)
    if len(ends) < len(form.slots):
        passed = (choice for choice in form.choices if choice[0] <= len(ends))
        if not any(text.find(literal, ends[number - 1] + 1) >= 0 for number, literal in passed):
            return None  # there was no other way to go
        ends = _ends_by_sets(form, subject)
    return _values(form, text, ends) if ends else None


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
    for number, (kind, longest) in enumerate(form.slots, start=1):
        least = start + 1 if kind is not LINK else least_link_end(text, start)
        end = limit if number == last else text.find(literals[number], least, limit)
        if end < least or (longest is not None and end - start > longest):
            return ends
        if (kind is not ANY or subject.has_breaks) and not accepts_kind(kind, text[start:end]):
            return ends
        ends.append(end)
        start = end + len(literals[number])
    return ends


def least_link_end(text: str, start: int) -> int:
    """Where the shortest link from here ends; behind the text if none begins here."""
    link = LINK_START.match(text, start)
    return link.end() if link else len(text) + 1


def _ends_by_sets(form: Form, subject: Subject) -> list[int]:
    """Of all ends that lead to a full match the earliest, slot by slot; none if nothing does."""
    possible = _possible_ends(form, subject)
    start, ends = len(form.literals[0]), []
    for (kind, _), choice, literal in zip(form.slots, possible, form.literals[1:], strict=False):
        least = start + 1 if kind is not LINK else least_link_end(subject.text, start)
        ends.append(_first_end(choice, least, subject.size))
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
    kind, longest = slot
    if kind is LINK:
        return _link_starts(longest, ends, subject)
    return _reach(ends, subject.fitting(kind), longest)


def _reach(ends: int, fitting: int, longest: int | None) -> int:
    """Back from the ends over one fitting character or more, `longest` at most."""
    first = (ends & fitting) << 1
    run = ((first & fitting) + fitting ^ fitting) | first
    return run if longest is None else run & _within(ends, longest, run.bit_length())


def _within(ends: int, longest: int, size: int) -> int:
    """The positions 1 to `longest` before one of the ends; doubled up, so in log2(longest) steps."""
    near, width = ends << 1, 1
    longest = min(longest, size)
    while width < longest:
        step = min(width, longest - width)
        near |= near << step
        width += step
    return near


def _link_starts(longest: int | None, ends: int, subject: Subject) -> int:
    fitting = subject.fitting(LINK)
    starts = 0
    for least, places in subject.link_prefixes.items():
        if longest is None or longest >= least:
            # The last character of the shortest link is where the free part begins.
            free = _reach(ends, fitting, None if longest is None else longest - least + 1)
            starts |= places & free << least - 1
    free = _reach(ends, fitting, None)
    for behind, places in subject.link_hosts:
        if free >> subject.size - behind + 1 & 1:  # from the slash on, an end is within reach
            starts |= places & _near_first_end(behind, longest, ends, subject.size)
    return starts


def _near_first_end(least: int, longest: int | None, ends: int, size: int) -> int:
    """The positions at most `longest` before the first end that is not before `least`."""
    return -1 if longest is None else (1 << size - _first_end(ends, least, size) + longest + 1) - 1


def _first_end(ends: int, least: int, size: int) -> int:
    """The first of the ends from `least` on: the highest bit that is not above that of `least`."""
    return size - (ends & (1 << size - least + 1) - 1).bit_length() + 1
