"""Reads the rows of an Excel workbook (.xlsx) as text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from providers.marking import N_

from .text import TableFileError

MAX_UNPACKED = 32 * 1024 * 1024
"""Bytes. A small archive can contain gigabytes."""
MAX_COLUMNS = 256
_MAX_ROWS = 1_048_576
"""No spreadsheet has more. The library makes empty rows up to the next number in the file, which may be any."""
_SHEETS = "xl/worksheets/"
_KEPT_DIGITS = 15
"""So many a spreadsheet keeps of a number."""
_POWER = re.compile(r"0(?:\.0+)?E\+0+")
_ZEROS = re.compile(r"0+(?=;|_|\Z)")


def is_workbook(data: bytes) -> bool:
    """Whether the file is an archive that contains worksheets."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.startswith(_SHEETS) for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each row that is not empty. Raises TableFileError."""
    _check_size(data)
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        if not workbook.worksheets:  # the library does not know the names of this form
            raise _unreadable("Strict Open XML")
        yield from _only_sheet([(sheet.title, _sheet_rows(sheet)) for sheet in workbook.worksheets])
    except TableFileError:
        raise
    except Exception as error:  # for damaged workbooks the library raises many classes
        raise _unreadable(type(error).__name__) from error


def _unreadable(name: str) -> TableFileError:
    words = N_("the workbook can't be read ({name}); save it again, or as “CSV UTF-8”.")
    return TableFileError(1, words.format(name=name))


def _check_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_UNPACKED:
        raise TableFileError(
            1,
            N_("the workbook has {size:,} bytes unpacked; the most is {max_unpacked:,}. Split it.").format(
                size=size, max_unpacked=MAX_UNPACKED
            ),
        )


def _only_sheet(sheets: list[tuple[str, Iterator[tuple[int, list[str]]]]]) -> Iterator[tuple[int, list[str]]]:
    """The rows of the only sheet that has rows. Raises TableFileError where several have."""
    begun = ""
    for title, found in sheets:
        for row in found:
            if begun not in ("", title):
                message = N_("the workbook has rows on the sheets “{begun}” and “{title}”; leave one sheet.").format(
                    begun=begun, title=title
                )
                raise TableFileError(1, message)
            begun = title
            yield row


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # the dimensions in the file may be wrong
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > _MAX_ROWS:
            raise _unreadable(f"row {number}")
        if len(cells) > MAX_COLUMNS:
            raise TableFileError(
                number,
                N_("has {count:,} columns; the most is {max_columns}.").format(
                    count=len(cells), max_columns=MAX_COLUMNS
                ),
            )
        values = [_text(number, cell) for cell in cells]
        if any(value.strip() for value in values):
            yield number, values


def _text(number: int, cell: Any) -> str:
    """The displayed value. A formula is rejected: its value in the file may be missing, old or an error."""
    value = cell.value
    if cell.data_type in ("f", "e"):
        raise TableFileError(
            number,
            N_("cell {coordinate} holds a formula; paste its value in its place.").format(coordinate=cell.coordinate),
        )
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "")
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return unescape(value) if isinstance(value, str) else str(value)


def _number(value: float, number_format: str) -> str:
    """The displayed number, if its format adds zeros, or is the one of an entered power: 1E5, 0042."""
    if abs(value) >= 10**_KEPT_DIGITS:
        digits, power = f"{value:.{_KEPT_DIGITS - 1}E}".split("E")
        return f"{digits.rstrip('0').rstrip('.')}E{power}"
    if _POWER.fullmatch(number_format) and float(displayed := f"{value:.2E}") == value and value % 10 == 0:
        return displayed
    if not float(value).is_integer():
        return str(value)
    zeros = _ZEROS.match(number_format) if value >= 0 else None
    return str(int(value)).zfill(len(zeros[0]) if zeros else 0)
