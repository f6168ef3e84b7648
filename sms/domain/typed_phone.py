"""Phone numbers as people type and paste them: converted without guessing, or rejected with what is missing.

The API does not use this: it takes E.164 to the letter (`sms.domain.phone.parse`).
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from providers.marking import N_
from sms.domain.csv_escaping import unescaped
from sms.domain.phone import PhoneError, parse

WHICH_COUNTRY = N_(
    "Which country? A number without a country code may belong to several: write + and the country code before it, "
    "such as +994501234567."
)
SHORTENED = N_(
    "A spreadsheet has shortened this number, and digits are lost: format the column as text, enter it again."
)
NO_NUMBER = N_("No country has a phone number of this code and length.")
_PLUS = frozenset("+\uff0b\ufe62\u207a\u2795")
_BETWEEN = frozenset("()[]{}<>./\\|~_\u00b7\u2022\u2024\u2027\u2043\u2044\u2053\u2212\u2215\u223c\u30fb\u30fc\uff5e")
"""Signs that people write between digits, beside those whose category says so."""
_IGNORED_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Cf", "Pd", "Ps", "Pe"})
_IGNORED = _BETWEEN | frozenset("\t\n\v\f\r\u0085\u034f\u20e3\ufe0e\ufe0f")
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_SCHEME = re.compile(r"(?i)(?:tel|callto|sms|smsto):(?://)?")
_TRUNK_ZERO = re.compile(r"[(\[\uff08]\s*0\s*[)\]\uff09]")
_SHORTENED = re.compile(r"(?i)[+-]?[0-9]+(?:[.,][0-9]+)?e\+?[0-9]+")
_FRACTION = re.compile(r"([0-9]{7,15})[.,]0+")


class NationalNumber(PhoneError):
    """The number has no country code, so its country is not known."""

    def __init__(self, digits: str) -> None:
        super().__init__(WHICH_COUNTRY)
        self.digits = digits


class ShortenedNumber(PhoneError):
    """A spreadsheet wrote the number in scientific notation."""


def read(value: str, region: str = "") -> str:
    """The E.164 form of what a person wrote. Raises PhoneError, NationalNumber if it names no country.

    `region`: the country (`AZ`) that a person has chosen for numbers that name none.
    """
    plain = _plain(_without_trunk_zero(value))
    if plain.startswith("+"):
        return parse(plain)
    if not region:
        raise NationalNumber(plain)
    return _of_region(plain, region)


def read_start(value: str) -> str:
    """The start of a number, `+` and at most 15 digits, written as people do. Raises PhoneError, NationalNumber."""
    plain = _plain(_without_trunk_zero(value), fewest=0)
    if not plain.startswith("+"):
        raise NationalNumber(plain)
    if len(plain) > 16:
        raise PhoneError(N_("A phone number has at most 15 digits."))
    return plain


def regions() -> list[tuple[str, int]]:
    """Every region (`AZ`) with its country code, in the order of the codes."""
    found = [(region, phonenumbers.country_code_for_region(region)) for region in phonenumbers.SUPPORTED_REGIONS]
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def _of_region(digits: str, region: str) -> str:
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException as error:
        raise PhoneError(NO_NUMBER) from error
    if number.italian_leading_zero and not phonenumbers.is_valid_number(number):
        raise PhoneError(NO_NUMBER)  # a trunk zero: too few digits follow it
    return parse(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _without_trunk_zero(value: str) -> str:
    """`+44 (0)20 …`: the zero in brackets is for calls inside the country."""
    text = value.strip()
    return _TRUNK_ZERO.sub("", text) if not _TRUNK_ZERO.match(text) else text


def _plain(value: str, fewest: int = 1) -> str:
    """ASCII digits, behind a `+` if the number names its country."""
    text = unescaped(value).strip().removeprefix("=").strip(_QUOTES).strip()  # ="+994…" keeps a CSV cell a text
    if scheme := _SCHEME.match(text):
        text = unquote(text[scheme.end() :])
    if _SHORTENED.fullmatch(text):
        raise ShortenedNumber(SHORTENED)
    if whole := _FRACTION.fullmatch(text):
        text = whole[1]
    plain = "".join(_sign(character) for character in text)
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    digits = plain.removeprefix("+")
    if not plain or len(digits) < fewest:
        raise PhoneError(N_("This holds no digit."))
    if "+" in digits:
        raise PhoneError(N_("A plus sign stands inside the number: write one number, and the plus sign before it."))
    return plain


def _sign(character: str) -> str:
    """What a character stands for: a digit, a plus, or nothing. Raises PhoneError for any other."""
    if character in _PLUS:
        return "+"
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if character in _IGNORED or unicodedata.category(character) in _IGNORED_CATEGORIES:
        return ""
    shown = character if character.isprintable() else ""
    raise PhoneError(
        N_("Character {character} can't stand in a phone number.").format(
            character=f"{shown} (U+{ord(character):04X})".strip()
        )
    )
