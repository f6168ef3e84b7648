"""Which of many templates are worth trying on a text: those whose first and last literal fit, and a word between.

A staff's templates differ by their beginning, by their end, or by some word. So the cost
of a look-up follows the few that a text has in common with them, not their number. What it
can't help: thousands of templates that all begin and end alike, on a text that holds the
words of them all: those come out as many, or as whole piles, and are sorted out together
(halves.py).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from sms.domain.matching.entries import Entry, Found
from sms.domain.matching.kinds import ANY, PlaceholderKind, may_begin
from sms.domain.matching.shelves import FEW, Shelf, with_pieces

Key = TypeVar("Key", bound=Hashable)
Payload = TypeVar("Payload")


class Candidates(Generic[Key]):
    """Entries by their first literal, and where many have the same one, by their last."""

    def __init__(self, entries: Iterable[Entry[Key]]) -> None:
        by_first: dict[str, dict[PlaceholderKind, list[Entry[Key]]]] = {}
        for entry in entries:
            by_kind = by_first.setdefault(entry.form.literals[0], {})
            by_kind.setdefault(entry.form.slots[0].kind, []).append(entry)
        self._by_first = _Beginnings({first: _by_last(first, by_kind) for first, by_kind in by_first.items()})

    def of(self, text: str) -> Found[Key]:
        """Those that may give this text."""
        found: Found[Key] = Found(text)
        for parts in self._by_first.of(text):
            for behind, kind, part in parts:
                if kind is ANY or may_begin(kind, text, behind):
                    if isinstance(part, list):
                        found.entries += part
                    else:
                        part.add_to(found)
        return found


_Behind = tuple[int, PlaceholderKind, "list[Entry[Key]] | _Ends[Key]"]
"""What stands behind a first literal of so many characters where the first slot is of this kind."""


def _by_last(first: str, by_kind: dict[PlaceholderKind, list[Entry[Key]]]) -> list[_Behind[Key]]:
    return [(len(first), kind, same if len(same) <= FEW else _Ends(same)) for kind, same in by_kind.items()]


class _Ends(Generic[Key]):
    """Many entries with the same first literal, by their last."""

    __slots__ = ("_by_last",)

    def __init__(self, entries: list[Entry[Key]]) -> None:
        by_last: dict[str, list[Entry[Key]]] = {}
        for entry in entries:
            by_last.setdefault(entry.form.literals[-1][::-1], []).append(entry)
        self._by_last = _Beginnings({last: _by_piece(same) for last, same in by_last.items()})

    def add_to(self, found: Found[Key]) -> None:
        for part in self._by_last.of(found.backwards):
            if isinstance(part, list):
                found.entries += part
            else:
                part.add_to(found)


def _by_piece(entries: list[Entry[Key]]) -> list[Entry[Key]] | Shelf[Key]:
    return entries if len(entries) <= FEW else Shelf(with_pieces(entries))


class _Beginnings(Generic[Payload]):
    """Finds those of many strings that a text begins with.

    All strings that begin a text also begin every string that sorts between them and the
    text. So the text's neighbour in sorted order leads to all of them, from the longest
    to the shortest: each is the longest other one that begins the one before it.
    """

    __slots__ = ("_begins", "_payloads", "_strings")

    def __init__(self, payloads: dict[str, Payload]) -> None:
        self._strings = sorted(payloads)
        self._payloads = [payloads[string] for string in self._strings]
        self._begins = [-1]
        for number, string in enumerate(self._strings[1:], start=1):
            before = number - 1
            while before >= 0 and not string.startswith(self._strings[before]):
                before = self._begins[before]
            self._begins.append(before)

    def of(self, text: str) -> Iterator[Payload]:
        at = bisect_right(self._strings, text) - 1
        while at >= 0 and not text.startswith(self._strings[at]):
            at = self._begins[at]
        while at >= 0:  # what begins a string that begins the text begins the text
            yield self._payloads[at]
            at = self._begins[at]
