"""Table files as spreadsheet programs write them: accepted, or rejected with line and value."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from sms.services.table_files import rows as table_files_rows
from sms.services.table_files.rows import read_table
from sms.services.table_files.text import TableFileError
from sms.services.table_files.workbook import MAX_UNPACKED

COLUMNS = ("name", "body", "note")
BODY = "Sifarişiniz {no} yoldadır, ş ğ ə"
PLAIN = f"name,body,note\r\nkod,{BODY.replace(',', ' ')},n\r\n"
ONE = [(2, {"name": "kod", "body": "Kod: {code}", "note": "n"})]


def table(data: bytes) -> table_files_rows.Table:
    return read_table(data, COLUMNS, most_bytes=1_000_000, most_rows=1000)


def rows(data: bytes | str) -> list[tuple[int, dict[str, str]]]:
    found = table(data.encode() if isinstance(data, str) else data)
    assert [str(mistake) for mistake in found.mistakes] == []
    return [(row.line, dict(row.cells)) for row in found.rows]


def mistakes(data: bytes | str) -> list[str]:
    return [str(mistake) for mistake in table(data.encode() if isinstance(data, str) else data).mistakes]


def workbook(*lines: tuple, sheets: dict[str, list[tuple]] | None = None) -> bytes:
    made = Workbook()
    made.active.title = "Templates"
    for line in lines:
        made.active.append(line)
    for title, more in (sheets or {}).items():
        sheet = made.create_sheet(title)
        for line in more:
            sheet.append(line)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def archive(**entries: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, text in entries.items():
            made.writestr(name.replace("__", "/"), text)
    return file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "name,body,note\r\nkod,Kod: {code},n\r\n",
        "name,body,note\nkod,Kod: {code},n",
        "name,body,note\rkod,Kod: {code},n\r",
        "name,body,note\r\nkod,Kod: {code},n\nother-end,x,y\r".replace("other-end,x,y\r", ""),
        "name;body;note\r\nkod;Kod: {code};n\r\n",
        "name\tbody\tnote\r\nkod\tKod: {code}\tn\r\n",
        "name|body|note\r\nkod|Kod: {code}|n\r\n",
        "sep=;\r\nname;body;note\r\nkod;Kod: {code};n\r\n",
        "SEP=,\nname,body,note\nkod,Kod: {code},n\n",
        '"sep=;"\nname;body;note\nkod;Kod: {code};n\n',
        "sep=\t\nname\tbody\tnote\nkod\tKod: {code}\tn\n",
        "sep=\\t\nname\tbody\tnote\nkod\tKod: {code}\tn\n",
        "sep=;;;\nname;body;note\nkod;Kod: {code};n\n",
        "sep=#\nname#body#note\nkod#Kod: {code}#n\n",
        "Name,BODY,Note\nkod,Kod: {code},n\n",
        " name , body\u00a0,\tnote\nkod,Kod: {code},n\n",
        "NAME,BODY,NOTE\nkod,Kod: {code},n\n",
        '"name","body","note"\n"kod","Kod: {code}","n"\n',
        "'name','body','note'\nkod,Kod: {code},n\n",
        '"""name""","""body""","""note"""\nkod,Kod: {code},n\n',
        "“name”,«body»,note\nkod,Kod: {code},n\n",
        "\u200bname,\u202abody\u202c,note\ufeff\nkod,Kod: {code},n\n",
        "ｎａｍｅ,body,note\nkod,Kod: {code},n\n",
        "note,name,body\nn,kod,Kod: {code}\n",
        "name,body,note,,\nkod,Kod: {code},n,,\n",
        "name,body,note,,\nkod,Kod: {code},n\n",
        "name,body,note\nkod,Kod: {code},n,,,,\n",
        ",name,,body,note\n,kod,,Kod: {code},n\n",
        '"name,body,note"\n"kod,Kod: {code},n"\n',
        '"name;body;note";;\n"kod;Kod: {code};n";;\n',
        '"name,body,note"\n"kod,""Kod: {code}"",n"\n',
        'name,body,note\n"=""kod""",="Kod: {code}",n\n',
    ],
)
def test_a_table_is_read_whatever_program_wrote_it(text):
    assert rows(text) == ONE
    assert rows(b"\xef\xbb\xbf" + text.encode()) == ONE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name,body,note\n\n,,\n  , ,\nkod,x,\n\n", [(5, "kod", "x", "")]),
        ("\n,,\nname,body,note\nkod,x,y\n", [(4, "kod", "x", "y")]),
        ("name,body,note\nkod,x\nkod2\n", [(2, "kod", "x", ""), (3, "kod2", "", "")]),
        ('name,body,note\nkod,"a\nb",n\nkod2,x,\n', [(2, "kod", "a\nb", "n"), (3, "kod2", "x", "")]),
        ('name;body;note\r\nkod;"a\r\nb; c, ""d""";n\r\n', [(2, "kod", 'a\r\nb; c, "d"', "n")]),
        ("name,body,note\nkod, a ,\u00a0n\n", [(2, "kod", " a ", "\u00a0n")]),
        ("name;body;note\nkod;Hi {name}, it's 5,5 AZN;n\n", [(2, "kod", "Hi {name}, it's 5,5 AZN", "n")]),
        ("name,body,note\nkod,a\u2028b\x0bc\x85d,n\n", [(2, "kod", "a\u2028b\x0bc\x85d", "n")]),
        ('"name,body,note"\n\n"kod,""a, b"",n"\n', [(3, "kod", "a, b", "n")]),
        ("name,body,note\n", []),
    ],
)
def test_rows_keep_their_number_and_their_cells_to_the_letter(text, found):
    assert [(line, *(cells[name] for name in COLUMNS)) for line, cells in rows(text)] == found


def test_a_turkish_spreadsheets_capitals_are_the_same_names():
    found = read_table("PROVİDER,NıOTE,Vendor Template\na,b,c".encode(), ("provider", "niote", "vendor_template"),
                 most_bytes=999, most_rows=9)  # fmt: skip
    assert [dict(row.cells) for row in found.rows] == [{"provider": "a", "niote": "b", "vendor_template": "c"}]


@pytest.mark.parametrize(
    "encoded",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        b"\xff\xfe" + PLAIN.encode("utf-16-le"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-32"),
        b"\x00\x00\xfe\xff" + PLAIN.encode("utf-32-be"),
    ],
)
def test_an_encoding_that_the_bytes_tell_is_read(encoded):
    assert rows(encoded) == [(2, {"name": "kod", "body": BODY.replace(",", " "), "note": "n"})]


@pytest.mark.parametrize(
    ("letters", "encoding", "told"),
    [
        ("ş", "windows-1254", "byte 20 of the file (0xFE) is not UTF-8. The file seems to be in a Windows code page"),
        ("ş", "windows-1254", "ş (windows-1254)"),
        ("ş", "windows-1250", "ş (windows-1250)"),
        ("ц", "windows-1251", "ц (windows-1251)"),
        ("é", "windows-1252", "é (windows-1254, windows-1250, windows-1252, windows-1258)"),
        ("ơ", "windows-1258", "ơ (windows-1258)"),
        ("ț", "iso8859-16", "Save it as “CSV UTF-8”."),
        ("ş", "iso8859-9", "ş (windows-1254)"),
        ("\u00a0", "latin-1", "0xA0"),
    ],
)
def test_a_code_page_is_no_guess_but_an_error_that_names_it(letters, encoding, told):
    (found,) = mistakes(f"name,body,note\nkod,{letters},n\n".encode(encoding))
    assert found.startswith("line 2: byte 20 of the file")
    assert told in found


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "line 1: name, body, note is missing."),
        (b"\xef\xbb\xbf", "line 1: name, body, note is missing."),
        (b"\n\n,,\n", "line 1: name, body, note is missing."),
        (PLAIN.encode("utf-16")[:-1], "is not UTF-16: is the file complete?"),
        (b"\xff\xfe" + b"n\x00\x00\xd8x\x00", "byte 5 of the file is not UTF-16"),
        (PLAIN.encode() + b"kod2,\xc5", "line 3: byte "),
        ("name,body,note\nkod,a\0b,n", "line 2: holds a NUL character (U+0000)"),
        (b"PK\x03\x04 broken", "line 1: the file is a ZIP archive, such as a damaged workbook"),
        (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument file (.ods)"),
        (archive(word__document="x"), "a Word document (.docx)"),
        (archive(xl__worksheets__sheet1="x"), "line 1: the workbook can't be read (KeyError)"),
        (archive(Index__Document="x"), "a Numbers spreadsheet (.numbers)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "an Excel 97-2003 workbook (.xls)"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        ("<html><body><table><tr><td>name</td></tr></table>", "a web page (HTML), not CSV"),
        ("\ufeff \n<!DOCTYPE HTML>\n", "a web page (HTML), not CSV"),
        ("<table border=1><tr>", "a web page (HTML), not CSV"),
        (b"\xff\xfe" + "<html>".encode("utf-16-le"), "a web page (HTML), not CSV"),
        ('<?xml version="1.0"?><Workbook/>', "an XML file, not CSV"),
        ("MIME-Version: 1.0\nX-Document-Type: Workbook\n", "a web archive (MHTML)"),
        ('[{"name": "kod"}]', "a JSON file"),
        ("{\\rtf1 name,body,note}", "a rich text document"),
        ("name,body\nkod,x\n", "line 1: note is missing. The columns are name, body, note."),
        ("name,body,note,price\nkod,x,y,1\n", "line 1: price is not known."),
        ("name,body,note,Name\nkod,x,y,z\n", "line 1: name occurs twice."),
        ("name,body,note\nkod,x,y,lost\n", "line 2: “lost” stands in column 4, which has no name"),
        ("name,body,note,\n\nkod,x,y,lost\n", "line 3: “lost” stands in column 4, which has no name"),
        ('name,body,note\nkod,"x"y,z\n', "line 2: this is no CSV"),
        ('name,body,note\nkod,"x,z\n', "line 2: this is no CSV (unexpected end of data)"),
        ("name,body,note\nkod," + "x" * 140_000 + ",z\n", "line 2: this is no CSV (field larger"),
        ("name,body,note\n" + "a,b,c\n" * 1001, "line 1002: the most is 1,000 rows"),
        (b"x" * 1_000_001, "line 1: the file has 1,000,001 bytes; the most is 1,000,000."),
    ],
)
def test_what_is_no_table_is_refused_by_line_and_name(data, told):
    found = mistakes(data)
    assert any(told in mistake for mistake in found), found
    assert table(data.encode() if isinstance(data, str) else data).rows == []


# --- workbooks --------------------------------------------------------------------------


def test_a_workbook_is_read_as_its_cells_show():
    data = workbook(
        ("Name", " body", None, "NOTE"),
        (None, None, None),
        ("kod", "a\nb, \"c\"; 'd' ş ə", None, 994501234567),
        ("=1+1".replace("=", "'="), 1.5, None, True),
        (7.0, date(2026, 11, 28), None, datetime(2026, 11, 28, 9, 30)),
    )
    assert [(line, *(cells[name] for name in COLUMNS)) for line, cells in rows(data)] == [
        (3, "kod", "a\nb, \"c\"; 'd' ş ə", "994501234567"),
        (4, "'=1+1", "1.5", "TRUE"),
        (5, "7", "2026-11-28 00:00:00", "2026-11-28 09:30:00"),
    ]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (999_999_999_999_999, "999999999999999"),
        (1107161234567890123, "1.10716123456789E+18"),
        (1.10716123456789e18, "1.10716123456789E+18"),
        (-1e15, "-1E+15"),
        (1e300, "1E+300"),
    ],
)
def test_a_number_of_more_digits_than_a_spreadsheet_keeps_is_shown_as_there(number, shown):
    """Its last digits are not those that somebody entered."""
    [(_, cells)] = rows(workbook(COLUMNS, (number, "x", "y")))
    assert cells["name"] == shown


@pytest.mark.parametrize(
    ("number", "number_format", "shown"),
    [
        (42, "0000", "0042"),
        (1432, "0000", "1432"),
        (501112233, "0000000000", "0501112233"),
        (7.0, "00", "07"),
        (-7, "00", "-7"),
        (100000, "0.00E+00", "1.00E+05"),
        (42, "0.00E+00", "42"),
        (994501112233, "0.00E+00", "994501112233"),
        (1432, "#,##0", "1432"),
        (42, "General", "42"),
    ],
)
def test_a_number_is_read_with_the_zeros_and_the_power_that_its_cell_shows(number, number_format, shown):
    """A spreadsheet makes the number 100000 of an id 1E5, and shows it so."""
    made, file = Workbook(), io.BytesIO()
    made.active.append(COLUMNS)
    made.active.append((number, "x", "y"))
    made.active["A2"].number_format = number_format
    made.save(file)
    [(_, cells)] = rows(file.getvalue())
    assert cells["name"] == shown


def test_an_empty_sheet_beside_is_no_matter_and_a_second_full_one_is_refused():
    line = ("kod", "x", "y")
    assert rows(workbook(COLUMNS, line, sheets={"Empty": [], "Blank": [(None, " ")]})) == [
        (2, {"name": "kod", "body": "x", "note": "y"})
    ]
    (found,) = mistakes(workbook(COLUMNS, line, sheets={"Old": [COLUMNS, line]}))
    assert found == "line 1: the workbook has rows on the sheets “Templates” and “Old”; leave one sheet."


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([COLUMNS, ("kod", '=CONCAT("a","b")', "y")], "line 2: cell B2 holds a formula; paste its value in its place."),
        ([COLUMNS, ("kod", "x", "y", "lost")], "line 2: “lost” stands in column 4"),
        ([COLUMNS, *[("kod", "x", "y")] * 1001], "line 1002: the most is 1,000 rows"),
        ([COLUMNS, ["x"] * 300], "line 2: has 300 columns; the most is 256."),
    ],
)
def test_a_workbooks_mistakes_name_their_line(lines, told):
    (found,) = mistakes(workbook(*lines))
    assert found.startswith(told)


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", b" " * (MAX_UNPACKED + 1))
    (found,) = mistakes(file.getvalue())
    assert found.startswith("line 1: the workbook has 33,554,433 bytes unpacked; the most is")


def with_declaration(data: bytes, declaration: str) -> bytes:
    good = zipfile.ZipFile(io.BytesIO(data))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in good.namelist():
            text = good.read(name).decode()
            is_sheet = name.startswith("xl/worksheets/")
            made.writestr(name, text.replace("<worksheet", f"{declaration}<worksheet", 1) if is_sheet else text)
    return file.getvalue()


def test_a_workbook_that_declares_entities_is_refused():
    data = workbook(COLUMNS, ("kod", "x", "y"))
    assert rows(with_declaration(data, ""))
    (found,) = mistakes(with_declaration(data, '<!DOCTYPE x [<!ENTITY a "aaaa">]>'))
    assert found.startswith("line 1: the workbook can't be read")


def rewritten(data: bytes, *changes: tuple[str, str]) -> bytes:
    """The workbook with other texts in its files."""
    good, file = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in good.namelist():
            text = good.read(name).decode()
            for old, new in changes:
                text = text.replace(old, new)
            made.writestr(name, text)
    return file.getvalue()


ROW = '<row r="2"><c r="A2" t="inlineStr"><is><t>kod</t></is></c>'


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((ROW, ROW.replace("2", "2000000000")), "line 1: the workbook can't be read (row 1048577)"),
        ((ROW, f'{ROW}<c r="D2" t="e"><v>#REF!</v></c>'), "line 2: cell D2 holds a formula; paste its value"),
        (("http://schemas.openxmlformats.org/officeDocument/2006/rel", "http://purl.oclc.org/ooxml/officeDocument/rel"),
         "line 1: the workbook can't be read (Strict Open XML); save it again, or as “CSV UTF-8”."),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:File contains an invalid specification")
def test_a_workbook_that_would_be_read_wrong_or_without_end_is_refused(change, told):
    (found,) = mistakes(rewritten(workbook(COLUMNS, ("kod",)), change))
    assert found.startswith(told)


# --- in general ---------------------------------------------------------------------------


@given(st.binary())
def test_whatever_the_bytes_are_the_answer_is_rows_or_mistakes(data):
    found = table(data)
    assert found.rows == [] or found.mistakes == []


CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20).filter(
    lambda cell: not cell.lstrip().startswith('="')
)


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=5), st.sampled_from([",", ";", "\t"]), st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(lines, delimiter, has_mark):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([COLUMNS, *lines])
    data = text.getvalue().encode("utf-8-sig" if has_mark else "utf-8")
    assert [tuple(cells.values()) for _line, cells in rows(data)] == [
        line for line in lines if any(cell.strip() for cell in line)
    ]


def test_a_pasted_text_is_read_as_a_file_is():
    assert [line.cells for line in table_files_rows.lines_of_text("a\t1\r\nb\t2", most_rows=2)] == [
        ["a", "1"],
        ["b", "2"],
    ]
    with pytest.raises(TableFileError):
        table_files_rows.lines_of_text("a\nb\nc", most_rows=2)
