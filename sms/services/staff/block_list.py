"""Putting many numbers on the block list at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sms.domain.phone import PhoneError
from sms.domain.typed_phone import read
from sms.models import BlockedNumber
from sms.services.table_files.rows import Line, Mistake, column_name, shown

MOST_BYTES = 4 * 1024 * 1024
MOST_ROWS = 100_000
_NUMBER_COLUMNS = frozenset(
    [
        "phone",
        "phone_number",
        "mobile",
        "mobile_number",
        "number",
        "msisdn",
        "gsm",
        "to",
        "recipient",
        "tel",
        "telephone",
        "telefon",
        "telefon_nömrəsi",
        "nömrə",
        "nomre",
        "cib_telefonu",
        "numara",
        "telefon_numarasi",
        "cep_telefonu",
        "număr",
        "număr_de_telefon",
        "numar",
        "телефон",
        "номер",
        "номер_телефона",
        "số",
        "số_điện_thoại",
        "điện_thoại",
    ]
)
"""What the column of numbers is called in the languages of those who use this."""
_MIXED_DELIMITERS = re.compile(r"[,;\t|]")


@dataclass(frozen=True, slots=True)
class Imported:
    """`left_out`: the cells of the rows that are mistakes, as they came, to be corrected and imported again."""

    added: int
    known: int
    mistakes: tuple[Mistake, ...]
    left_out: tuple[str, ...]


def block_all(lines: Sequence[Line], *, reason: str, region: str = "") -> Imported:
    """Add the number of each row: its first cell, or the one in the column that the first row names so.

    `region` is the country of numbers that name none; without it they are mistakes.
    """
    place = _column(lines[0]) if lines else None
    numbers: dict[str, None] = {}
    mistakes, left_out = [], []
    for line in lines if place is None else lines[1:]:
        try:
            numbers[_number(line, place, region)] = None
        except PhoneError as error:
            mistakes.append(Mistake(line.number, "", f"{shown(_cell(line, place))}: {error}"))
            left_out.append(_cell(line, place))
    known = _known(list(numbers))
    fresh = [BlockedNumber(phone=number, reason=reason[:200]) for number in numbers if number not in known]
    BlockedNumber.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1000)
    return Imported(len(fresh), len(known), tuple(mistakes), tuple(left_out))


def _known(numbers: list[str]) -> set[str]:
    """Of these numbers those that are blocked already; asked in parts, as a statement has a limit of parameters."""
    parts = (numbers[first : first + 1000] for first in range(0, len(numbers), 1000))
    return {
        number
        for part in parts
        for number in BlockedNumber.objects.filter(phone__in=part).values_list("phone", flat=True)
    }


def _column(head: Line) -> int | None:
    """Where the numbers stand, if the row names its columns."""
    named = (place for place, cell in enumerate(head.cells) if column_name(cell) in _NUMBER_COLUMNS)
    return next(named, None)


def _cell(line: Line, place: int | None) -> str:
    if place is not None:
        return line.cells[place] if place < len(line.cells) else ""
    return next(cell for cell in line.cells if cell.strip())


def _number(line: Line, place: int | None, region: str) -> str:
    cell = _cell(line, place)
    others = [other for other in line.cells if other is not cell] if place is None else []
    try:
        number = read(cell, region)
    except PhoneError:
        cell, *rest = _MIXED_DELIMITERS.split(cell)
        others += rest
        if not rest:
            raise
        number = read(cell, region)
    if any(_is_number(other) for other in others):
        raise PhoneError("This row holds several numbers: write one a row.")
    return number


def _is_number(cell: str) -> bool:
    if not any(character.isdigit() for character in cell):
        return False
    try:
        read(cell)
    except PhoneError:
        return False
    return True
