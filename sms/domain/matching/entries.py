"""Templates as the index holds them: one entry per form, and piles of entries that come out of the index together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import chain
from operator import attrgetter
from typing import Generic, TypeVar

from sms.domain.matching.kinds import ANY
from sms.domain.matching.splitting import Form

Key = TypeVar("Key", bound=Hashable)


class Entry(Generic[Key]):
    """A form with the keys of the templates that have it. `rank`: 0 is the best; equals tie.

    `head` and `tail`: the numbers of its two halves (halves.py).
    """

    __slots__ = ("form", "head", "keys", "rank", "smoothed", "tail", "worth")

    def __init__(self, form: Form, smoothed: tuple[str, ...]) -> None:
        self.form = form
        self.smoothed = smoothed
        self.keys: list[Key] = []
        self.rank = self.head = self.tail = 0
        # Most literal characters win, then more placeholders with a kind; the smallest is the best.
        self.worth = -sum(map(len, form.literals)), -sum([slot.kind is not ANY for slot in form.slots])


by_rank = attrgetter("rank")


class Pile(Generic[Key]):
    """Many entries, by rank and head: the best are looked at first, and heads that no tail can meet not at all."""

    __slots__ = ("_ranked", "_tails")

    def __init__(self, entries: Iterable[Entry[Key]]) -> None:
        ranked: dict[int, dict[int, list[Entry[Key]]]] = {}
        for entry in entries:
            ranked.setdefault(entry.rank, {}).setdefault(entry.head, []).append(entry)
        self._ranked = [ranked[rank] for rank in sorted(ranked)]
        self._tails = {entry.tail for heads in self._ranked for entry in chain.from_iterable(heads.values())}

    def best_of(self, ends: Mapping[int, int], starts: Mapping[int, int]) -> list[Entry[Key]]:
        """Of those whose head ends, by its number, where their tail starts, the best; several that are equally good."""
        met = 0
        for tail in self._tails:
            met |= starts[tail]
        for heads in self._ranked if met else ():
            found: list[Entry[Key]] = []
            for head, entries in heads.items():
                here = ends[head] & met
                if here:
                    found += [entry for entry in entries if here & starts[entry.tail]]
            if found:
                return found
        return []


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
