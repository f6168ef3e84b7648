"""Bytes of a vendor's or a gateway's call as text: by the declared charset, strictly, or not at all."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from dataclasses import dataclass

from sms.domain.text import visible

MAX_BYTES = 64 * 1024
"""Of a body, compressed or not."""
UTF_8 = "utf-8"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII = bytes(range(0x20, 0x7F))
_UCS2 = frozenset({"ucs2", "ucs-2", "ucs-2be", "iso-10646-ucs-2"})
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Text codecs of Python that keep ASCII, but are no charsets."""
_AS_BROWSERS_DO = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""What is sent under a standard's name is in practice the larger code page (WHATWG Encoding, "Names and labels")."""
# In UTF-16 a number or a name may still come as ASCII, next to a text that does not. Two letters may be one character.
_PLAIN = re.compile(rb"[A-Za-z0-9+._:-]{3,}")


class Unreadable(ValueError):
    """The call can't be read; the words say why, for staff. They quote nothing of the text."""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Stands where a field's value can't be read."""

    reason: str


def codec_of(declared: str) -> str:
    """Python's name for a declared charset. Raises Unreadable for an unknown one."""
    name = declared.strip().strip("\"'").strip().lower().replace("_", "-")
    if name in _UCS2:
        return "utf-16-be"
    name = re.sub(r"\A(?:x-)?(?:windows|win|cp)-?(?=[0-9]+\Z)", "cp", name)
    try:
        known = codecs.lookup(name).name
        is_charset = is_wide(known) or _ASCII.decode(name) == _ASCII.decode("ascii")
    except (LookupError, ValueError):
        is_charset = False
    if not is_charset or name in _NO_CHARSETS:
        raise Unreadable(f"the charset {visible(declared)[:40]!r} is unknown")
    return _AS_BROWSERS_DO.get(known, known)


def is_known(declared: str) -> bool:
    try:
        return bool(codec_of(declared))
    except Unreadable:
        return False


def is_wide(codec: str) -> bool:
    return codec.startswith(("utf-16", "utf-32"))


def decoded(raw: bytes, codec: str) -> str | Undecodable:
    """A field's bytes as text."""
    if is_wide(codec):
        codec = UTF_8 if _PLAIN.fullmatch(raw) else _with_byte_order(raw, codec)
    try:
        return raw.decode(codec).removeprefix("\ufeff") if is_wide(codec) else raw.decode(codec)
    except UnicodeDecodeError:
        return Undecodable(f"it is not {codec}")


def _with_byte_order(raw: bytes, codec: str) -> str:
    """Without a mark big-endian is meant (RFC 2781), unless the zeros of ASCII characters say otherwise."""
    if codec != "utf-16" or raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codec
    return "utf-16-le" if raw[1::2].count(0) > raw[::2].count(0) else "utf-16-be"


def narrowed(body: bytes) -> tuple[bytes, str | None]:
    """A body whose ASCII characters are single bytes, and its charset where the body itself says it.

    It does by a byte order mark, which is taken away, or by the zeros of UTF-16. Raises Unreadable.
    """
    codec = next((codec for mark, codec in _BYTE_ORDER_MARKS if body.startswith(mark)), None)
    if codec is None and b"\0" in body[:4]:
        codec = json.detect_encoding(body)  # by the zeros: fields' names and braces are ASCII
    if codec is None or codec == UTF_8:
        return body, None
    try:
        return body.decode(codec).encode(), UTF_8
    except UnicodeError:
        raise Unreadable(f"the body is not {codec.removesuffix('-sig')}") from None


def inflated(body: bytes, content_encoding: str) -> bytes:
    """The body as it was before it was compressed. Raises Unreadable."""
    for coding in reversed(content_encoding.lower().split(",")):
        name = coding.strip().removeprefix("x-")
        if name in ("gzip", "deflate"):
            body = _inflated(body, name)
        elif name not in ("", "identity"):
            raise Unreadable(f"the content encoding {visible(name)[:40]!r} is not supported; send gzip or none")
    return body


def _inflated(body: bytes, name: str) -> bytes:
    has_header = name == "gzip" or body[:1] == b"\x78"  # "deflate" comes with zlib's header or without
    stream = zlib.decompressobj(47 if has_header else -15)
    try:
        whole = stream.decompress(body, MAX_BYTES + 1)
    except zlib.error:
        raise Unreadable(f"the body is not {name}") from None
    if len(whole) > MAX_BYTES:
        raise Unreadable("the body has more than 64 KiB once it is decompressed")
    if not stream.eof or stream.unused_data:
        raise Unreadable(f"the {name} stream is broken off or followed by other bytes")
    return whole
