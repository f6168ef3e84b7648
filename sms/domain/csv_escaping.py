"""Escapes CSV cells so that a spreadsheet runs no formula in them, and converts them back."""

from __future__ import annotations

import re
from typing import Any

from sms.domain.text import visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"\+[0-9•]{7,20}")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")
# A literal backslash, where it would be read as the start of an escape.
_BACKSLASH = r"\u005c"
_MARKED = re.compile(r"\\u005c(?=u[0-9a-f]{4}|U[0-9a-f]{8})")


def safe(value: Any) -> str:
    """A cell with hidden characters as escapes. An apostrophe precedes what a spreadsheet would run as a formula.

    A phone number is not changed: a plus with digits is no formula.
    """
    text = "" if value is None else visible(str(value))
    return f"'{text}" if _would_run(text) else text


def exact(text: str) -> str:
    """The text with its backslashes marked, so that `original` can tell them from escapes. Apply `safe` afterwards."""
    return _ESCAPE.sub(lambda found: _BACKSLASH + found[0][1:], text)


def original(cell: str) -> str:
    """The text from which `safe(exact(text))` made this cell, also if a spreadsheet changed line ends to CR LF."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    text = text[1:] if text.startswith("'") and _would_run(text) else text
    return "\\".join(unescaped(part) for part in _MARKED.split(text))


def unescaped(text: str) -> str:
    r"""Convert escapes that `visible` shows (`\u202e`) back to characters; other escapes are not changed."""
    return _ESCAPE.sub(_character, text)


def _would_run(text: str) -> bool:
    """Leading apostrophes are ignored: a text that begins with one gets another, so that removing one restores it."""
    bare = text.lstrip("'")
    return not _NUMBER.fullmatch(bare) and (bare.startswith(_FORMULA) or bare.lstrip().startswith(_FORMULA))


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2], 16)
    if code > 0x10FFFF:
        return found[0]
    return chr(code) if visible(chr(code)) == found[0] else found[0]
