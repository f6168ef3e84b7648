"""Which of many templates are worth trying on a text: those whose first and last literal fit, and a word between.

A staff's templates differ by their beginning, by their end, or by some word. So the cost
of a look-up follows the few that a text has in common with them, not their number. What it
can't help: thousands of templates that all begin and end alike, on a text that holds the
words of them all: those come out as many, and are sorted out together (halves.py).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Generic, TypeVar

from sms.domain.splitting import ANY, Form

Key = TypeVar("Key", bound=Hashable)
Payload = TypeVar("Payload")

_FEW = 8  # entries that are tried without more ado
_MOST_PIECES = 32  # of one literal; a longer one is sampled
_WORDS = 0  # the sort of pieces that are words; the others are named by their length
_LENGTHS = (8, 4, 2)


class Entry(Generic[Key]):
    """A form with the keys of the templates that have it. `rank`: 0 is the best; equals tie.

    `head` and `tail`: the numbers that its two halves have in the index.
    """

    __slots__ = ("form", "head", "keys", "rank", "smoothed", "tail", "worth")

    def __init__(self, form: Form, smoothed: tuple[str, ...]) -> None:
        self.form = form
        self.smoothed = smoothed
        self.keys: list[Key] = []
        self.rank = self.head = self.tail = 0
        # Most literal characters win, then more placeholders with a kind; the smallest is the best.
        self.worth = -sum(map(len, form.literals)), -sum([kind is not ANY for kind, _ in form.slots])


by_rank = attrgetter("rank")


class Candidates(Generic[Key]):
    """Entries by their first literal, and where many have the same one, by their last."""

    def __init__(self, entries: Iterable[Entry[Key]]) -> None:
        by_first: dict[str, list[Entry[Key]]] = {}
        for entry in entries:
            by_first.setdefault(entry.form.literals[0], []).append(entry)
        self._by_first = _Beginnings({first: _by_last(same) for first, same in by_first.items()})

    def of(self, text: str) -> list[Entry[Key]]:
        """Those that may give this text."""
        found: list[Entry[Key]] = []
        look = _Look(text)
        for part in self._by_first.of(text):
            found += part if isinstance(part, list) else part.candidates(look)
        return found


def _by_last(entries: list[Entry[Key]]) -> list[Entry[Key]] | _Ends[Key]:
    return entries if len(entries) <= _FEW else _Ends(entries)


class _Ends(Generic[Key]):
    """Many entries with the same first literal, by their last."""

    __slots__ = ("_by_last",)

    def __init__(self, entries: list[Entry[Key]]) -> None:
        by_last: dict[str, list[Entry[Key]]] = {}
        for entry in entries:
            by_last.setdefault(entry.form.literals[-1][::-1], []).append(entry)
        self._by_last = _Beginnings({last: _by_piece(same) for last, same in by_last.items()})

    def candidates(self, look: _Look) -> list[Entry[Key]]:
        found: list[Entry[Key]] = []
        for part in self._by_last.of(look.backwards):
            found += part if isinstance(part, list) else part.candidates(look)
        return found


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
        while at >= 0:
            if text.startswith(self._strings[at]):
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

    __slots__ = ("_always", "_by_piece")

    def __init__(self, pieced: list[_Pieced[Key]], used: frozenset[str] = frozenset()) -> None:
        common = Counter(chain.from_iterable(found for _, _, found in pieced))
        self._always: list[Entry[Key]] = []
        sorted_out: dict[tuple[int, str], list[_Pieced[Key]]] = {}
        for each in pieced:
            entry, sort, found = each
            left = found - used if used else found
            if left:
                sorted_out.setdefault((sort, min(left, key=common.__getitem__)), []).append(each)
            else:
                self._always.append(entry)
        self._by_piece: dict[int, dict[str, list[Entry[Key]] | _Shelf[Key]]] = {}
        for (sort, piece), same in sorted_out.items():
            few = len(same) <= _FEW
            part = [entry for entry, _, _ in same] if few else _Shelf(same, used | {piece})
            self._by_piece.setdefault(sort, {})[piece] = part

    def candidates(self, look: _Look) -> list[Entry[Key]]:
        found = list(self._always)
        for sort, by_piece in self._by_piece.items():
            for piece in by_piece.keys() & look.pieces(sort):
                part = by_piece[piece]
                found += part if isinstance(part, list) else part.candidates(look)
        return found


def _with_pieces(entries: Iterable[Entry[Key]]) -> list[_Pieced[Key]]:
    """What must stand in a text that holds an entry's literals: words, else pieces of 8, 4 or 2 characters."""
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


class _Look:
    """A text from behind, its words and pieces: worked out when first asked for."""

    __slots__ = ("_backwards", "_pieces", "_text")

    def __init__(self, text: str) -> None:
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
