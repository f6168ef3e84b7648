"""Which of many templates are worth trying on a text: those whose first and last literal fit, and a word between.

A staff's templates differ by their beginning, by their end, or by some word. So the cost
of a look-up follows the few that a text has in common with them, not their number. What it
can't help: thousands of templates that all begin and end alike, on a text that holds the
words of them all: those come out as many, or as whole piles, and are sorted out together
(halves.py).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Generic, TypeVar

from sms.domain.entries import Entry, Pile
from sms.domain.splitting import ANY, DIGITS, LINK
from sms.domain.templates import LINK_START, PlaceholderKind

Key = TypeVar("Key", bound=Hashable)
Payload = TypeVar("Payload")

_FEW = 8  # entries that are tried without more ado
_BEGINS = {DIGITS: re.compile("[0-9]"), LINK: LINK_START}
_MOST_PIECES = 32  # of one literal; a longer one is sampled
_WORDS = 0  # the sort of pieces that are words; the others are named by their length
_LENGTHS = (8, 4, 2, 1)


class Candidates(Generic[Key]):
    """Entries by their first literal, and where many have the same one, by their last."""

    def __init__(self, entries: Iterable[Entry[Key]]) -> None:
        by_first: dict[str, dict[PlaceholderKind, list[Entry[Key]]]] = {}
        for entry in entries:
            by_kind = by_first.setdefault(entry.form.literals[0], {})
            by_kind.setdefault(entry.form.slots[0][0], []).append(entry)
        self._by_first = _Beginnings({first: _by_last(first, by_kind) for first, by_kind in by_first.items()})

    def of(self, text: str) -> Found[Key]:
        """Those that may give this text."""
        found: Found[Key] = Found(text)
        for parts in self._by_first.of(text):
            for behind, kind, part in parts:
                if kind is ANY or _BEGINS[kind].match(text, behind):
                    if isinstance(part, list):
                        found.entries += part
                    else:
                        part.add_to(found)
        return found


_Behind = tuple[int, PlaceholderKind, "list[Entry[Key]] | _Ends[Key]"]
"""What stands behind a first literal of so many characters where the first slot is of this kind."""


def _by_last(first: str, by_kind: dict[PlaceholderKind, list[Entry[Key]]]) -> list[_Behind[Key]]:
    return [(len(first), kind, same if len(same) <= _FEW else _Ends(same)) for kind, same in by_kind.items()]


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


def _by_piece(entries: list[Entry[Key]]) -> list[Entry[Key]] | _Shelf[Key]:
    return entries if len(entries) <= _FEW else _Shelf(_with_pieces(entries))


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


_Pieced = tuple[Entry[Key], int, set[str]]
"""An entry with its pieces and their sort."""


class _Shelf(Generic[Key]):
    """Entries with the same first and last literal.

    Each of many entries stands under one piece of its literals between, the one that the
    fewest of them have: a word that stands whole in a literal, or, where there is none, a
    few characters. Those of many that have this piece in common are sorted out by a second
    one, and so on. Those that have no piece left are always candidates.
    """

    __slots__ = ("_always", "_boards", "_piles")

    def __init__(self, pieced: list[_Pieced[Key]], used: frozenset[str] = frozenset()) -> None:
        common = Counter(chain.from_iterable(found for _, _, found in pieced))
        always: list[Entry[Key]] = []
        sorted_out: dict[int, dict[str, list[_Pieced[Key]]]] = {}
        for each in pieced:
            entry, sort, found = each
            left = found - used if used else found
            if left:
                piece = min(left, key=common.__getitem__)
                sorted_out.setdefault(sort, {}).setdefault(piece, []).append(each)
            else:
                always.append(entry)
        self._boards = [_Board(sort, by_piece, used) for sort, by_piece in sorted_out.items()]
        few = len(always) <= _FEW
        self._always = always if few else []
        self._piles = [] if few else [Pile(always)]

    def add_to(self, found: Found[Key]) -> None:
        found.entries += self._always
        found.piles += self._piles
        for board in self._boards:
            board.add_to(found)


class _Board(Generic[Key]):
    """Entries of a shelf by a piece of one sort; all at once for a text that holds most of the pieces."""

    __slots__ = ("_by_piece", "_few", "_pile", "_sort")

    def __init__(self, sort: int, by_piece: dict[str, list[_Pieced[Key]]], used: frozenset[str]) -> None:
        self._sort = sort
        self._by_piece: dict[str, list[Entry[Key]] | _Shelf[Key]] = {}
        for piece, same in by_piece.items():
            few = len(same) <= _FEW
            self._by_piece[piece] = [entry for entry, _, _ in same] if few else _Shelf(same, used | {piece})
        every = list(chain.from_iterable(by_piece.values()))
        is_shared = len(every) > _FEW * len(by_piece)
        self._few = max(_FEW, len(by_piece) // 2) if is_shared else len(by_piece)
        self._pile = [Pile(entry for entry, _, _ in every)] if is_shared else []

    def add_to(self, found: Found[Key]) -> None:
        pieces = self._by_piece.keys() & found.pieces(self._sort)
        if len(pieces) > self._few:
            found.piles += self._pile
            return
        for piece in pieces:
            part = self._by_piece[piece]
            if isinstance(part, list):
                found.entries += part
            else:
                part.add_to(found)


def _with_pieces(entries: Iterable[Entry[Key]]) -> list[_Pieced[Key]]:
    """What must stand in a text that holds an entry's literals: words, else pieces of 8, 4, 2 or 1 characters."""
    words: dict[str, list[str]] = {}
    found = []
    for entry in entries:
        inner = entry.form.literals[1:-1]
        whole: set[str] = set()
        for literal in inner:
            if literal not in words:
                words[literal] = _whole_words(literal)
            whole.update(words[literal])
        found.append((entry, _WORDS, whole) if whole else (entry, *_pieces_of(inner)))
    return found


def _pieces_of(literals: Sequence[str]) -> tuple[int, set[str]]:
    longest = max(map(len, literals), default=0)
    length = next((length for length in _LENGTHS if length <= longest), 0)
    return length, {piece for literal in literals for piece in _sampled(literal, length)} if length else set()


def _whole_words(literal: str) -> list[str]:
    """Words with white space on both sides; the outer ones may go on in a value."""
    words = literal.split()
    return words[0 if literal[:1].isspace() else 1 : len(words) if literal[-1:].isspace() else -1]


def _sampled(literal: str, length: int) -> Iterator[str]:
    ends = max(len(literal) - length + 1, 0)
    return (literal[at : at + length] for at in range(0, ends, 1 + ends // _MOST_PIECES))


class Found(Generic[Key]):
    """What may give a text: single entries, and piles. The text from behind, its words and pieces: once asked for."""

    __slots__ = ("_backwards", "_pieces", "_text", "entries", "piles")

    def __init__(self, text: str) -> None:
        self.entries: list[Entry[Key]] = []
        self.piles: list[Pile[Key]] = []
        self._text = text
        self._backwards: str | None = None
        self._pieces: dict[int, set[str]] | None = None

    @property
    def backwards(self) -> str:
        if self._backwards is None:
            self._backwards = self._text[::-1]
        return self._backwards

    def pieces(self, sort: int) -> set[str]:
        if self._pieces is None:
            self._pieces = {}
        if sort not in self._pieces:
            text = self._text
            ends = range(len(text) - sort + 1)
            self._pieces[sort] = {text[at : at + sort] for at in ends} if sort else set(text.split())
        return self._pieces[sort]
