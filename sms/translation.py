"""Translates English texts that the domain, the adapters and the database hold, where the admin shows them.

Those texts are made from templates that are marked with `N_`: `N_("{slug} is paused already.").format(slug=…)`. The
template is found again by its literal parts, so that stored texts can be translated, too. The value of a field whose
name ends in `_text` is such a text itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import catalog

_LONGEST = 2000
_FEWEST_LETTERS = 4
"""Of a template: one with fewer would fit texts that others wrote."""
_MOST_PIECES = 100
"""How many pieces of one text are looked up: others may write texts whose pieces take hours. Ours have fewer."""
_END_OF_SENTENCE = re.compile(r"(?<=[.!?]) ")
_BETWEEN = ("; ", ": ")
_NESTED = "_text"
_FIELD = re.compile(r"\{\{|\}\}|\{(\w+)[^{}]*\}")


class _Template(NamedTuple):
    msgid: str
    literals: tuple[str, ...]
    fields: tuple[str, ...]

    def values(self, text: str) -> dict[str, str] | None:
        """The values with which the template gives this text; None if it does not. Linear in the text's length."""
        if not (text.startswith(self.literals[0]) and text.endswith(self.literals[-1])):
            return None
        values, at, end = [], len(self.literals[0]), len(text) - len(self.literals[-1])
        for literal in self.literals[1:-1]:
            found = text.find(literal, at, end)
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(literal)
        return dict(zip(self.fields, [*values, text[at:end]], strict=True)) if at <= end else None


class _TooManyPieces(Exception):
    pass


def translated(text: object) -> str:
    """The text in the active language; itself where no catalogue has it, or where it has too many pieces."""
    text = str(text)
    language = get_language()
    return text if language is None or language == "en" or len(text) > _LONGEST else _remembered(text, language)


@lru_cache(maxsize=500)
def _remembered(text: str, language: str) -> str:
    """A long text takes milliseconds, and a list shows the same ones again."""
    try:
        return _translated(text, language, iter(range(_MOST_PIECES)))
    except _TooManyPieces:
        return text


def _translated(text: str, language: str, pieces: Iterator[int]) -> str:
    if not text:
        return text
    found = _whole(text, language, pieces) or _parts(text, language, pieces)
    return found or _whole(text, language, pieces, across=True) or text


def _whole(text: str, language: str, pieces: Iterator[int], *, across: bool = False) -> str:
    """`across`: a value may reach over the end of a text into the next one, as a vendor's own words may."""
    if next(pieces, None) is None:
        raise _TooManyPieces
    exact = gettext(text)
    if exact != text:
        return exact
    for template in _templates(language):
        values = template.values(text)
        if values is not None and (across or not _reach_on(values)):
            return _filled(gettext(template.msgid), values, language, pieces)
    return ""


def _reach_on(values: dict[str, str]) -> bool:
    """Whether a value holds the end of a text and the begin of the next one."""
    return any(sign in value for name, value in values.items() if not name.endswith(_NESTED) for sign in _BETWEEN)


def _parts(text: str, language: str, pieces: Iterator[int]) -> str:
    """Several texts in a row: the reasons of providers, a name and its text, sentences.

    First as sentences, because a sign between texts may be a part of a sentence that is known.
    """
    sentences = _END_OF_SENTENCE.split(text)
    done = _sentences(sentences, language, pieces)
    if not any(sign in piece for piece in done if piece in sentences for sign in _BETWEEN):
        return " ".join(done)
    for sign in _BETWEEN:
        head, found, tail = text.partition(sign)
        is_name = sign == ": " and " " not in head  # a provider may be called "test"
        first = head if is_name or not found else _part(head, language, pieces)
        if found and (parts := [first, _part(tail, language, pieces)]) != [head, tail]:
            return sign.join(parts)
    return " ".join(done) if len(sentences) > 1 else ""


def _sentences(sentences: list[str], language: str, pieces: Iterator[int]) -> list[str]:
    """Each run of sentences that is a known text, the longest first."""
    if len(sentences) == 1:
        return sentences
    done, at = [], 0
    while at < len(sentences):
        runs = ((end, _whole(" ".join(sentences[at:end]), language, pieces)) for end in range(len(sentences), at, -1))
        at, words = next(((end, words) for end, words in runs if words), (at + 1, sentences[at]))
        done.append(words)
    return done


def _filled(template: str, values: dict[str, str], language: str, pieces: Iterator[int]) -> str:
    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        value = values.get(name, match[0])
        return _part(value, language, pieces) if name.endswith(_NESTED) else value

    return _FIELD.sub(replaced, template)


def _part(text: str, language: str, pieces: Iterator[int]) -> str:
    """A sentence inside another one, or between two others, may stand there without its full stop."""
    found = _translated(text, language, pieces)
    is_closed = text.endswith((".", "!", "?")) or any(sign in text for sign in _BETWEEN)
    if found != text or is_closed or " " not in text:
        return found
    return _translated(f"{text}.", language, pieces).removesuffix(".")


@lru_cache(maxsize=len(settings.LANGUAGES))
def _templates(language: str) -> list[_Template]:
    """The templates of a language's catalogue, those with the longest literal parts first."""
    msgids = (key for key in catalog()._catalog.keys() if isinstance(key, str) and _FIELD.search(key))  # noqa: SIM118
    templates = [template for template in map(_parsed, msgids) if template]
    return sorted(templates, key=lambda each: -sum(map(len, each.literals)))


def _parsed(msgid: str) -> _Template | None:
    try:
        pieces = list(Formatter().parse(msgid))
    except ValueError:
        return None
    literals, fields = [""], []
    for literal, field, _spec, _conversion in pieces:
        literals[-1] += literal
        if field is not None:
            fields.append(field)
            literals.append("")
    letters = sum(letter.isalpha() for letter in "".join(literals))
    is_usable = fields and all(field.isidentifier() for field in fields) and letters >= _FEWEST_LETTERS
    return _Template(msgid, tuple(literals), tuple(fields)) if is_usable else None
