"""Templates that begin and end alike, by the pieces of the literals between: words, or else a few characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Generic, TypeVar

from sms.domain.matching.entries import Entry, Found, Pile

Key = TypeVar("Key", bound=Hashable)

FEW = 8  # entries that are tried without more ado
_MOST_PIECES = 32  # of one literal; a longer one is sampled
_WORDS = 0  # the sort of pieces that are words; the others are named by their length
_LENGTHS = (8, 4, 2, 1)

_Pieced = tuple[Entry[Key], int, tuple[str, ...]]
"""An entry with its pieces, in their order, and their sort."""


class Shelf(Generic[Key]):
    """Entries with the same first and last literal.

    Each of many entries stands under one piece of its literals between, the one that the
    fewest of them have: a word that stands whole in a literal, or, where there is none, a
    few characters; of several that are as rare the first, so that all choose alike. Those
    of many that have this piece in common are sorted out by a second one, and so on; what
    all of them have is looked for once. Those that have no piece left are always
    candidates.
    """

    __slots__ = ("_always", "_boards", "_piles")

    def __init__(self, pieced: list[_Pieced[Key]]) -> None:
        common = Counter(chain.from_iterable(found for _, _, found in pieced))
        everywhere = {piece for piece, count in common.items() if count == len(pieced)}
        always: list[Entry[Key]] = []
        sorted_out: dict[int, dict[str, list[_Pieced[Key]]]] = {}
        for each in pieced:
            entry, sort, found = each
            if found:
                piece = min(found, key=common.__getitem__)
                sorted_out.setdefault(sort, {}).setdefault(piece, []).append(each)
            else:
                always.append(entry)
        self._boards = [_Board(sort, by_piece, everywhere) for sort, by_piece in sorted_out.items()]
        few = len(always) <= FEW
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

    def __init__(self, sort: int, by_piece: dict[str, list[_Pieced[Key]]], everywhere: set[str]) -> None:
        self._sort = sort
        self._by_piece: dict[str, list[Entry[Key]] | Shelf[Key]] = {}
        for piece, same in by_piece.items():
            few = len(same) <= FEW
            self._by_piece[piece] = _bare(same) if few else Shelf(_without(same, everywhere | {piece}))
        every = list(chain.from_iterable(by_piece.values()))
        is_shared = len(every) > FEW * len(by_piece)
        self._few = max(FEW, len(by_piece) // 2) if is_shared else len(by_piece)
        self._pile = [Pile(_bare(every))] if is_shared else []

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


def _bare(pieced: Iterable[_Pieced[Key]]) -> list[Entry[Key]]:
    return [entry for entry, _, _ in pieced]


def _without(pieced: Iterable[_Pieced[Key]], told: set[str]) -> list[_Pieced[Key]]:
    """With the pieces that still tell them apart, or might."""
    return [(entry, sort, tuple([piece for piece in found if piece not in told])) for entry, sort, found in pieced]


def with_pieces(entries: Iterable[Entry[Key]]) -> list[_Pieced[Key]]:
    """What must stand in a text that holds an entry's literals: words, else pieces of 8, 4, 2 or 1 characters."""
    words: dict[str, list[str]] = {}
    found = []
    for entry in entries:
        inner = entry.form.literals[1:-1]
        whole: list[str] = []
        for literal in inner:
            if literal not in words:
                words[literal] = _whole_words(literal)
            whole += words[literal]
        found.append((entry, _WORDS, _once(whole)) if whole else (entry, *_pieces_of(inner)))
    return found


def _once(pieces: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pieces))


def _pieces_of(literals: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    longest = max(map(len, literals), default=0)
    length = next((length for length in _LENGTHS if length <= longest), 0)
    return length, _once(piece for literal in literals for piece in _sampled(literal, length)) if length else ()


def _whole_words(literal: str) -> list[str]:
    """Words with white space on both sides; the outer ones may go on in a value."""
    words = literal.split()
    return words[0 if literal[:1].isspace() else 1 : len(words) if literal[-1:].isspace() else -1]


def _sampled(literal: str, length: int) -> Iterator[str]:
    ends = max(len(literal) - length + 1, 0)
    return (literal[at : at + length] for at in range(0, ends, 1 + ends // _MOST_PIECES))
