"""Table files that people import: from bytes to rows of cells, and to rows under the names of their columns.

Whatever a spreadsheet program writes is read; what can't be read is a mistake with its line and value, and nothing of
the file is left out without one. Only this module knows the file formats.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sms.domain.text import visible

from .text import TableFileError, text_of
from .workbook import is_workbook
from .workbook import rows as workbook_rows

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"""(?i)\s*["']?sep=(?P<sign>\\t|[^\r\n"'])["']?[;,\t]*(?:\r\n|\r|\n|\Z)""")
_LONGEST_SHOWN = 40
_AROUND_A_NAME = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` is the row as a spreadsheet counts it, the first being 1; `column` may be empty."""

    line: int
    column: str
    words: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.words}"


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: Mapping[str, str]


@dataclass(slots=True)
class Table:
    rows: list[Row] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def refuse(self, line: int, words: str) -> None:
        self.mistakes.append(Mistake(line, "", words))


@dataclass(frozen=True, slots=True)
class Line:
    """A row that is not empty."""

    number: int
    cells: list[str]


def lines_of(data: bytes, *, most_bytes: int, most_rows: int, heads: int = 0) -> list[Line]:
    """The rows of a file that are not empty, `heads` of them beside the most. Raises TableFileError."""
    if len(data) > most_bytes:
        raise TableFileError(1, f"the file has {len(data):,} bytes; the most is {most_bytes:,}. Split the file.")
    if is_workbook(data):
        return _bounded((Line(number, cells) for number, cells in workbook_rows(data)), most_rows, heads)
    return lines_of_text(text_of(data), most_rows=most_rows, heads=heads)


def lines_of_text(text: str, *, most_rows: int, heads: int = 0) -> list[Line]:
    """The rows of a text, such as one that somebody pasted. Raises TableFileError."""
    lines = _bounded(_parsed(*_delimited(text)), most_rows, heads)
    if _is_quoted_as_a_whole(lines):
        return lines_of_text("\n".join(_one_cell_each(lines)), most_rows=most_rows, heads=heads)
    return lines


def _bounded(found: Iterable[Line], most_rows: int, heads: int) -> list[Line]:
    lines = list(islice(found, most_rows + heads + 1))
    if len(lines) > most_rows + heads:
        raise TableFileError(lines[-1].number, f"the most is {most_rows:,} rows; split the file.")
    return lines


def read(
    data: bytes,
    columns: Sequence[str],
    *,
    optional: Sequence[str] = (),
    most_bytes: int,
    most_rows: int,
    as_value: Callable[[str], str] = str,
) -> Table:
    """The rows of a file whose first row names these columns, in any order.

    Cells missing at a row's end are empty, and so are those of `optional` columns that the file leaves out.
    """
    table = Table()
    try:
        lines = lines_of(data, most_bytes=most_bytes, most_rows=most_rows, heads=1)
    except TableFileError as error:
        table.refuse(error.line, error.words)
        return table
    head = lines[0] if lines else Line(1, [])
    names = [column_name(cell) for cell in head.cells]
    _check_head(table, head.number, names, columns, optional)
    blank = dict.fromkeys((*filter(None, names), *optional), "")
    for line in lines[1:] if not table.mistakes else ():
        _take(table, line, names, dict(blank), as_value)
    return table


def column_name(cell: str) -> str:
    """The name without what spreadsheets and people change: letter case, blanks, quotes, a Turkish I."""
    text = "".join(character for character in unicodedata.normalize("NFKC", cell) if character.isprintable())
    text = text.strip().strip(_AROUND_A_NAME).strip().replace("\u0130", "i").replace("\u0131", "i")
    return re.sub(r"[\s_-]+", "_", text.casefold())


def shown(value: str) -> str:
    """A cell's value in a mistake: its start, with hidden characters visible."""
    text = visible(value.strip())
    return f"“{text[:_LONGEST_SHOWN]}{'…' if len(text) > _LONGEST_SHOWN else ''}”"


# --- from text to rows ------------------------------------------------------------------


def _delimited(text: str) -> tuple[str, str]:
    """The text without a `sep=` line, and what parts its cells."""
    if line := _SEPARATOR_LINE.match(text):
        return text[line.end() :], "\t" if line["sign"] == "\\t" else line["sign"]
    return text, _delimiter(text)


def _delimiter(text: str) -> str:
    """The one that parts the first row that any of them parts into the most cells."""
    readers = [csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for delimiter in _DELIMITERS]
    try:
        for records in zip(*readers, strict=False):
            widest = max(records, key=len)
            if len(widest) > 1:
                return _DELIMITERS[records.index(widest)]
    except csv.Error:  # what is wrong is said when the rows are read
        pass
    return _DELIMITERS[0]


def _parsed(text: str, delimiter: str) -> Iterator[Line]:
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if any(cell.strip() for cell in cells):
                yield Line(number, cells)
    except csv.Error as error:
        raise TableFileError(
            number + 1, f"this is no CSV ({error}). Is a quotation mark missing or too many?"
        ) from error


def _is_quoted_as_a_whole(lines: list[Line]) -> bool:
    """A program that took each row for one cell has put quotes around it and doubled those inside."""
    cells = [_only_cell(line) for line in lines]
    return bool(cells) and all(cells) and any(sign in cells[0] for sign in _DELIMITERS)


def _only_cell(line: Line) -> str:
    filled = [cell for cell in line.cells if cell.strip()]
    return filled[0] if len(filled) == 1 else ""


def _one_cell_each(lines: list[Line]) -> Iterator[str]:
    """The only cells, each in its own place, so that the rows keep their numbers."""
    cells = {line.number: _only_cell(line) for line in lines}
    return (cells.get(number, "") for number in range(1, lines[-1].number + 1))


# --- from rows to columns ---------------------------------------------------------------


def _check_head(table: Table, line: int, names: list[str], columns: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in columns if name not in (*names, *optional)]
    unknown = [visible(name)[:_LONGEST_SHOWN] for name in names if name and name not in columns]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    faults = (("is missing", missing), ("is not known", unknown), ("stands there twice", twice))
    for words, found in faults:
        if found:
            table.refuse(line, f"{', '.join(found)} {words}. The columns are {', '.join(columns)}.")


def _take(table: Table, line: Line, names: list[str], cells: dict[str, str], as_value: Callable[[str], str]) -> None:
    """Fill the row's blank cells."""
    for place, cell in enumerate(line.cells):
        name = names[place] if place < len(names) else ""
        if name:
            cells[name] = as_value(cell)
        elif cell.strip():
            words = f"{shown(cell)} stands in column {place + 1}, which has no name in the first row."
            table.refuse(line.number, f"{words} Is a quotation mark missing?")
            return
    table.rows.append(Row(line.number, cells))
