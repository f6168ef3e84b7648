"""Adds many numbers to the block list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from providers.marking import N_
from sms.domain.phone import PhoneError
from sms.domain.typed_phone import ShortenedNumber, read
from sms.models import BlockedNumber
from sms.services.table_files.rows import Line, RowIssue, column_name, shown

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 100_000
# fmt: off
_NUMBER_COLUMNS = frozenset([
    "phone", "phone_number", "mobile", "mobile_number", "number", "msisdn", "gsm", "to", "recipient", "tel",
    "telephone", "telefon", "telefon_nömrəsi", "nömrə", "nomre", "cib_telefonu", "numara", "telefon_numarasi",
    "cep_telefonu", "număr", "număr_de_telefon", "numar", "телефон", "номер", "номер_телефона", "số",
    "số_điện_thoại", "điện_thoại",
])
# fmt: on
"""Names of the column with the numbers, in the languages of the staff."""
_MIXED_DELIMITERS = re.compile(r"[,;\t|]")


class SeveralNumbers(PhoneError):
    """A row holds more numbers than one."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """`left_out`: the cells of the rejected rows, to be corrected and imported again."""

    added: int
    known: int
    mistakes: tuple[RowIssue, ...]
    left_out: tuple[str, ...]


def block_numbers(lines: Sequence[Line], *, reason: str, region: str = "") -> ImportResult:
    """Add the number of each row: its first cell, or the one in the column that the first row names.

    `region` is the country of numbers without a country code; without it they are rejected.
    """
    columns = _columns(lines[0]) if lines else []
    numbers: dict[str, None] = {}
    mistakes, left_out = [], []
    for line in lines[1:] if columns else lines:
        cells = _cells(line, columns)
        try:
            numbers[_number(cells, region)] = None
        except PhoneError as error:
            mistakes.append(RowIssue(line.number, "", f"{shown(cells[0])}: {error}"))
            left_out.append("; ".join(cells) if isinstance(error, SeveralNumbers) else cells[0])
    known = _already_blocked(list(numbers))
    fresh = [BlockedNumber(phone=number, reason=reason[:200]) for number in numbers if number not in known]
    BlockedNumber.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1000)
    return ImportResult(len(fresh), len(known), tuple(mistakes), tuple(left_out))


def _already_blocked(numbers: list[str]) -> set[str]:
    """The numbers that are blocked already. Queried in batches, because a statement's parameters are limited."""
    parts = (numbers[first : first + 1000] for first in range(0, len(numbers), 1000))
    return {
        number
        for part in parts
        for number in BlockedNumber.objects.filter(phone__in=part).values_list("phone", flat=True)
    }


def _columns(head: Line) -> list[int]:
    """The columns with numbers, if the row is a header."""
    return [column for column, cell in enumerate(head.cells) if column_name(cell) in _NUMBER_COLUMNS]


def _cells(line: Line, columns: Sequence[int]) -> list[str]:
    """The cells that may contain the number: those of the columns, or all. The first one should."""
    cells = [line.cells[column] for column in columns if column < len(line.cells)] if columns else line.cells
    return [cell for cell in cells if cell.strip()] or [""]


def _number(cells: Sequence[str], region: str) -> str:
    cell, *others = cells
    try:
        number = read(cell, region)
    except ShortenedNumber:
        raise  # its comma separates decimals, not cells
    except PhoneError:
        cell, *rest = _MIXED_DELIMITERS.split(cell)
        others += rest
        if not rest:
            raise
        number = read(cell, region)
    if any(_is_other(other, number, region) for other in others):
        raise SeveralNumbers(N_("This row holds several numbers: write one a row."))
    return number


def _is_other(cell: str, number: str, region: str) -> bool:
    """Whether the cell is a number, too. A row's several numbers are not known to be of one person."""
    if not any(character.isdigit() for character in cell):
        return False
    try:
        return read(cell, region) != number
    except PhoneError:
        return False
