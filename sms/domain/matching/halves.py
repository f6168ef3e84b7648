"""Sorting out many candidates together: by what each half of a template may take of the text.

Many templates that begin and end alike are few beginnings crossed with few endings. So the
head of a template (its first literal, slot and literal) and its tail (the rest) are looked
at once each, however many templates share them: a head leads to some positions of the
text, a tail leads from some positions to the text's end. A template gives the text if and
only if one position is both. For each template that is one `&` of two integers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from sms.domain.matching.entries import Entry, Found
from sms.domain.matching.splitting import Form, Slot, Subject, possible_starts

Key = TypeVar("Key", bound=Hashable)
Head = tuple[str, Slot | None, str]
"""First literal, slot, second literal. Without a slot where the template has only one: that belongs to its tail."""
Tail = tuple[Slot, str, int]
"""Slot, the literal behind it, and the number of the tail behind that."""

_NO_TAIL = -1


class Halves:
    """The heads and tails of many templates; every entry learns the numbers of its own."""

    def __init__(self, entries: Iterable[Entry[Key]]) -> None:
        heads: dict[Head, int] = {}
        tails: dict[Tail, int] = {}
        for entry in entries:
            entry.head = heads.setdefault(_head_of(entry.form), len(heads))
            entry.tail = _number_of_tail(entry.form, tails)
        self._heads, self._tails = list(heads), list(tails)

    def best_of(self, found: Found[Key], subject: Subject) -> list[Entry[Key]]:
        """Of those that give this text the best; several if they are equally good."""
        ends, starts = _HeadEnds(self._heads, subject), _TailStarts(self._tails, subject)
        fitting = [each for each in found.entries if (behind := starts[each.tail]) and ends[each.head] & behind]
        for pile in found.piles:
            fitting += pile.best_of(ends, starts)
        best = min((each.rank for each in fitting), default=0)
        return [each for each in fitting if each.rank == best]


def _head_of(form: Form) -> Head:
    literals, slots = form.literals, form.slots
    return (literals[0], None, "") if len(slots) == 1 else (literals[0], slots[0], literals[1])


def _number_of_tail(form: Form, tails: dict[Tail, int]) -> int:
    literals, slots = form.literals, form.slots
    number = _NO_TAIL
    for at in range(len(slots) - 1, 0 if len(slots) > 1 else -1, -1):
        number = tails.setdefault((slots[at], literals[at + 1], number), len(tails))
    return number


class _HeadEnds(dict[int, int]):
    """By a head's number the positions behind it, where it may stand in the text; worked out when first asked for."""

    def __init__(self, heads: Sequence[Head], subject: Subject) -> None:
        self._heads, self._subject = heads, subject
        self._windows: dict[tuple[int, Slot], int] = {}

    def __missing__(self, number: int) -> int:
        first, slot, literal = self._heads[number]
        self[number] = found = self._ends(first, slot, literal) if self._subject.text.startswith(first) else 0
        return found

    def _ends(self, first: str, slot: Slot | None, literal: str) -> int:
        if slot is None:
            return 1 << self._subject.size - len(first)
        window = self._window(len(first), slot)
        return (window & self._subject.occurrences(literal)) >> len(literal) if window else 0

    def _window(self, start: int, slot: Slot) -> int:
        """The positions where a value of this slot may end that begins here."""
        if (start, slot) not in self._windows:
            self._windows[start, slot] = self._subject.ends(slot, start)
        return self._windows[start, slot]


class _TailStarts(dict[int, int]):
    """By a tail's number the positions from which it leads to the text's end; worked out when first asked for."""

    def __init__(self, tails: Sequence[Tail], subject: Subject) -> None:
        self._tails, self._subject = tails, subject

    def __missing__(self, number: int) -> int:
        slot, literal, behind = self._tails[number]
        ends = self._ends(literal, behind)
        self[number] = found = possible_starts(slot, ends, self._subject) if ends else 0
        return found

    def _ends(self, literal: str, behind: int) -> int:
        """The positions where the literal begins and the rest behind it fits."""
        if behind == _NO_TAIL:
            return 1 << len(literal) if self._subject.text.endswith(literal) else 0
        starts = self[behind]
        return starts << len(literal) & self._subject.occurrences(literal) if starts else 0
