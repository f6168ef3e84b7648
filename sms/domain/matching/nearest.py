"""For a text that no template gives: the nearest template, and an explanation of the first difference.

Only templates with words, a beginning or an end in common with the text are aligned with it. So the cost does not
depend on the number of templates.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Hashable, Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain, islice
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sms.domain.matching.causes import Cause, of_values_or_characters, of_words, phrases_of_text
from sms.domain.matching.diff import Diff
from sms.domain.matching.folding import fold, plain_text
from sms.domain.matching.index import Index, normalise
from sms.domain.matching.splitting import Form
from sms.domain.matching.templates import Body

Key = TypeVar("Key", bound=Hashable)

_SHORTLIST = 6
_MOST_POSTINGS = 20_000  # templates that are counted for words in common, those of rare words first
_SLACK = 3  # words in common that a template may have less than the one that has most
_LEAST_AGREEMENT = 3  # a template is not near if less than a third of it is in the text
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Near(Generic[Key]):
    """The nearest template. `position` counts the characters of the text as it is compared, from 1.

    No digit of the text stands in `difference`, so a one-time password does not leak by it.
    """

    key: Key
    position: int
    difference: str
    cause: Cause = Cause.OTHER


def nearest(templates: Index[Key] | Iterable[tuple[Key, Body]], text: str) -> Near[Key] | None:
    """The template nearest to a text, and their first difference; None if no template is like it, or one gives it."""
    index = templates if isinstance(templates, Index) else Index(templates)
    compared, _ = normalise(text)
    folded = fold(compared)
    aligned = [
        (key, Diff(form, index.bodies[key].names, compared).run()) for key, form in _neighbours(index).of(compared)
    ]
    if any(diff.difference is None for _, diff in aligned):
        return None
    aligned.sort(key=lambda each: -each[1].similarity)
    likely = [each for each in aligned if each[1].agreed * _LEAST_AGREEMENT >= each[1].literal_length > 0]
    phrases = phrases_of_text(compared)
    trials = chain(
        ((key, of_values_or_characters(each.form, each.names, compared, folded)) for key, each in aligned),
        ((key, of_words(each.form, each.names, compared, phrases)) for key, each in aligned),
        ((key, each.difference) for key, each in likely),
    )
    return next((Near(key, found.position, found.sentence, found.cause) for key, found in trials if found), None)


class _Neighbours(Generic[Key]):
    """Templates by the words of their literals, and sorted by their first and their last literal."""

    def __init__(self, forms: Iterable[tuple[Key, Form]]) -> None:
        self._forms = list(forms)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        for number, (_, form) in enumerate(self._forms):
            words = _words(" ".join(form.literals))
            self._sizes.append(len(words))
            for word in words:
                self._by_word[word].append(number)
        self._by_beginning = self._sorted([form.literals[0] for _, form in self._forms])
        self._by_end = self._sorted([form.literals[-1][::-1] for _, form in self._forms])

    @staticmethod
    def _sorted(literals: list[str]) -> list[tuple[str, int]]:
        return sorted((literal, number) for number, literal in enumerate(literals) if literal)

    @property
    def words(self) -> Container[str]:
        return self._by_word

    def of(self, text: str) -> Iterator[tuple[Key, Form]]:
        """A few templates that may be meant, each once."""
        numbers = [
            *self._with_common_words(text),
            *_around(self._by_beginning, text),
            *_around(self._by_end, text[::-1]),
        ]
        return (self._forms[number] for number in dict.fromkeys(numbers))

    def _with_common_words(self, text: str) -> list[int]:
        """Templates that share most words with the text, less those that they have of their own."""
        postings = sorted((self._by_word[word] for word in _words(text) if word in self._by_word), key=len)
        shared = Counter(islice(chain.from_iterable(postings), _MOST_POSTINGS))
        if not shared:
            return []
        enough = max(shared.values()) - _SLACK
        scores = [(2 * count - self._sizes[number], -number) for number, count in shared.items() if count >= enough]
        return [-number for _, number in nlargest(_SHORTLIST, scores)]


def literal_words(index: Index[Any]) -> Container[str]:
    """The words of the literals of these templates, in plain characters."""
    return _neighbours(index).words


def _words(text: str) -> set[str]:
    return set(_WORD.findall(plain_text(text)))


def _around(literals: list[tuple[str, int]], text: str) -> list[int]:
    """The two whose literal sorts next to the text: what begins most alike is one of them."""
    at = bisect_left(literals, (text, -1))
    return [number for _, number in literals[max(at - 1, 0) : at + 1]]


_built: WeakKeyDictionary[Index[Any], _Neighbours[Any]] = WeakKeyDictionary()


def _neighbours(index: Index[Key]) -> _Neighbours[Key]:
    """The neighbours of an index, built on first use: for most indexes they are never needed."""
    found: _Neighbours[Key] | None = _built.get(index)
    if found is None:
        found = _built[index] = _Neighbours(index.forms())
    return found
