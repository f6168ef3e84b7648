"""Detects a table file's type and encoding from its bytes, and decodes it. What is not certain is rejected."""

from __future__ import annotations

import codecs
import io
import re
import zipfile

from providers.marking import N_

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),  # begins as UTF-16's mark does, so it comes first
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_CODE_PAGES = ("windows-1254", "windows-1250", "windows-1251", "windows-1252", "windows-1258")
"""Of Turkish and Azerbaijani, Romanian, Russian, Western European and Vietnamese spreadsheets."""
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0", N_("an Excel 97-2003 workbook (.xls) or one with a password")),
    (b"%PDF-", N_("a PDF document")),
    (b"{\\rtf", N_("a rich text document (.rtf)")),
    (b"\x1f\x8b", N_("a gzip archive")),
    (b"Rar!", N_("a RAR archive")),
    (b"7z\xbc\xaf", N_("a 7-Zip archive")),
    (b"\x89PNG", N_("a picture (PNG)")),
    (b"\xff\xd8\xff", N_("a picture (JPEG)")),
    (b"SQLite format 3", N_("an SQLite database")),
)
_MARKUP = (
    (re.compile(r"(?i)\s*<(?:!doctype html|html|head|meta|body|table)\b"), N_("a web page (HTML)")),
    (re.compile(r"(?i)\s*<\?xml"), N_("an XML file")),
    (re.compile(r"(?i)mime-version:"), N_("a web archive (MHTML)")),
    (re.compile(r"ID;P"), N_("a SYLK file")),
    (re.compile(r'\s*(?:\[\s*)?\{\s*"'), N_("a JSON file")),
)
_CONTENTS = (
    ("word/", N_("a Word document (.docx)")),
    ("Index/", N_("a Numbers spreadsheet (.numbers)")),
)
_SAMPLE = 8
"""Bytes at the start, to detect UTF-16 without a byte order mark."""
SAVE_AS = N_("Save it as “CSV UTF-8”.")


class TableFileError(ValueError):
    """The file can't be read as a table. `line` is 1 if the whole file is the problem."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def text_of(data: bytes) -> str:
    """The text without its byte order mark. Raises TableFileError."""
    if kind := _kind(data):
        words = N_("the file is {kind_text}, not CSV.").format(kind_text=kind)
        raise TableFileError(1, f"{words} {SAVE_AS}")
    text = _decoded(data)
    for pattern, kind in _MARKUP:
        if pattern.match(text):
            raise TableFileError(
                1,
                N_("the file is {kind_text}, not CSV. Open it in a spreadsheet and save it as “CSV UTF-8”.").format(
                    kind_text=kind
                ),
            )
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        words = N_("holds a NUL character (U+0000), which no text has.")
        raise TableFileError(line, f"{words} {SAVE_AS}")
    return text


def _kind(data: bytes) -> str:
    """The type of a file whose first bytes show that it is not text."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(data)
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "")


def _archive(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        names = []
    if "mimetype" in names or b"application/vnd.oasis.opendocument" in data[:200]:
        return N_("an OpenDocument file (.ods)")
    for folder, kind in _CONTENTS:
        if any(name.startswith(folder) for name in names):
            return kind
    return N_("a ZIP archive, such as a damaged workbook")


def _decoded(data: bytes) -> str:
    encoding, name, body = _encoding(data)
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        at = error.start + len(data) - len(body)
        if encoding == "utf-8":
            raise TableFileError(data[:at].count(b"\n") + 1, _not_utf8(data, at)) from error
        line = body[: error.start].decode(encoding, "replace").count("\n") + 1
        words = N_("byte {at} of the file is not {name}: is the file complete?").format(at=at + 1, name=name)
        raise TableFileError(line, f"{words} {SAVE_AS}") from error


def _encoding(data: bytes) -> tuple[str, str, bytes]:
    """The encoding, its usual name, and the bytes after the byte order mark."""
    for mark, encoding, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding, name, data[len(mark) :]
    start = data[:_SAMPLE]
    even, odd = start[::2], start[1::2]
    if len(start) >= 4 and not any(odd) and all(even):
        return "utf-16-le", "UTF-16", data
    if len(start) >= 4 and not any(even) and all(odd):
        return "utf-16-be", "UTF-16", data
    return "utf-8", "UTF-8", data


def _not_utf8(data: bytes, at: int) -> str:
    """Names the letter that the byte is in each code page, so that the author can tell the right one."""
    byte = data[at : at + 1]
    letters: dict[str, list[str]] = {}
    for page in _CODE_PAGES:
        letter = byte.decode(page, "ignore")
        if letter.isprintable() and letter:
            letters.setdefault(letter, []).append(page)
    guesses = ", ".join(f"{letter} ({', '.join(pages)})" for letter, pages in letters.items())
    words = N_("byte {at} of the file (0x{byte}) is not UTF-8.").format(at=at + 1, byte=byte.hex().upper())
    seems = N_("The file seems to be in a Windows code page, where it is {guesses}.")
    return " ".join([words, *([seems.format(guesses=guesses)] if guesses else []), SAVE_AS])
