"""Selects the templates that may give a text.

Templates are indexed by tokens: whole words of their literals, their beginnings and ends, or n-grams if a literal has
no whole word. Each template is in the list of its rarest token. Where many share it, they are indexed again by their
next rarest tokens. So the cost of a look-up depends on what the text has in common with templates, not on their number.

A text may have the tokens of thousands of templates. These are compared together (PrefixSuffixIndex): they are
combinations of few beginnings and few ends, and each of these is compared once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Generic, TypeVar

from sms.domain.matching.kinds import ANY
from sms.domain.matching.splitting import Form, Slot, Subject, possible_starts

Key = TypeVar("Key", bound=Hashable)

FEW = 8  # entries that are tried without asking for a further token
_SIZES = (64, 32, 16, 8, 4, 2, 1)  # of a beginning or an ending that is a token
_NGRAM_SIZES = (8, 4, 2, 1)
_MOST_NGRAMS = 32  # of one literal; a longer one is sampled


class Entry(Generic[Key]):
    """A form with the keys of the templates that have it. `rank`: 0 is the best; equals tie.

    `head` and `tail`: the numbers of its two halves in the PrefixSuffixIndex.
    """

    __slots__ = ("form", "head", "keys", "normalised", "rank", "specificity", "tail")

    def __init__(self, form: Form, normalised: tuple[str, ...]) -> None:
        self.form = form
        self.normalised = normalised
        self.keys: list[Key] = []
        self.rank = self.head = self.tail = 0
        # More literal characters are better, then more placeholders with a kind. The smallest value is the best.
        self.specificity = -sum(map(len, form.literals)), -sum([slot.kind is not ANY for slot in form.slots])


class TokenIndex(Generic[Key]):
    """Entries by their rarest token, under each token in a list or, where there are many, in an index of their own.

    Tokens of one size are looked up together: 0 for words, beginnings and endings, else the n of n-grams.
    """

    __slots__ = ("_by_size", "_every", "_rest")

    def __init__(self, entries: Sequence[tuple[Entry[Key], tuple[str, ...]]]) -> None:
        counts = Counter(chain.from_iterable(tokens for _, tokens in entries))
        groups: dict[str, list[tuple[Entry[Key], tuple[str, ...]]]] = {}
        self._rest: list[Entry[Key]] = []
        for entry, tokens in entries:
            telling = tuple([token for token in tokens if counts[token] < len(entries)])
            if telling:
                groups.setdefault(min(telling, key=counts.__getitem__), []).append((entry, telling))
            else:
                self._rest.append(entry)
        self._by_size: dict[int, dict[str, list[Entry[Key]] | TokenIndex[Key]]] = {}
        self._every: dict[int, list[Entry[Key]]] = {}
        for token, group in groups.items():
            part = [entry for entry, _ in group] if len(group) <= FEW else TokenIndex(group)
            self._by_size.setdefault(_size(token), {})[token] = part
            self._every.setdefault(_size(token), []).extend(entry for entry, _ in group)

    def add_candidates(self, text: TextTokens, found: list[Entry[Key]]) -> None:
        found += self._rest
        for size, by_token in self._by_size.items():
            tokens = by_token.keys() & text.of_size(size)
            if len(tokens) > FEW and len(tokens) * 2 > len(by_token):
                found += self._every[size]  # comparing all together is faster than finding each
                continue
            for token in tokens:
                part = by_token[token]
                if isinstance(part, list):
                    found += part
                else:
                    part.add_candidates(text, found)


def indexed(entries: Iterable[Entry[Key]]) -> TokenIndex[Key]:
    return TokenIndex([(entry, tuple(dict.fromkeys(_tokens(entry.form.literals)))) for entry in entries])


# --- tokens: words as they are; others begin with NUL, which no text holds, and their sort ---


def _size(token: str) -> int:
    """The size of an n-gram; 0 for the other tokens, which are cheap to look up."""
    return int(token[1]) if token[0] == "\0" and token[1] in "8421" else 0


def _tokens(literals: Sequence[str]) -> Iterator[str]:
    """What a text must contain, begin with or end with to be given by a template with these literals."""
    last = len(literals) - 1
    for number, literal in enumerate(literals):
        yield from _whole_words(literal, is_first=number == 0, is_last=number == last)
    for sign, edge in (("^", literals[0]), ("$", literals[-1][::-1])):
        size = next((size for size in _SIZES if size <= len(edge)), 0)
        yield from (f"\0{sign}{edge[:size]}",) if size else ()
    inner = literals[1:-1]
    if not any(_whole_words(literal) for literal in inner):
        size = next((size for size in _NGRAM_SIZES if size <= max(map(len, inner), default=0)), 0)
        yield from (f"\0{size}{gram}" for literal in inner for gram in _sampled(literal, size)) if size else ()


@lru_cache(maxsize=4096)  # templates have many literals in common
def _whole_words(literal: str, *, is_first: bool = False, is_last: bool = False) -> list[str]:
    """Words with white space or the text's end on both sides. Other words may continue in a value."""
    words = literal.split()
    first = 0 if is_first or literal[:1].isspace() else 1
    return words[first : len(words) if is_last or literal[-1:].isspace() else -1]


def _sampled(literal: str, size: int) -> Iterator[str]:
    ends = max(len(literal) - size + 1, 0)
    return (literal[at : at + size] for at in range(0, ends, 1 + ends // _MOST_NGRAMS))


class TextTokens:
    """The tokens of a text, n-grams when first asked for."""

    __slots__ = ("_by_size", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        common = set(text.split())
        backwards = text[: -_SIZES[0] - 1 : -1]
        common.update([f"\0^{text[:size]}" for size in _SIZES], [f"\0${backwards[:size]}" for size in _SIZES])
        self._by_size = {0: common}

    def of_size(self, size: int) -> set[str]:
        if size not in self._by_size:
            ends = range(len(self._text) - size + 1)
            self._by_size[size] = {f"\0{size}{self._text[at : at + size]}" for at in ends}
        return self._by_size[size]


# --- many candidates together ---

Head = tuple[str, Slot | None, str]
"""First literal, slot, second literal. Without a slot where the template has only one: that belongs to its tail."""
Tail = tuple[Slot, str, int]
"""Slot, the literal behind it, and the number of the tail behind that."""
_NO_TAIL = -1


class PrefixSuffixIndex:
    """The heads and tails of many templates. It stores their numbers in each entry.

    A head matches from the text's start to some positions, a tail from some positions to the text's end. A template
    gives the text if and only if they share a position, which is one `&` of two integers.
    """

    def __init__(self, entries: Iterable[Entry[Key]]) -> None:
        heads: dict[Head, int] = {}
        tails: dict[Tail, int] = {}
        for entry in entries:
            entry.head = heads.setdefault(_head_of(entry.form), len(heads))
            entry.tail = _number_of_tail(entry.form, tails)
        self._heads, self._tails = list(heads), list(tails)

    def fitting(self, entries: Iterable[Entry[Key]], subject: Subject) -> list[Entry[Key]]:
        """The entries that give this text."""
        ends, starts = _HeadEnds(self._heads, subject), _TailStarts(self._tails, subject)
        return [each for each in entries if (behind := starts[each.tail]) and ends[each.head] & behind]


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
    """For each head's number, the positions at which the head may end in the text, computed on first use."""

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
    """For each tail's number, the positions from which the tail fits up to the text's end, computed on first use."""

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
