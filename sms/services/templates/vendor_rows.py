"""Reads a vendor's list of texts, pasted or as a file: its rows, and what each column contains.

Columns are recognized by their headers in six languages, else by their values. Staff may choose others.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from providers.marking import N_
from sms.domain.matching.identifiers import ascii_words
from sms.domain.matching.recognition import readings
from sms.services.table_files.rows import Line, lines_of, lines_of_text
from sms.services.table_files.text import TableFileError

MOST_BYTES = 1024 * 1024
MOST_ROWS = 2000
ROLES = ("text", "id", "name", "status")

_HEADS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "status": (("status", "veziyyet", "sostoyan", "trang_thai"), ("durum", "durumu", "stare", "state", "hal")),
    "id": (
        ("identif", "ident_"),
        ("id", "kod", "kodu", "code", "cod", "nomer", "nomre", "nomresi", "number", "no", "nr", "ma", "numara"),
    ),
    "name": (
        ("nazvan", "baslig", "basliq", "denumir", "naimenov"),
        ("name", "title", "ad", "adi", "baslik", "ten", "nume", "imya", "tema"),
    ),
    "text": (
        ("metn", "text", "tekst", "mesaj", "message", "soobshch", "content", "continut", "noi_dung", "tin_nhan"),
        ("body", "template", "sablon", "shablon", "mau", "sms", "metin", "mau_tin"),
    ),
}
"""Beginnings and whole words of a column's header in ASCII. `Template ID` is an id, so that ids come before texts."""
_APPROVED = re.compile(
    r"(?:approved|active|activated|ok"
    r"|tesdiql(?:i|enib|endi|enmis(?:dir)?)|tesdiq_(?:edil|olun)(?:ib|ub|di|du|mis(?:dir)?|mus(?:dur)?)"
    r"|aktiv(?:dir|lesdirilib)?|onayl(?:i|andi|anmis(?:tir)?)|onay_verildi|aktif(?:tir)?"
    r"|odobren(?:[aoy]|nyy)?|utverzhden(?:[aoy]|nyy)?|aktiv(?:en|n[ao]|nyy)"
    r"|aprobat[aei]?|activ(?:at)?a?|(?:da_)?(?:duoc_)?(?:phe_)?duyet)(?P<more>_.*)?"
)
"""Whole words in ASCII: “approval pending” or “təsdiqlənməyib” (not approved) begin alike."""
_YES = frozenset(["true", "yes", "1", "beli", "he", "evet", "da", "co", "dogru", "istina", "adevarat", "wahr", "vrai"])
"""In ASCII. A spreadsheet writes TRUE in its language."""
_NOT = frozenset(("not", "no", "pending", "deyil", "degil", "ne", "nu"))
_NO_STATE = "—"
_NUMBERING = re.compile(r"\s*\d{1,4}[.)]\s+(?P<text>\S.*)", re.DOTALL)
_ID_FIRST = re.compile(
    r"\s*(?P<id>\d{1,30}|[A-Za-z]*[-_]?\d[\w.-]{0,40}|[A-Z][A-Z0-9]*_[A-Z0-9_]{1,60})"
    r"(?:\s*[:;|=\t]\s*|\s+[-–—]\s+|\s+)(?P<text>\S.*)",
    re.DOTALL,
)
_TABBED = re.compile(r'(?:"(?P<quoted>(?:[^"]++|"")*+)"|(?P<plain>[^\t\n]*))(?P<end>[\t\n]|\Z)')
"""A pasted cell. One with quotation marks only inside, or at one end, has them in its text."""
_QUOTED = re.compile(r""""([^"]*)"|“([^“”]*)”|«([^«»]*)»|„([^„“”]*)[“”]|'((?:[^']|(?<=\w)'(?=\w))*)'""")


@dataclass(frozen=True, slots=True)
class VendorRow:
    line: int
    text: str
    vendor_template: str = ""
    name: str = ""
    status: str = ""

    @property
    def is_approved(self) -> bool:
        """Whether the text is approved according to the list. All texts of a list without a status column are."""
        words = ascii_words(self.status)
        return not self.status or (_APPROVED.fullmatch(words) is not None and _NOT.isdisjoint(words.split("_")))


@dataclass(slots=True)
class VendorRows:
    """The rows as cells, and which column has which role; -1 for none."""

    lines: list[Line]
    columns: dict[str, int] = field(default_factory=dict)
    has_head: bool = False

    @property
    def head(self) -> list[str]:
        """Each column's name for staff: its header, or its first value."""
        first = self.lines[0].cells if self.lines else []
        width = max((len(line.cells) for line in self.lines), default=0)
        return [first[place].strip() if place < len(first) else "" for place in range(width)]

    def rows(self) -> list[VendorRow]:
        """The rows with a text. A cell that is missing at a row's end is empty."""
        body = self.lines[1:] if self.has_head else self.lines
        found = [VendorRow(line.number, *(self._cell(line, role) for role in ROLES)) for line in body]
        if any(row.status for row in found):
            found = [replace(row, status=self._state(row.status)) for row in found]
        return [row for row in found if row.text]

    def _state(self, cell: str) -> str:
        """A column “Approved” has a yes or a no: the state of a yes is the column's name."""
        name = self.head[self.columns["status"]] if self.has_head else ""
        is_yes = _is_state(name) and ascii_words(cell) in _YES
        return name if is_yes else cell or _NO_STATE

    def _cell(self, line: Line, role: str) -> str:
        place = self.columns.get(role, -1)
        cell = line.cells[place] if 0 <= place < len(line.cells) else ""
        return cell.replace("\r\n", "\n").replace("\r", "\n").strip()


def of_file(data: bytes) -> VendorRows:
    """The rows of a CSV file or workbook. Raises TableFileError."""
    return _with_columns(lines_of(data, most_bytes=MOST_BYTES, most_rows=MOST_ROWS, heads=1))


def of_pasted(text: str, *, is_one: bool = False) -> VendorRows:
    """The rows of a pasted text: one text, a table, or one text per line. Raises TableFileError."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise TableFileError(
            1,
            N_("the text has more than {most_bytes:,} bytes; paste it in several steps.").format(most_bytes=MOST_BYTES),
        )
    if is_one:
        return VendorRows([Line(1, [_unquoted(text.strip())])] if text.strip() else [], {"text": 0})
    table = _table(text)
    return _with_columns(table) if table else _of_lines(text)


def _table(text: str) -> list[Line]:
    """The cells of a pasted table: tab-separated as spreadsheets copy it, or CSV with headers or equal rows."""
    if "\t" in text:
        rows = enumerate(_tabbed(text), 1)
        return _checked([Line(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)])
    first = text.partition("\n")[0]
    heads = next((cells for sign in ";|," if _text_column(cells := first.split(sign)) and len(cells) > 1), None)
    is_even = any(_has_equal_cells(text, sign) for sign in ";|")
    return lines_of_text(text, most_rows=MOST_ROWS, heads=1) if heads or is_even else []


def _tabbed(text: str) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    for found in _TABBED.finditer(text):
        quoted = found["quoted"]
        rows[-1].append(found["plain"] if quoted is None else quoted.replace('""', '"'))
        if not found["end"]:
            break
        if found["end"] == "\n":
            rows.append([])
    return rows


def _checked(lines: list[Line]) -> list[Line]:
    if len(lines) > MOST_ROWS + 1:
        raise TableFileError(
            lines[MOST_ROWS].number,
            N_("the most is {most_rows:,} rows; paste the list in several steps.").format(most_rows=MOST_ROWS),
        )
    return lines


def _text_column(cells: Sequence[str]) -> bool:
    return "text" in {role_of(cell) for cell in cells}


def _has_equal_cells(text: str, sign: str) -> bool:
    counts = {len(row) for row in csv.reader(io.StringIO(text), delimiter=sign) if row}
    return len(counts) == 1 and counts.pop() > 1


def _of_lines(text: str) -> VendorRows:
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    _checked([Line(number, []) for number, _ in lines])
    if lines and all(_NUMBERING.fullmatch(line) for _, line in lines):
        lines = [(number, _NUMBERING.sub(r"\g<text>", line)) for number, line in lines]
    found = [_ID_FIRST.fullmatch(line) for _, line in lines]
    if lines and all(found) and len({each["id"] for each in found if each}) == len(found):
        cells = [
            Line(number, [each["id"], _unquoted(each["text"])])
            for (number, _), each in zip(lines, found, strict=True)
            if each
        ]
        return VendorRows(cells, {"id": 0, "text": 1})
    return VendorRows([Line(number, [_unquoted(line)]) for number, line in lines], {"text": 0})


def _unquoted(text: str) -> str:
    quoted = _QUOTED.fullmatch(text.strip())
    return next(filter(None, quoted.groups()), "") if quoted else text


# --- which column is what -----------------------------------------------------------------------


def role_of(head: str) -> str:
    """A column's role according to its header, or "" if the header is not recognized."""
    name = ascii_words(head)
    words = name.split("_")
    if not name or len(words) > 4:
        return ""
    for role, (beginnings, whole) in _HEADS.items():
        if any(word in whole for word in (*words, name)) or any(word.startswith(beginnings) for word in (*words, name)):
            return role
    return "status" if _is_state(head) else ""


def _is_state(head: str) -> bool:
    """Whether a column's name is a state itself. “Approved by” is none."""
    found = _APPROVED.fullmatch(ascii_words(head))
    return found is not None and not found["more"]


def _with_columns(lines: list[Line]) -> VendorRows:
    rows = VendorRows(lines)
    if not lines:
        return rows
    roles = [role_of(cell) for cell in lines[0].cells]
    if "text" in roles and not readings_are_placeholders(lines[0].cells):
        rows.has_head = True
        rows.columns = {role: roles.index(role) for role in ROLES if role in roles}
        ids = [place for place, role in enumerate(roles) if role == "id" and not _counts_rows(lines[1:], place)]
        rows.columns |= {"id": ids[-1]} if ids else {}
        return rows
    rows.columns = _by_content([line.cells for line in lines])
    return rows


def _counts_rows(lines: Sequence[Line], place: int) -> bool:
    """Whether a column numbers the rows from 1."""
    cells = [line.cells[place].strip() if place < len(line.cells) else "" for line in lines]
    return cells == [str(number) for number in range(1, len(cells) + 1)]


def readings_are_placeholders(cells: Iterable[str]) -> bool:
    """Whether a cell contains a placeholder, which means that it is a text and not a header."""
    return any(readings(cell)[0].placeholders for cell in cells if cell.strip())


def _by_content(rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """The text is the longest column. The id is a column of short values without blanks or duplicates."""
    width = max(map(len, rows))
    columns = [[row[place].strip() if place < len(row) else "" for row in rows] for place in range(width)]
    text = max(range(width), key=lambda place: sum(map(len, columns[place])))
    ids = [place for place in range(width) if place != text and _are_ids(columns[place])]
    return {"text": text, **({"id": ids[0]} if ids else {})}


def _are_ids(cells: Sequence[str]) -> bool:
    return len(set(cells)) == len(cells) and all(
        cell and len(cell) <= 64 and not re.search(r"\s", cell) for cell in cells
    )
