"""Masks texts of one-time passwords: a template's words remain, and each value is replaced by its form.

`Kodunuz {######}.`: literals as in a template's body, and between braces each value with `#` for a digit and `x` or
`X` for any other character except punctuation. No part of a code remains.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

from sms.domain.matching.folding import plain_text
from sms.domain.matching.templates import quoted
from sms.domain.matching.vendor_text import VendorText

_HOST = re.compile(r"(?i)(?:https?://|www\.)[a-z.-]+(?=/|$)")
_KEPT = frozenset(" .,:;/-+@()₼₺₽₫€$£")
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_WORD = re.compile(r"\w+")
_QUOTE = re.compile(r'"[^"]*"')
_PLAIN = {"x": "a", "X": "A"}


def masked_text(text: VendorText, order: Sequence[tuple[str, str]], values: Mapping[str, str]) -> str:
    """The text that a vendor sends with these values, masked. `order`: our placeholders in the vendor's order."""
    masks = [f"{{{masked_value(values[ours])}}}" for ours, _theirs in order]
    return "".join(quoted(part) if isinstance(part, str) else masks[part] for part in text.parts)


def masked_value(value: str) -> str:
    """The form of a value. Of a link only the host is kept."""
    host = _HOST.match(value)
    kept = host[0] if host else ""
    return kept + "".join(map(_masked, value[len(kept) :]))


def _masked(character: str) -> str:
    if character in _KEPT:
        return character
    if character.isdecimal():
        return "#"
    return "X" if character.isupper() else "x"


def masked_words(text: str, known: Container[str] = frozenset()) -> str:
    """The text with all words masked except the `known` ones, which are compared in plain characters (`plain_text`)."""
    return _WORD.sub(lambda word: word[0] if _is_known(word[0], known) else "".join(map(_masked, word[0])), text)


def _is_known(word: str, known: Container[str]) -> bool:
    return plain_text(word) in known and not any(map(str.isdecimal, word))


def masked_quotes(sentence: str, known: Container[str]) -> str:
    """A sentence about a text with the quoted words of the text masked."""
    return _QUOTE.sub(lambda quote: masked_words(quote[0], known), sentence)


def example_of(masked: str) -> str:
    """An example text for a masked one, with `#` for digits, and `a` and `A` for letters."""
    return _TOKEN.sub(_example, masked)


def _example(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0][0]
    host = _HOST.match(found[1])
    kept = host[0] if host else ""
    return kept + "".join(_PLAIN.get(character, character) for character in found[1][len(kept) :])
