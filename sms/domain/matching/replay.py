"""What a change of templates does to texts that came in before, told before the change is saved."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sms.domain.matching.index import Ambiguous, Index, Matched
from sms.domain.matching.templates import Body

Key = TypeVar("Key", bound=Hashable)
Templates = Iterable[tuple[Key, Body]]

_DIGIT_OR_MARK = re.compile(r"[\d#]")


@dataclass(frozen=True, slots=True)
class Replay(Generic[Key]):
    """Texts before and after a change. The two numbers count each text as often as it came; the rest names it once."""

    matching_now: int
    matching_then: int
    gained: tuple[str, ...]
    """Texts that only the changed set matches."""
    lost: tuple[str, ...]
    """Texts that only the current set matches."""
    moved: tuple[tuple[str, Key, Key], ...]
    """Texts that another template would give: which does now, which would then."""
    ties: tuple[tuple[str, tuple[Key, ...]], ...]
    """Texts that would newly tie, with the templates that would."""
    counts: Mapping[str, int]
    """How often each text came."""

    def came(self, texts: Iterable[str]) -> int:
        """How often these texts came, all together."""
        return sum(self.counts[text] for text in texts)


def _itself(key: Hashable) -> Hashable:
    return key


def replay(
    texts: Iterable[str] | Mapping[str, int],
    current: Templates[Key],
    changed: Templates[Key],
    *,
    masked: bool = False,
    owner: Callable[[Key], Hashable] = _itself,
) -> Replay[Key]:
    """Match texts, or counts of them, against the current and the changed set of templates.

    `masked`: the texts have `#` for digits. Then every digit and every `#`, of texts and
    templates, counts as the same digit; templates that differ in digits alone seem to tie.
    That digit is 1: of a long run of zeros it could not be told that it is no phone number.
    `owner`: texts of one owner neither tie with each other, nor does a text move between them.
    """
    now, then = (Index(_masked(templates) if masked else templates) for templates in (current, changed))
    counts = Counter(texts)
    compared = {text: _DIGIT_OR_MARK.sub("1", text) if masked else text for text in counts}
    before = {text: _untied(now.match(compared[text]), owner) for text in counts}
    after = {text: _untied(then.match(compared[text]), owner) for text in counts}
    matched = [{text for text, found in answers.items() if isinstance(found, Matched)} for answers in (before, after)]
    return Replay(
        matching_now=sum(counts[text] for text in matched[0]),
        matching_then=sum(counts[text] for text in matched[1]),
        gained=tuple(text for text in counts if text in matched[1] - matched[0]),
        lost=tuple(text for text in counts if text in matched[0] - matched[1]),
        moved=tuple(_moved(before, after, owner)),
        ties=tuple(_ties(before, after)),
        counts=counts,
    )


Answer = Matched[Key] | Ambiguous[Key] | None
Answers = Mapping[str, Answer[Key]]


def _untied(found: Answer[Key], owner: Callable[[Key], Hashable]) -> Answer[Key]:
    if isinstance(found, Ambiguous) and len({owner(key) for key in found.keys}) == 1:
        return Matched(found.keys[0], {})
    return found


def _moved(
    before: Answers[Key], after: Answers[Key], owner: Callable[[Key], Hashable]
) -> Iterable[tuple[str, Key, Key]]:
    for text, now in before.items():
        then = after[text]
        if isinstance(now, Matched) and isinstance(then, Matched) and owner(now.key) != owner(then.key):
            yield text, now.key, then.key


def _ties(before: Answers[Key], after: Answers[Key]) -> Iterable[tuple[str, tuple[Key, ...]]]:
    for text, then in after.items():
        now = before[text]
        already = set(now.keys) if isinstance(now, Ambiguous) else set()
        if isinstance(then, Ambiguous) and set(then.keys) != already:
            yield text, then.keys


def _masked(templates: Templates[Key]) -> Iterable[tuple[Key, Body]]:
    for key, body in templates:
        yield key, Body(tuple(_DIGIT_OR_MARK.sub("1", p) if isinstance(p, str) else p for p in body.parts))
