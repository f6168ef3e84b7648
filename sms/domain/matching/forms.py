"""The kind of a value told by its form: what guessing a template from texts needs. Digits may be masked (`#`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from sms.domain.matching.kinds import PHONE_INSIDE, SHAPES, PlaceholderKind, accepts_kind

ANY, DIGITS, CODE, AMOUNT = PlaceholderKind.ANY, PlaceholderKind.DIGITS, PlaceholderKind.CODE, PlaceholderKind.AMOUNT
DATE, TIME, PHONE, EMAIL = PlaceholderKind.DATE, PlaceholderKind.TIME, PlaceholderKind.PHONE, PlaceholderKind.EMAIL
LINK, NAME, TEXT = PlaceholderKind.LINK, PlaceholderKind.NAME, PlaceholderKind.TEXT

DIGITS_MARK, LINK_MARK = "#", "<link>"
WITH_FORM = frozenset({EMAIL, DATE, TIME, PHONE, AMOUNT, CODE})

_LETTER = re.compile(r"[^\W\d_]")
_SEPARATORS = re.compile("[./-]")
# Of codes in running text only those in capitals: a word such as "2ci" is none.
_CAPITAL_CODE = "(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{4,}"
_FORMS = [SHAPES[EMAIL], SHAPES[DATE], SHAPES[TIME], SHAPES[PHONE], SHAPES[PlaceholderKind.NUMBER], _CAPITAL_CODE]
_FORM = re.compile(rf"(?<![\w.#])(?:{'|'.join(_FORMS)})(?![\w#])")
_MASKED_FORM = re.compile(_FORM.pattern.replace("0-9]", "0-9#]"))
_DIGIT = re.compile(r"\d")


def _is_any(_value: str) -> bool:
    return True


def _has_clock(value: str) -> bool:
    return ":" in value or _LETTER.search(value) is not None


def _has_month_or_year(value: str) -> bool:
    """A day and a month alone look like a decimal number."""
    return len(_SEPARATORS.findall(value)) > 1 or _LETTER.search(value) is not None


def _is_dialled(value: str) -> bool:
    return value[0] in "+(*" or PHONE_INSIDE.match(value) is not None


def _has_capitals(value: str) -> bool:
    words = value.split()
    return len(words) <= 4 and all(word[0].isupper() for word in words)


_TESTS: tuple[tuple[PlaceholderKind, Callable[[str], bool]], ...] = (
    (DIGITS, _is_any),
    (LINK, _is_any),
    (EMAIL, _is_any),
    (TIME, _has_clock),
    (DATE, _has_month_or_year),
    (PHONE, _is_dialled),
    (AMOUNT, _is_any),
    (CODE, _is_any),
    (NAME, _has_capitals),
    (TEXT, _is_any),
)
"""The kinds from the narrowest on, each with what tells it from a wider one."""


def form_of(value: str) -> PlaceholderKind:
    """The narrowest kind that a value seems to be of."""
    plain = _unmasked(value)
    return next((kind for kind, is_meant in _TESTS if accepts_kind(kind, plain) and is_meant(plain)), ANY)


def common_kind(values: Iterable[str]) -> PlaceholderKind:
    """A kind that takes all of these values."""
    values = list(values)
    forms = {form_of(value) for value in values}
    if len(forms) == 1:
        return forms.pop()
    wider = next((kind for kind in (AMOUNT, CODE) if forms == {DIGITS, kind}), TEXT)
    return wider if all(accepts_kind(wider, _unmasked(value)) for value in values) else ANY


def _unmasked(value: str) -> str:
    """`#` stands for a digit only where there is no other one."""
    plain = value.replace(LINK_MARK, "www.x")
    return plain if _DIGIT.search(plain) else plain.replace(DIGITS_MARK, "1")


def forms_in(text: str, start: int, end: int) -> Iterator[tuple[int, str, PlaceholderKind]]:
    """Dates, times, amounts and the like in a part of a text: where each begins, it, and its kind."""
    pattern = _FORM if _DIGIT.search(text) else _MASKED_FORM
    for match in pattern.finditer(text, start, end):
        kind = form_of(match[0])
        if kind in WITH_FORM:
            yield match.start(), match[0], kind
