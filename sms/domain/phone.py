"""Phone numbers: E.164 in calls to /send-sms; other spellings are accepted where gateways write them."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from providers.marking import N_

# ASCII digits alone (`\d` takes Arabic ones) and fullmatch (`$` lets a trailing new line through).
_E164 = re.compile(r"\+[0-9]{7,15}")
_LOOSE = re.compile(r"(?:\+|00)?([0-9]{7,15})")
_DOT = "•"
_MASK_LIMIT = 20


class PhoneError(ValueError):
    """Not a phone number in E.164 form; the message says what is wrong, without the number itself."""


def parse(value: str) -> str:
    """The number itself, if it is E.164 to the letter: `+`, 7 to 15 ASCII digits, possible in its country.

    A number that is possible only as a local one, or that E.164 would write otherwise
    (a trunk zero after the country code, say), is refused. Raises PhoneError.
    """
    if not _E164.fullmatch(value):
        raise PhoneError(N_("A phone number is + and 7 to 15 digits, without blanks, such as +994550001122."))
    number = _possible(value)
    if number is None:
        raise PhoneError(N_("No country has a phone number of this code and length."))
    own = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if own != value:
        raise PhoneError(N_("This is not the number's E.164 form: leave out the zero after the country code."))
    return value


def parse_loose(value: str) -> str | None:
    """E.164 of what a gateway wrote with `+`, `00` or as bare international digits; None for anything else."""
    match = _LOOSE.fullmatch(value.strip())
    if match is None:
        return None
    try:
        return parse("+" + match[1])
    except PhoneError:
        return None


def masked(value: str) -> str:
    """The number for pages and logs: its country code and last two digits. Of anything else even less is shown."""
    number = _possible(value) if _E164.fullmatch(value) else None
    if number is not None:
        code = f"+{number.country_code}"
        return code + _DOT * (len(value) - len(code) - 2) + value[-2:]
    shown = value[-2:] if re.search(r"[0-9]{5}\Z", value) else ""
    return _DOT * min(len(value) - len(shown), _MASK_LIMIT) + shown


def _possible(value: str) -> phonenumbers.PhoneNumber | None:
    """The parsed number if its length fits a whole number of its country, not a local part of one."""
    try:
        number = phonenumbers.parse(value, None)
    except NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number if reason == ValidationResult.IS_POSSIBLE else None
