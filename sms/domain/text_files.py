"""Text files that people save with an editor: UTF-8 with or without a byte order mark, any line ends."""

from __future__ import annotations

import codecs

from providers.marking import N_

_WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose little-endian mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class UnreadableTextError(ValueError):
    """The file is not UTF-8. The message names the encoding or the place, and what to do."""


def decoded(content: bytes) -> str:
    """The text of a UTF-8 file, with LF as line ends and without a byte order mark. Raises UnreadableTextError."""
    wide = next((name for mark, name in _WIDE_MARKS.items() if content.startswith(mark)), None) or _unmarked(content)
    if wide:
        raise UnreadableTextError(N_("the file is {wide}; save it as UTF-8").format(wide=wide))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        words = N_("the file is not UTF-8 (byte 0x{byte:02X} in line {line}); save it as UTF-8").format(
            byte=content[error.start], line=line
        )
        raise UnreadableTextError(words) from None
    if "\0" in text:
        raise UnreadableTextError(
            N_("line {line} holds a NUL character").format(line=text.count(chr(10), 0, text.index(chr(0))) + 1)
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unmarked(content: bytes) -> str | None:
    """UTF-16 without a byte order mark: in a file of settings every second byte of the most is zero."""
    half = len(content) // 2
    zeros = max(content[::2].count(0), content[1::2].count(0))
    return "UTF-16" if half and zeros > half // 2 else None
