"""Decodes the body of a response: content codings and character sets (RFC 9110, 8.3 and 8.4).

Requests ask for `identity`, and vendors' documents promise UTF-8. Some servers and proxies compress anyway, and some
use other charsets.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Iterator

from .base import HttpResponse

MAX_CODINGS = 3
"""The most content codings that are undone; a response with more can't be read."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP, _ZLIB, _RAW = 31, 15, -15
"""How zlib is told the format of a stream (its `wbits`)."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9][\w.:+-]*)""", re.IGNORECASE)
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Codecs of Python that are not charsets."""


class TooLongError(Exception):
    """The body is longer than the limit once it is decompressed."""


def decompressed(body: bytes, declared: str, limit: int) -> bytes | None:
    """The body without its content codings; None if one of them can't be undone. Raises TooLongError.

    `declared` is the Content-Encoding. A body that is already text is returned unchanged, whatever was declared.
    """
    codings = [name for part in declared.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if not codings and body.startswith(_GZIP_MAGIC):
        codings = ["gzip"]
    if len(codings) > MAX_CODINGS:
        return None
    for coding in reversed(codings):
        inflated = _without(coding, body, limit)
        if inflated is None:
            return None if _CONTROLS.search(body) else body
        body = inflated
    return body


def _without(coding: str, body: bytes, limit: int) -> bytes | None:
    """The body without one coding. Many servers send deflate without the zlib header, some send gzip instead."""
    if body.startswith(_GZIP_MAGIC):
        return _inflated(body, _GZIP, limit)
    if coding != "deflate":
        return None
    inflated = _inflated(body, _ZLIB, limit)
    return _inflated(body, _RAW, limit) if inflated is None else inflated


def _inflated(body: bytes, form: int, limit: int) -> bytes | None:
    """The decompressed streams of the body; None if one is incomplete, or other data than NUL padding follows."""
    whole = b""
    while True:
        stream = zlib.decompressobj(form)
        try:
            whole += stream.decompress(body, limit + 1 - len(whole))
        except zlib.error:
            return None
        if len(whole) > limit:
            raise TooLongError
        body = stream.unused_data.lstrip(b"\0")
        if not stream.eof or (body and form != _GZIP):
            return None
        if not body:
            return whole


def decoded_text(response: HttpResponse, errors: str = "replace") -> str:
    """The body as text; `errors` as in `bytes.decode`, for bytes that no charset of this response decodes."""
    for charset in _charsets(response):
        try:
            return response.body.decode(charset).removeprefix("\ufeff")
        except (LookupError, UnicodeError):
            continue
    return response.body.decode("utf-8-sig", errors)


def is_plain_utf8(response: HttpResponse) -> bool:
    """Whether the body is valid UTF-8 and is decoded as such."""
    if next(_charsets(response)) != "utf-8-sig":
        return False
    try:
        response.body.decode()
    except UnicodeError:
        return False
    return True


def _charsets(response: HttpResponse) -> Iterator[str]:
    """The charsets to try, in order.

    UTF-16 and UTF-32 show in the NUL bytes of what is ASCII in the text, whatever is declared. A body that is valid
    UTF-8 is hardly ever anything else.
    """
    body, declared = response.body, _declared(response)
    wide = 0 < len(body) <= body.count(0) * 4
    if wide and (detected := json.detect_encoding(body)) != "utf-8":
        yield detected
    if declared and (wide or declared.startswith("iso2022")):
        yield declared
    yield "utf-8-sig"
    if declared and not declared.startswith(("utf-16", "utf-32")):
        yield declared


def _declared(response: HttpResponse) -> str:
    """The charset of the Content-Type by its usual name; empty without one that we know."""
    found = _CHARSET.search(response.headers.get("content-type", ""))
    try:
        name = codecs.lookup(found[1]).name if found else ""
    except LookupError:
        return ""
    return "" if name in _NO_CHARSETS else name
