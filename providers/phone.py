"""An E.164 number in the form that a vendor wants."""

from __future__ import annotations

from collections.abc import Callable

import phonenumbers

from providers.marking import N_

from .base import Failure, Refused
from .settings import E164


def in_format(name: str, number: str) -> str:
    """The number as `digits`, `e164`, `00` or `national`. Raises Refused if it is no E.164 number."""
    if not E164.fullmatch(number):
        raise Refused(Failure.RECIPIENT, "phone_format", N_("The recipient is no E.164 number (+ and 7 to 15 digits)."))
    return FORMATS[name](number)


def _national(number: str) -> str:
    """As it is dialled inside its country, with the trunk prefix where there is one."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        raise Refused(Failure.RECIPIENT, "phone_format", N_("The recipient's country code is unknown.")) from None
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(char for char in written if char in "0123456789")


FORMATS: dict[str, Callable[[str], str]] = {
    "digits": lambda number: number[1:],
    "e164": lambda number: number,
    "00": lambda number: "00" + number[1:],
    "national": _national,
}
