"""Cells of a CSV that a spreadsheet can open without running anything in it, and how they are read back."""

from __future__ import annotations

import re
from typing import Any

from sms.domain.text import visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"\+[0-9•]{7,20}")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")
# A backslash that is the text's own, where it would be taken for the start of an escape.
_BACKSLASH = r"\u005c"
_MARKED = re.compile(r"\\u005c(?=u[0-9a-f]{4}|U[0-9a-f]{8})")


def safe(value: Any) -> str:
    """A cell: hidden characters as escapes; what a spreadsheet would run begins with an apostrophe.

    A phone number stays as it is: digits behind a plus run nothing.
    """
    text = "" if value is None else visible(str(value))
    return f"'{text}" if _would_run(text) else text


def exact(text: str) -> str:
    """The text so marked that `original` tells its own backslashes from escapes; `safe` comes after it."""
    return _ESCAPE.sub(lambda found: _BACKSLASH + found[0][1:], text)


def original(cell: str) -> str:
    """What `safe` of `exact` made this cell of, even if a spreadsheet wrote its line ends as CR LF."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    text = text[1:] if text.startswith("'") and _would_run(text) else text
    return "\\".join(unescaped(part) for part in _MARKED.split(text))


def unescaped(text: str) -> str:
    r"""Escapes that `visible` shows (`\u202e`) are the characters again; any other stays as it is."""
    return _ESCAPE.sub(_character, text)


def _would_run(text: str) -> bool:
    """Apostrophes in front don't count: a text's own one gets one more, so that taking one away gives it back."""
    bare = text.lstrip("'")
    return not _NUMBER.fullmatch(bare) and (bare.startswith(_FORMULA) or bare.lstrip().startswith(_FORMULA))


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2], 16)
    if code > 0x10FFFF:
        return found[0]
    return chr(code) if visible(chr(code)) == found[0] else found[0]
