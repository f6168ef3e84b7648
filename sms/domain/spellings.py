"""Finds and replaces a phone number in a text, in any spelling."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Any

import phonenumbers

from sms.domain.phone import masked

_SEPARATOR = r"(?:[\s()./+\-\u2010-\u2015]|%20|%28|%29|%2[Dd])*"
"""Between digits. A plus sign is a blank in a form's body."""
_BEFORE = r"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
"""No other digit, but for those of an escaped character."""
_PREFIX = r"(?:\+|00|%2[Bb]|\\u002[Bb])"
FEWEST_NATIONAL = 7
"""The fewest digits of a number that is found without its country code. A shorter one would match other numbers."""


def spellings(number: str) -> re.Pattern[str]:
    """A pattern for an E.164 number: with its country code or without, digits of any script, with separators."""
    parsed = phonenumbers.parse(number, None)
    national = phonenumbers.national_significant_number(parsed)
    trunk = f"(?:{_digits('0')}{_SEPARATOR})?"
    code = _digits(str(parsed.country_code))
    international = f"(?:{_PREFIX}{_SEPARATOR})?{code}{_SEPARATOR}{trunk}"
    local = f"|{trunk}" if len(national) >= FEWEST_NATIONAL else ""
    return re.compile(f"{_BEFORE}(?:{international}{local}){_digits(national)}(?![0-9])")


def without_number(text: str, number: str) -> str:
    """The text with the number masked, in any spelling; `number` may be a pseudonym, which is in no text."""
    if not number.startswith("+") or number[-2:] not in text:
        return text
    return spellings(number).sub(masked(number), text)


def _digits(digits: str) -> str:
    return _SEPARATOR.join(f"[{_scripts()[int(digit)]}]" for digit in digits)


@cache
def _scripts() -> tuple[str, ...]:
    """For each digit, the characters of all scripts that stand for it."""
    found = [""] * 10
    for character in map(chr, range(sys.maxunicode + 1)):
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            found[digit] += character
    return tuple(found)


def replaced(value: Any, pattern: re.Pattern[str], by: str) -> Any:
    """A value of a JSON document, or a text, with each match replaced."""
    if isinstance(value, str):
        return pattern.sub(by, value)
    if isinstance(value, dict):
        return {replaced(key, pattern, by): replaced(inner, pattern, by) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, pattern, by) for inner in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return by if is_number and pattern.fullmatch(str(value)) else value
