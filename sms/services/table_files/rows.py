"""Reads a table file into rows of cells, or into rows with named columns.

It accepts what spreadsheet programs write. Each part that it can't read is an issue with its line and value.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from providers.marking import N_
from sms.domain.text import visible

from .text import TableFileError, text_of

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"""(?i)\s*["']?sep=(?P<sign>\\t|[^\r\n"'])["']?[;,\t]*(?:\r\n|\r|\n|\Z)""")
_CONSTANT = re.compile(r"""\s*="((?:[^"]|"")+)"\s*""")
_MAX_SHOWN = 40
_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"


@dataclass(frozen=True, slots=True)
class RowIssue:
    """`line` is the number of the row in a spreadsheet, from 1; `column` may be empty."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        words = N_("line {line}, {column}: {message_text}") if self.column else N_("line {line}: {message_text}")
        return words.format(line=self.line, column=self.column, message_text=self.message)


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: Mapping[str, str]


@dataclass(slots=True)
class Table:
    rows: list[Row] = field(default_factory=list)
    mistakes: list[RowIssue] = field(default_factory=list)

    def refuse(self, line: int, message: str) -> None:
        self.mistakes.append(RowIssue(line, "", message))


@dataclass(frozen=True, slots=True)
class Line:
    """A row that is not empty."""

    number: int
    cells: list[str]


def lines_of(data: bytes, *, most_bytes: int, most_rows: int, heads: int = 0) -> list[Line]:
    """The rows of a file that are not empty: at most `most_rows`, and `heads` more. Raises TableFileError."""
    if len(data) > most_bytes:
        raise TableFileError(
            1,
            N_("the file has {count:,} bytes; the most is {most_bytes:,}. Split the file.").format(
                count=len(data), most_bytes=most_bytes
            ),
        )
    from . import workbook  # here, because openpyxl would delay the start of every process

    if workbook.is_workbook(data):
        return _bounded((Line(number, cells) for number, cells in workbook.rows(data)), most_rows, heads)
    return lines_of_text(text_of(data), most_rows=most_rows, heads=heads)


def lines_of_text(text: str, *, most_rows: int, heads: int = 0) -> list[Line]:
    """The rows of a text, such as a pasted one. Raises TableFileError."""
    lines = _bounded(_parsed(*_delimited(text)), most_rows, heads)
    if _has_quoted_rows(lines):
        return lines_of_text("\n".join(_unquoted_rows(lines)), most_rows=most_rows, heads=heads)
    return lines


def _bounded(found: Iterable[Line], most_rows: int, heads: int) -> list[Line]:
    lines = list(islice(found, most_rows + heads + 1))
    if len(lines) > most_rows + heads:
        raise TableFileError(
            lines[-1].number, N_("the most is {most_rows:,} rows; split the file.").format(most_rows=most_rows)
        )
    return lines


def read_table(
    data: bytes,
    columns: Sequence[str],
    *,
    optional: Sequence[str] = (),
    most_bytes: int,
    most_rows: int,
    as_value: Callable[[str], str] = str,
) -> Table:
    """The rows of a file whose first row names these columns, in any order.

    Missing cells at the end of a row are empty, and so are those of missing `optional` columns.
    """
    table = Table()
    try:
        lines = lines_of(data, most_bytes=most_bytes, most_rows=most_rows, heads=1)
    except TableFileError as error:
        table.refuse(error.line, error.message)
        return table
    head = lines[0] if lines else Line(1, [])
    names = [column_name(cell) for cell in head.cells]
    _check_head(table, head.number, names, columns, optional)
    blank = dict.fromkeys((*filter(None, names), *optional), "")
    for line in lines[1:] if not table.mistakes else ():
        _add_row(table, line, names, dict(blank), as_value)
    return table


def column_name(cell: str) -> str:
    """The name without differences in letter case, spaces, quotes, and dotted or dotless I."""
    text = "".join(character for character in unicodedata.normalize("NFKC", cell) if character.isprintable())
    text = text.strip().strip(_QUOTES).strip().replace("\u0130", "i").replace("\u0131", "i")
    return re.sub(r"[\s_-]+", "_", text.casefold())


def shown(value: str) -> str:
    """The start of a cell's value for a message, with hidden characters visible."""
    text = visible(value.strip())
    return f"“{text[:_MAX_SHOWN]}{'…' if len(text) > _MAX_SHOWN else ''}”"


# --- from text to rows ------------------------------------------------------------------


def _delimited(text: str) -> tuple[str, str]:
    """The text without a `sep=` line, and its delimiter."""
    if line := _SEPARATOR_LINE.match(text):
        return text[line.end() :], "\t" if line["sign"] == "\\t" else line["sign"]
    return text, _delimiter(text)


def _delimiter(text: str) -> str:
    """The delimiter that gives most cells, in the first row where any gives several."""
    readers = [csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for delimiter in _DELIMITERS]
    try:
        for records in zip(*readers, strict=False):
            widest = max(records, key=len)
            if len(widest) > 1:
                return _DELIMITERS[records.index(widest)]
    except csv.Error:  # reported when the rows are read
        pass
    return _DELIMITERS[0]


def _parsed(text: str, delimiter: str) -> Iterator[Line]:
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if any(cell.strip() for cell in cells):
                yield Line(number, [_constant(cell) for cell in cells])
    except csv.Error as error:
        raise TableFileError(
            number + 1,
            N_("this is no CSV ({error_text}). Is a quotation mark missing or too many?").format(error_text=error),
        ) from error


def _constant(cell: str) -> str:
    """The text in a formula `="0042"`, which keeps a spreadsheet from making a number of it."""
    found = _CONSTANT.fullmatch(cell)
    return found[1].replace('""', '"') if found else cell


def _has_quoted_rows(lines: list[Line]) -> bool:
    """Whether a program has written each row as one quoted cell, with the inner quotes doubled."""
    cells = [_only_cell(line) for line in lines]
    return bool(cells) and all(cells) and any(sign in cells[0] for sign in _DELIMITERS)


def _only_cell(line: Line) -> str:
    filled = [cell for cell in line.cells if cell.strip()]
    return filled[0] if len(filled) == 1 else ""


def _unquoted_rows(lines: list[Line]) -> Iterator[str]:
    """The only cell of each row, and empty rows in between, so that the rows keep their numbers."""
    cells = {line.number: _only_cell(line) for line in lines}
    return (cells.get(number, "") for number in range(1, lines[-1].number + 1))


# --- from rows to columns ---------------------------------------------------------------


def _check_head(table: Table, line: int, names: list[str], columns: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in columns if name not in (*names, *optional)]
    unknown = [visible(name)[:_MAX_SHOWN] for name in names if name and name not in columns]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    problems = ((N_("is missing"), missing), (N_("is not known"), unknown), (N_("occurs twice"), twice))
    for problem, names_found in problems:
        if names_found:
            table.refuse(
                line,
                N_("{names_found} {problem_text}. The columns are {columns}.").format(
                    names_found=", ".join(names_found), problem_text=problem, columns=", ".join(columns)
                ),
            )


def _add_row(table: Table, line: Line, names: list[str], cells: dict[str, str], as_value: Callable[[str], str]) -> None:
    """Add a row with the values of the line in place of the blank ones."""
    for index, cell in enumerate(line.cells):
        name = names[index] if index < len(names) else ""
        if name:
            cells[name] = as_value(cell)
        elif cell.strip():
            message = N_("{cell} stands in column {index}, which has no name in the first row.").format(
                cell=shown(cell), index=index + 1
            )
            table.refuse(line.number, N_("{message_text} Is a quotation mark missing?").format(message_text=message))
            return
    table.rows.append(Row(line.number, cells))
