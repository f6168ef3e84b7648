"""Templates with their approvals as a table: one row per template and approval, for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from sms.domain.cells import exact, original
from sms.domain.text import visible
from sms.models import MessageTemplate, TemplateApproval

from .approvals import vendor_text

COLUMNS = ("name", "body", "placeholders", "provider", "vendor_template", "parameters", "text", "status", "note")
APPROVAL = COLUMNS[3:]
OPTIONAL = ("text",)
"""Columns that a file may leave out."""
MOST_BYTES = 1024 * 1024
MOST_ROWS = 10_000
_AT_ONCE = 500
"""Templates read from the database at a time."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` is the row as a spreadsheet counts it, the head being 1; `column` may be empty."""

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


def rows() -> Iterator[tuple[str, ...]]:
    """Every template with each of its approvals. The cells are still to be made safe (`sms.domain.cells.safe`)."""
    approvals = TemplateApproval.objects.select_related("provider", "version").defer("provider__credentials")
    templates = MessageTemplate.objects.order_by("name").prefetch_related(
        Prefetch("approvals", queryset=approvals.order_by("provider__slug"))
    )
    for template in templates.iterator(chunk_size=_AT_ONCE):
        own = (template.name, template.body, _json(template.placeholders))
        for each in template.approvals.all() or (None,):
            yield tuple(exact(cell) for cell in (*own, *_approval(template, each)))


def _approval(template: MessageTemplate, approval: TemplateApproval | None) -> tuple[str, ...]:
    if approval is None:
        return ("",) * len(APPROVAL)
    parameters, text = _json(approval.parameters), written_text(template, approval)
    return (approval.provider.slug, approval.vendor_template, parameters, text, approval.status, approval.note)


def written_text(template: MessageTemplate, approval: TemplateApproval) -> str:
    """The vendor's text where it is not the template's text of now; else the file would join its id to another text."""
    if not approval.text and approval.version_id in (None, template.current_version_id):
        return ""
    return vendor_text(approval)


def _json(value: Any) -> str:
    """Letters stay letters: people read it."""
    return json.dumps(value, ensure_ascii=False) if value else ""


def read(data: bytes) -> Table:
    """The rows of a file in UTF-8, its cells parted by commas or semicolons; what can't be read is a mistake."""
    table = Table()
    if len(data) > MOST_BYTES:
        return _refused(table, 1, f"the file has {len(data):,} bytes; the most is {MOST_BYTES:,}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return _refused(table, line, f"byte {error.start + 1} of the file is no UTF-8; save it as “CSV UTF-8”.")
    return _read(table, text)


def _read(table: Table, text: str) -> Table:
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        head = [cell.strip() for cell in next(reader, [])]
        if _check_head(table, head):
            for line, cells in enumerate(reader, 2):
                if line > MOST_ROWS + 1:
                    return _refused(table, line, f"the most is {MOST_ROWS:,} rows below the head; part the file.")
                _take(table, line, head, cells)
    except csv.Error as error:
        return _refused(table, line + 1, f"this is no CSV ({error}).")
    return table


def _check_head(table: Table, head: list[str]) -> bool:
    missing = [name for name in COLUMNS if name not in (*head, *OPTIONAL)]
    unknown = [visible(name)[:40] for name in head if name not in COLUMNS]
    twice = sorted({name for name in head if head.count(name) > 1} - {""})
    faults = (("is missing", missing), ("is not known", unknown), ("stands there twice", twice))
    for words, names in faults:
        if names:
            _refused(table, 1, f"{', '.join(names)} {words}. The columns are {', '.join(COLUMNS)}.")
    return not table.mistakes


def _take(table: Table, line: int, head: list[str], cells: list[str]) -> None:
    if not any(cell.strip() for cell in cells):
        return  # an empty line
    if len(cells) != len(head):
        _refused(table, line, f"has {len(cells)} cells; the head has {len(head)}.")
        return
    absent = dict.fromkeys(OPTIONAL, "")
    table.rows.append(Row(line, absent | {name: original(cell) for name, cell in zip(head, cells, strict=True)}))


def _refused(table: Table, line: int, words: str) -> Table:
    table.mistakes.append(Mistake(line, "", words))
    return table
