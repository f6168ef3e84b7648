"""Decodes a call's bytes by the declared charset, strictly: bytes that are not in the charset are never replaced."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from dataclasses import dataclass

from sms.domain.text import visible

MAX_BYTES = 64 * 1024
"""The largest body, compressed or not."""
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
_NOT_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Codecs of Python that keep ASCII, but are no charsets."""
_LARGER_CODE_PAGES = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""In practice these names mean the larger code page, as in browsers (WHATWG Encoding, "Names and labels")."""
# With UTF-16 declared, numbers and names may still come as ASCII. Two ASCII letters may be one UTF-16 character.
_PLAIN = re.compile(rb"[A-Za-z0-9+._:-]{3,}")


class Unreadable(ValueError):
    """The call can't be read. The message says why, for staff, and quotes nothing of the text."""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """The value of a field that could not be decoded."""

    reason: str


def find_codec(declared: str) -> str:
    """Python's name for a declared charset. Raises Unreadable for an unknown one."""
    name = declared.partition(",")[0].strip().strip("\"'").strip().lower().replace("_", "-")
    if name in _UCS2:
        return "utf-16-be"
    name = re.sub(r"\A(?:x-)?(?:windows|win|cp)-?(?=[0-9]+\Z)", "cp", name)
    name = re.sub(r"\Autf-?8mb[34]\Z", UTF_8, name)  # MySQL's names
    try:
        known = codecs.lookup(name).name
        is_charset = is_wide(known) or _ASCII.decode(name) == _ASCII.decode("ascii")
    except (LookupError, ValueError):
        is_charset = False
    if not is_charset or name in _NOT_CHARSETS:
        raise Unreadable(f"the charset {visible(declared)[:40]!r} is unknown")
    return _LARGER_CODE_PAGES.get(known, known)


def is_known(declared: str) -> bool:
    try:
        return bool(find_codec(declared))
    except Unreadable:
        return False


def is_wide(codec: str) -> bool:
    return codec.startswith(("utf-16", "utf-32"))


def decode(raw: bytes, codec: str) -> str | Undecodable:
    """A field's value as text."""
    if is_wide(codec):
        codec = UTF_8 if _PLAIN.fullmatch(raw) else _with_byte_order(raw, codec)
    try:
        return raw.decode(codec).removeprefix("\ufeff") if is_wide(codec) else raw.decode(codec)
    except UnicodeDecodeError:
        return Undecodable(f"it is not {codec}")


def _with_byte_order(raw: bytes, codec: str) -> str:
    """Without a byte order mark UTF-16 is big-endian (RFC 2781), unless the zeros of ASCII text show otherwise."""
    if codec != "utf-16" or raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codec
    return "utf-16-le" if raw[1::2].count(0) > raw[::2].count(0) else "utf-16-be"


def as_ascii_compatible(body: bytes) -> tuple[bytes, str | None]:
    """The body in an encoding with single-byte ASCII, and the charset if the body itself shows it.

    A byte order mark, which is removed, or the zeros of UTF-16 show it. Raises Unreadable.
    """
    codec = next((codec for mark, codec in _BYTE_ORDER_MARKS if body.startswith(mark)), None)
    if codec is None and b"\0" in body[:4]:
        codec = json.detect_encoding(body)  # by the zeros: field names and braces are ASCII
    if codec is None or codec == UTF_8:
        return body, None
    try:
        return body.decode(codec).encode(), UTF_8
    except UnicodeError:
        raise Unreadable(f"the body is not {codec.removesuffix('-sig')}") from None


def decompress(body: bytes, content_encoding: str) -> bytes:
    """The body without its content encodings. Raises Unreadable."""
    for coding in reversed(content_encoding.lower().split(",")):
        name = coding.strip().removeprefix("x-")
        if name in ("gzip", "deflate"):
            body = _decompress(body, name)
        elif name not in ("", "identity") and not is_known(name):  # some write the charset there
            raise Unreadable(f"the content encoding {visible(name)[:40]!r} is not supported; send gzip or none")
    return body


def _decompress(body: bytes, name: str) -> bytes:
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
