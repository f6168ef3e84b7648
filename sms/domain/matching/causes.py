"""Why a template does not give a text, where one cause alone keeps it from matching: named with its place for staff.

Three trials, each with the matcher's own `split`: one placeholder that takes more than it may; template and text folded
(folding.py), where the first characters that differ unfolded say the cause; a word left out on one side or on both.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, product

from providers.marking import N_
from sms.domain.matching.describing import blanks, both, excerpt, excerpt_of_text, named, of_text, takes
from sms.domain.matching.folding import APOSTROPHES, Folded, fold, looks
from sms.domain.matching.kinds import AMOUNT, DATE, TIME, accepts_kind, bad_character
from sms.domain.matching.splitting import FREE, Form, Slot, Subject, split

_WORD = re.compile(r"\S+")
_MOST_WORDS = 80  # of a text; in a longer one no word is looked for
_MOST_TRIALS = 40
_START, _END = "^", "$"
_PHRASE = 3  # words that may be missing, added or moved together


class Cause(StrEnum):
    """The ways in which a text misses its template."""

    LETTER_CASE = "letter_case"
    BLANKS = "blanks"
    NO_BREAK_BLANK = "no_break_blank"
    FULL_STOP = "full_stop"
    LINE_BREAK = "line_break"
    WORD = "word"
    MOVED_WORD = "moved_word"
    APOSTROPHE = "apostrophe"
    LOOK_ALIKE = "look_alike"
    DECOMPOSED = "decomposed"
    LENGTH = "length"
    KIND = "kind"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Difference:
    """`position`: a character of the compared text, from 1. Digits of the text are masked in `words`."""

    position: int
    words: str
    cause: Cause = Cause.OTHER

    @property
    def sentence(self) -> str:
        return N_("character {position}: {words_text}").format(position=self.position, words_text=self.words)


def of_values_or_characters(form: Form, names: Sequence[str], text: str, folded: Folded) -> Difference | None:
    """A placeholder that takes no such value, or characters that look much the same; None if that is not all."""
    return _of_characters(form, text, folded) or _of_values(form, names, text)


# Values


def _of_values(form: Form, names: Sequence[str], text: str) -> Difference | None:
    for number, slot in enumerate(form.slots):
        for relaxed in (Slot(slot.kind, hosts=slot.hosts), FREE):
            slots = (*form.slots[:number], relaxed, *form.slots[number + 1 :])
            values = split(Form(form.literals, slots), Subject(text)) if relaxed != slot else None
            if values is not None:
                start = sum(map(len, (*form.literals[: number + 1], *values[:number])))
                return value_problem(slot, names[number], values[number], start)
    return None


def value_problem(slot: Slot, name: str, value: str, start: int) -> Difference | None:
    """Why a value that begins behind `start` characters of the text is none of this slot's; None if it is."""
    kind, size = slot.kind, len(value)
    bad = bad_character(kind, value)
    if bad is not None:
        character = of_text(value[bad], with_name=value[bad].isalpha() and not value[bad].isascii())
        words = N_("{{{name}}} takes {kind_text}, and the text has {character_text}").format(
            name=name, kind_text=takes(kind), character_text=character
        )
        return Difference(start + bad + 1, words, Cause.KIND)
    if slot.longest is not None and size > slot.longest:
        words = N_("{{{name}}} takes {longest} characters at most, here are {size}").format(
            name=name, longest=slot.longest, size=size
        )
        return Difference(start + slot.longest + 1, words, Cause.LENGTH)
    if not accepts_kind(kind, value, slot.hosts):
        hosts = ", ".join(slot.hosts)
        words = (
            N_("{{{name}}} takes {kind_text} to {hosts}, and the text has none here")
            if hosts
            else N_("{{{name}}} takes {kind_text}, and the text has none here")
        )
        return Difference(start + 1, words.format(name=name, kind_text=takes(kind), hosts=hosts), Cause.KIND)
    if size < slot.shortest:
        words = N_("{{{name}}} takes {shortest} characters at least, here are {size}").format(
            name=name, shortest=slot.shortest, size=size
        )
        return Difference(start + size + 1, words, Cause.LENGTH)
    return None


# Characters


def _of_characters(form: Form, text: str, folded: Folded) -> Difference | None:
    literals = [fold(literal, is_end=literal is form.literals[-1]) for literal in form.literals]
    slots = tuple(FREE if slot.kind in (AMOUNT, DATE, TIME) else slot for slot in form.slots)
    compared = Form(tuple(literal.text for literal in literals), slots)
    if any(not literal for literal in compared.literals[1:-1]):
        return None
    values = split(compared, Subject(folded.text))
    if values is None:
        return None
    at, ends = 0, [*map(len, values), 0]
    for number, literal in enumerate(literals):
        for ours, theirs in zip(literal.chunks, folded.chunks[at:], strict=False):
            if ours != theirs and not _ends_a_value(form.slots, number, ours, theirs):
                return _of_chunks(ours, theirs, folded.start(at), text)
            at += 1
        at += ends[number]
    tails = literals[-1].tail, folded.tail
    return _of_chunks(*tails, folded.start(at), text) if tails[0] != tails[1] else None


def _ends_a_value(slots: Sequence[Slot], number: int, ours: str, theirs: str) -> bool:
    """Whether the full stop too many may be the value's own: 500 руб."""
    return number > 0 and theirs == f".{ours}" and slots[number - 1].kind in (AMOUNT, DATE, TIME)


def _of_chunks(ours: str, theirs: str, start: int, text: str) -> Difference:
    """The difference between template and text at one folded character."""
    if "." in (ours + theirs) and ours.strip(".") == theirs.strip("."):
        lacks = ours.count(".") > theirs.count(".")
        if lacks:
            return Difference(start + 1, N_("the text lacks the full stop that the template has here"), Cause.FULL_STOP)
        words = N_("the text has a full stop, the template has none here")
        return Difference(start + ours.count(".") + 1, words, Cause.FULL_STOP)
    ours, start, theirs = ours.lstrip("."), start + len(theirs) - len(theirs.lstrip(".")), theirs.lstrip(".")
    same = common_prefix(ours, theirs)
    position = min(start + same, len(text)) + 1
    if ours.isspace() and theirs.isspace():
        words = N_("the template has {ours_text} and the text has {theirs_text}").format(
            ours_text=blanks(ours), theirs_text=blanks(theirs)
        )
        return Difference(position, words, _cause_of_blanks(ours, theirs))
    if same < len(ours) and same < len(theirs):
        one, other = ours[same], theirs[same]
        cause = _cause_of_pair(one, other)
        with_names = cause in (Cause.APOSTROPHE, Cause.LOOK_ALIKE)
        return Difference(position, both(one, other, with_names=with_names), cause)
    return _of_marks(ours, theirs, same, position)


def _cause_of_blanks(ours: str, theirs: str) -> Cause:
    if ours.count("\n") != theirs.count("\n"):
        return Cause.LINE_BREAK
    return Cause.BLANKS if set(ours) == set(theirs) else Cause.NO_BREAK_BLANK


def _cause_of_pair(one: str, other: str) -> Cause:
    if one in APOSTROPHES and other in APOSTROPHES:
        return Cause.APOSTROPHE
    if looks(one) == looks(other):
        return Cause.LOOK_ALIKE
    if {one, other} in ({"i", "İ"}, {"ı", "I"}) or one.lower() == other.lower():
        return Cause.LETTER_CASE
    return Cause.LOOK_ALIKE if looks(one).lower() == looks(other).lower() else Cause.OTHER


def _of_marks(ours: str, theirs: str, same: int, position: int) -> Difference:
    """The difference if one of them has further characters that are hardly visible."""
    is_ours = len(ours) > same
    extra = ours[same:] if is_ours else theirs[same:]
    cause = Cause.DECOMPOSED if unicodedata.combining(extra[0]) else Cause.OTHER
    words = _MARKS[is_ours, same > 0].format(
        extra_text=blanks(extra), before_text=named(ours[same - 1]) if same else ""
    )
    return Difference(position, words, cause)


_MARKS = {
    (True, False): N_("the template has {extra_text}, which the text has not"),
    (True, True): N_("the template has {extra_text} behind {before_text}, which the text has not"),
    (False, False): N_("the text has {extra_text}, which the template has not"),
    (False, True): N_("the text has {extra_text} behind {before_text}, which the template has not"),
}
"""By whether the template has more characters, and whether any are equal before them."""


def common_prefix(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


# Words


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some words in a row: their key and their neighbours', where they stand, and what is left without them."""

    key: tuple[str, ...]
    before: str
    after: str
    start: int
    shown: str
    rests: tuple[str, ...]


def phrases_of_text(text: str) -> list[Phrase]:
    """The words of a text, and two and three of them in a row; none of a text of very many words."""
    return _phrases(text) if len(text.split()) <= _MOST_WORDS else []


def of_words(form: Form, names: Sequence[str], text: str, phrases: Sequence[Phrase]) -> Difference | None:
    """A word or a phrase that is missing, added or moved; None if that is not all."""
    own_phrases = _phrases_of(form)
    theirs, ours = _words(phrases), _words(phrase for _, phrase in own_phrases)
    missing = ours - theirs
    if not phrases or missing.total() > _PHRASE:
        return None
    if missing:
        return _of_missing_words(form, text, [each for each in own_phrases if Counter(each[1].key) == missing])
    return _of_added_words(form, phrases, theirs - ours) or _of_moved_words(form, names, own_phrases, phrases)


def _of_missing_words(form: Form, text: str, missing: Sequence[tuple[int, Phrase]]) -> Difference | None:
    for number, phrase in missing[:_MOST_TRIALS]:
        for rest in phrase.rests:
            values = _split_with(form, number, rest, text)
            if values is not None:
                start = sum(map(len, (*form.literals[:number], *values[:number]))) + phrase.start
                words = N_("the template has {excerpt} here, which the text has not").format(
                    excerpt=excerpt(phrase.shown)
                )
                return Difference(min(start, len(text)) + 1, words, Cause.WORD)
    return None


def _of_added_words(form: Form, phrases: Sequence[Phrase], extra: Counter[str]) -> Difference | None:
    """`extra`: the words that the text has more than the template, those of values among them."""
    added = (phrase for phrase in phrases if all(key in extra for key in phrase.key))
    for phrase in islice(added, _MOST_TRIALS):
        if any(split(form, Subject(rest)) is not None for rest in phrase.rests):
            words = N_("the text has {excerpt}, which the template has not").format(
                excerpt=excerpt_of_text(phrase.shown)
            )
            return Difference(phrase.start + 1, words, Cause.WORD)
    return None


def _of_moved_words(
    form: Form, names: Sequence[str], own_phrases: Sequence[tuple[int, Phrase]], phrases: Sequence[Phrase]
) -> Difference | None:
    by_key: dict[tuple[str, ...], list[Phrase]] = {}
    for phrase in phrases:
        by_key.setdefault(phrase.key, []).append(phrase)
    moves = (
        (number, here, there)
        for number, here in own_phrases
        for there in by_key.get(here.key, ())
        if not _is_same_place(here, there)
    )
    for number, here, there in islice(moves, _MOST_TRIALS):
        for ours, theirs in product(here.rests, there.rests):
            if _split_with(form, number, ours, theirs) is not None:
                where = _place(form, names, number, here)
                words = N_("the text has {excerpt} here; the template has it {where_text}").format(
                    excerpt=excerpt_of_text(there.shown), where_text=where
                )
                return Difference(there.start + 1, words, Cause.MOVED_WORD)
    return None


def _is_same_place(one: Phrase, other: Phrase) -> bool:
    """Whether both stand beside the same word: then only their punctuation differs."""
    return (one.before != "" and one.before == other.before) or (one.after != "" and one.after == other.after)


def _place(form: Form, names: Sequence[str], number: int, phrase: Phrase) -> str:
    before = form.literals[number][: phrase.start].split()
    if before:
        return N_("behind {excerpt}").format(excerpt=excerpt(before[-1]))
    return N_("behind {{{name}}}").format(name=names[number - 1]) if number else N_("at its beginning")


def _split_with(form: Form, number: int, literal: str, text: str) -> list[str] | None:
    """Split the text along the form with another literal in the place of this one."""
    if not literal and 0 < number < len(form.slots):
        return None  # two placeholders would stand side by side
    return split(Form((*form.literals[:number], literal, *form.literals[number + 1 :]), form.slots), Subject(text))


def _words(phrases: Iterable[Phrase]) -> Counter[str]:
    return Counter(phrase.key[0] for phrase in phrases if len(phrase.key) == 1)


def _key(word: str) -> str:
    """A word to be compared: its punctuation does not count."""
    return fold(word).text.strip(".,:;!?\"'()-")


def _phrases(text: str, first: str = _START, last: str = _END) -> list[Phrase]:
    """The shortest first; `first` and `last` stand for the neighbours of the outer ones."""
    words = list(_WORD.finditer(text))
    keys = [first, *(_key(word[0]) for word in words), last]
    runs = ((at, at + size) for size in range(1, _PHRASE + 1) for at in range(len(words) - size + 1))
    return [
        Phrase(
            tuple(keys[begin + 1 : end + 1]),
            keys[begin],
            keys[end + 1],
            words[begin].start(),
            text[words[begin].start() : words[end - 1].end()],
            tuple(_without(text, words[begin].start(), words[end - 1].end())),
        )
        for begin, end in runs
    ]


def _without(text: str, start: int, end: int) -> Iterator[str]:
    """With the blank before or behind left out as well."""
    if start > 0:
        yield text[: start - 1] + text[end:]
    if end < len(text):
        yield text[:start] + text[end + 1 :]


def _phrases_of(form: Form) -> list[tuple[int, Phrase]]:
    """Whole words of the literals: none that a placeholder touches."""
    last = len(form.slots)
    found: list[tuple[int, Phrase]] = []
    for number, literal in enumerate(form.literals):
        for phrase in _phrases(literal, "" if number else _START, _END if number == last else ""):
            end = phrase.start + len(phrase.shown)
            if (phrase.start or not number) and (end < len(literal) or number == last):
                found.append((number, phrase))
    return sorted(found, key=lambda each: len(each[1].key))
