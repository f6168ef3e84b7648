"""A message's text: segments, what must not stand in it, how to show it safely.

Segments: GSM 03.38 (3GPP TS 23.038) septets, or UCS-2 in UTF-16 units. A text of one
segment has 160 septets or 70 units. In a longer one each segment has a concatenation header
and 153 septets or 67 units (3GPP TS 23.040).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from providers.base import Encoding as Encoding

_DIGIT = re.compile(r"\d")

# Category Cc. New line and tab are fine in a text, in a sender name nothing of it is.
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Unicode's Bidi_Control property beside category Cc.
_CONTROL_OR_BIDI = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and marks that show nothing though their category says otherwise (Default_Ignorable_Code_Point),
# but for the variation selectors, which common emoji carry.
_HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Two septets each: the escape and the character. They are never torn apart.
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM = _GSM_BASIC | _GSM_EXTENSION


_ONE_SEGMENT = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_EACH_OF_SEVERAL = {Encoding.GSM7: 153, Encoding.UCS2: 67}


# What takes two units: an extension character with its escape, a surrogate pair.
_PAIR = {Encoding.GSM7: re.compile(r"[\f^{}\\\[~\]|€]"), Encoding.UCS2: re.compile(r"[\U00010000-\U0010ffff]")}


@dataclass(frozen=True, slots=True)
class Segments:
    """`units`: septets (GSM-7) or UTF-16 units (UCS-2) of the text; `left`: how many more its last segment takes."""

    encoding: Encoding
    count: int
    units: int
    left: int


def segments(text: str) -> Segments:
    """The segments of a text; an empty one takes one, as every message does."""
    encoding = Encoding.GSM7 if _GSM.issuperset(text) else Encoding.UCS2
    pairs = _PAIR[encoding].findall(text)
    units = len(text) + len(pairs)
    if units <= _ONE_SEGMENT[encoding]:
        return Segments(encoding, 1, units, _ONE_SEGMENT[encoding] - units)
    size = _EACH_OF_SEVERAL[encoding]
    count, used = _packed(text, encoding) if pairs else (-(-units // size), (units - 1) % size + 1)
    return Segments(encoding, count, units, size - used)


def _packed(text: str, encoding: Encoding) -> tuple[int, int]:
    """The number of segments, and the units used in the last. A pair that does not fit is in the next segment."""
    size, is_pair = _EACH_OF_SEVERAL[encoding], _PAIR[encoding].match
    count, used = 1, 0
    for character in text:
        width = 2 if is_pair(character) else 1
        if used + width > size:
            count, used = count + 1, 0
        used += width
    return count, used


def forcing_ucs2(text: str) -> tuple[str, ...]:
    """The distinct characters that GSM 03.38 lacks, in the order of the text."""
    return tuple(dict.fromkeys(character for character in text if character not in _GSM))


def visible(text: str) -> str:
    r"""The text with what can't be seen, or turns what is seen around, as escapes such as `\u202e`.

    Controls but new line and tab, format characters (bidi, zero-width), line and
    paragraph separators, lone surrogates, fillers.
    """
    if text.isprintable() and _HIDDEN_LETTERS.isdisjoint(text):
        return text
    return "".join(escaped(character) if is_hidden(character) else character for character in text)


def escaped(character: str) -> str:
    r"""`\u202e`, or `\U000e0001` beyond U+FFFF."""
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def is_hidden(character: str) -> bool:
    if character in "\n\t":
        return False
    return character in _HIDDEN_LETTERS or unicodedata.category(character) in _HIDDEN_CATEGORIES


def forbidden_in_text(text: str) -> str | None:
    """The first control character (category Cc) that is neither new line nor tab. Apply it after `read`."""
    found = _CONTROL_BUT_LINES.search(text)
    return found[0] if found else None


def forbidden_in_sender(text: str) -> str | None:
    """The first control character (category Cc) or bidi control."""
    found = _CONTROL_OR_BIDI.search(text)
    return found[0] if found else None


def masked_digits(text: str) -> str:
    """Each decimal digit of any script becomes `#`."""
    return _DIGIT.sub("#", text)
