"""Texts of the same kind: their fingerprints, and their groups.

A fingerprint is a text without its digits and links: each run of digits is `#`, each link is `<link>`. Of a refused
text only its masked form is kept, so every function here takes texts with masked digits (`#`) as well.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sms.domain.matching.forms import DIGITS_MARK, LINK_MARK
from sms.domain.matching.guessing import guess_template
from sms.domain.matching.index import normalise
from sms.domain.matching.tokens import LINK, in_common, most_in_common, tokens_of, weight

__all__ = ["GAP_MARK", "Group", "fingerprint", "group", "guess_template"]

GAP_MARK = "…"

_DIGITS = re.compile(r"[\d#]+")
_ALIKE = 0.6  # share, by weight, of the longer one that two of a kind have in common
_CANDIDATES = 5
_MOST_POSTINGS = 200


def fingerprint(text: str) -> str:
    """The grouping key of a text, the same with its digits masked or not: NFC, LF, outer white space cut."""
    compared, _ = normalise(text)
    return _DIGITS.sub(DIGITS_MARK, LINK.sub(LINK_MARK, compared))


@dataclass(frozen=True, slots=True)
class Group:
    """Texts of one kind. `skeleton`: what all share, with … where they differ; `texts`: the most frequent first."""

    skeleton: str
    count: int
    texts: tuple[str, ...]


def group(texts: Iterable[str] | Mapping[str, int]) -> list[Group]:
    """Texts, or counts of them, sorted into kinds; the most frequent kind first.

    Two fingerprints are of a kind if they have most of their words in common, in the same order.
    """
    counts = Counter(texts)
    by_fingerprint: dict[str, list[str]] = defaultdict(list)
    for text, _ in counts.most_common():
        by_fingerprint[fingerprint(text)].append(text)
    kinds = _Kinds()
    for key in by_fingerprint:
        kinds.add(key)
    groups = []
    for fingerprints, skeleton in kinds.found():
        members = [text for key in fingerprints for text in by_fingerprint[key]]
        groups.append(Group(skeleton, sum(counts[text] for text in members), tuple(members)))
    return sorted(groups, key=lambda group: -group.count)


class _Kinds:
    """Fingerprints by what they share: a new one joins the kind that it has most in common with, or begins one."""

    def __init__(self) -> None:
        self._shared: list[list[str]] = []
        self._fingerprints: list[list[str]] = []
        self._by_word: dict[str, list[int]] = defaultdict(list)

    def add(self, fingerprint: str) -> None:
        keys = [token.key for token in tokens_of(fingerprint)]
        for number in self._likely(keys):
            shared = _kind_of_both(self._shared[number], keys)
            if shared is not None:
                self._shared[number] = shared
                self._fingerprints[number].append(fingerprint)
                return
        for key in set(keys):
            self._by_word[key].append(len(self._shared))
        self._shared.append(keys)
        self._fingerprints.append([fingerprint])

    def _likely(self, keys: Sequence[str]) -> list[int]:
        common: Counter[int] = Counter()
        for word in {key for key in keys if len(key) > 1}:
            for number in islice(self._by_word.get(word, ()), _MOST_POSTINGS):
                common[number] += len(word)
        return [number for number, _ in common.most_common(_CANDIDATES)]

    def found(self) -> Iterable[tuple[list[str], str]]:
        for shared, fingerprints in zip(self._shared, self._fingerprints, strict=True):
            yield fingerprints, _skeleton(shared, fingerprints[0]) if len(fingerprints) > 1 else fingerprints[0]


def _kind_of_both(one: Sequence[str], other: Sequence[str]) -> list[str] | None:
    """What both share, if that is enough to be of a kind."""
    enough = _ALIKE * max(weight(one), weight(other))
    if most_in_common(one, other) < enough:
        return None
    shared = in_common(one, other)
    return shared if weight(shared) >= enough else None


def _skeleton(shared: Sequence[str], fingerprint: str) -> str:
    """The shared words as the first member has them, with one mark for each gap in it."""
    pieces: list[str] = []
    left = list(reversed(shared))
    for token in tokens_of(fingerprint):
        if left and token.key == left[-1]:
            left.pop()
            pieces.append(token.text)
        elif pieces[-1:] != [GAP_MARK]:
            pieces.append(GAP_MARK)
    return "".join(pieces)
