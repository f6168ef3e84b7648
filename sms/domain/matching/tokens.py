"""Texts as words, runs of digits and links, and what several texts have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from sms.domain.matching.forms import DIGITS_MARK, LINK_MARK, forms_in

# Without the punctuation that closes a sentence. A host name only where it does not begin inside another one, so that
# a text full of dots is read once.
LINK = re.compile(r"(?:(?ai:https?://|www\.)|(?<![A-Za-z0-9.-])(?:[A-Za-z0-9-]++\.)+?[a-z]{2,6}/)\S*[^\s.,;:!?)]")
_DIGIT = re.compile(r"\d")
_PIECE = re.compile(r"\d+|[^\W\d_]+|.", re.DOTALL)
_MASKED_PIECE = re.compile(r"<link>|#+|[^\W\d_]+|.", re.DOTALL)
# A text of three segments and more; a longer one goes on in one piece, or comparing could take seconds.
_MOST_TOKENS = 150


class Token(NamedTuple):
    """`key`: what is compared, the same for all runs of digits and all links; `text`: what stands there."""

    key: str
    text: str


def tokens_of(text: str, *, with_forms: bool = False) -> list[Token]:
    """Links, runs of digits, words, and single other characters; `with_forms`: dates, amounts … as one token each.

    In a text without a single digit each run of `#` is taken for masked digits.
    """
    found: list[Token] = []
    at = 0
    piece = _PIECE if _DIGIT.search(text) else _MASKED_PIECE
    for start, whole in _wholes(text, with_forms=with_forms):
        found += (_token(match[0], piece) for match in piece.finditer(text, at, start))
        found.append(whole)
        at = start + len(whole.text)
    found += (_token(match[0], piece) for match in piece.finditer(text, at))
    return found if len(found) <= _MOST_TOKENS else [*found[:_MOST_TOKENS], _rest(found[_MOST_TOKENS:])]


def _wholes(text: str, *, with_forms: bool) -> Iterator[tuple[int, Token]]:
    """Where each stands that is one token though it holds digits and other characters."""
    at = 0
    for link in LINK.finditer(text):
        yield from _forms(text, at, link.start()) if with_forms else ()
        yield link.start(), Token(LINK_MARK, link[0])
        at = link.end()
    yield from _forms(text, at, len(text)) if with_forms else ()


def _forms(text: str, start: int, end: int) -> Iterator[tuple[int, Token]]:
    return ((at, Token(f"<{kind}>", value)) for at, value, kind in forms_in(text, start, end))


def _token(text: str, piece: re.Pattern[str]) -> Token:
    is_digits = text[0].isdecimal() if piece is _PIECE else text[0] == DIGITS_MARK
    return Token(DIGITS_MARK if is_digits else f"own {text}" if text == DIGITS_MARK else text, text)


def _rest(tokens: Iterable[Token]) -> Token:
    text = "".join(token.text for token in tokens)
    return Token(text, text)


def in_common(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """A long sequence that both hold in this order: what begins and ends alike, and of the rest the longest runs."""
    start = _alike(one, other)
    rest_one, rest_other = one[start:], other[start:]
    end = _alike(rest_one[::-1], rest_other[::-1])
    middle_one, middle_other = rest_one[: len(rest_one) - end], rest_other[: len(rest_other) - end]
    blocks = SequenceMatcher(None, middle_one, middle_other, autojunk=False).get_matching_blocks()
    middle = [key for block in blocks for key in middle_one[block.a : block.a + block.size]]
    return [*one[:start], *middle, *rest_one[len(rest_one) - end :]]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def weight(keys: Iterable[str]) -> int:
    """How much a sequence says: its characters without white space."""
    return sum(len(key) for key in keys if not key.isspace())


def most_in_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The weight that two sequences can have in common at most, whatever their order; cheap to ask first."""
    return weight((Counter(one) & Counter(other)).elements())
