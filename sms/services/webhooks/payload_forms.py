"""The fields of a form: URL-encoded or multipart, in the charset that the form declares."""

from __future__ import annotations

import base64
import binascii
import quopri
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from .payload_charset import UTF_8, Undecodable, Unreadable, codec_of, decoded, is_known

MAX_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Several:
    """Stands where a field came several times, with different values."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A field's name and value as bytes; `charset`: what it declares for itself."""

    name: bytes
    value: bytes
    charset: str | None = None


Value = str | Undecodable | Several


def url_encoded(raw: bytes) -> list[Pair]:
    # Latin-1 has a character for each byte, so the library's parser loses nothing.
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return [Pair(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def multipart(body: bytes, boundary: str) -> list[Pair]:
    """The parts that have a name, but for files that hold no text. Raises Unreadable."""
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_PARTS, header_charset="latin-1") as parser:
            return [pair for pair in _pairs(parser.parse(body)) if pair.name]
    except (MultipartError, LookupError, UnicodeError) as error:
        raise Unreadable(f"the multipart body is broken: {error}"[:150]) from error


def _pairs(events: Iterable[MultipartSegment | bytearray | bytes | None]) -> Iterable[Pair]:
    part, content = None, b""
    for event in events:
        if isinstance(event, MultipartSegment):
            part, content = event, b""
        elif event is not None:
            content += event
        elif part is not None and _is_text(part):
            name = (part.name or "").encode("latin-1", "replace")
            yield Pair(name, _transferred(content, part.header("Content-Transfer-Encoding", "")), part.charset)


def _is_text(part: MultipartSegment) -> bool:
    return not part.filename or (part.content_type or "").startswith(("text/", "application/json"))


def _transferred(content: bytes, encoding: str) -> bytes:
    """Without a transfer encoding, which old clients add to a part."""
    if encoding.lower() == "quoted-printable":
        return quopri.decodestring(content)
    if encoding.lower() != "base64":
        return content
    try:
        return base64.b64decode(content)
    except binascii.Error:
        raise Unreadable("a part of the multipart body is not base64") from None


def declared_for(pairs: Iterable[Pair], header: str | None, otherwise: str | None = None) -> str | None:
    """The charset of a form: HTML's own field knows best, then the header, then what gateways add as a field.

    That field may mean something else: Kannel writes GSM into it.
    """
    found = {pair.name: pair.value.decode("latin-1").strip() for pair in pairs}
    added = found.get(b"charset", "")
    return found.get(b"_charset_") or header or (added if is_known(added) else None) or otherwise


def fields(pairs: Iterable[Pair], charset: str | None) -> dict[str, Value]:
    """Names and values as text: the last one counts where equal ones came.

    A value that can't be decoded is an Undecodable. One that differs from an earlier one of its name is a Several.
    """
    found: dict[str, Value] = {}
    for pair in pairs:
        name, value = _name(pair.name, charset), _value(pair.value, pair.charset or charset)
        found[name] = _joined(found[name], value) if name in found else value
    return found


def _name(raw: bytes, charset: str | None) -> str:
    """Names are ASCII in practice, in whatever charset the values are."""
    value = _value(raw, None if raw.isascii() else charset)
    return value if isinstance(value, str) else raw.decode("latin-1")


def _value(raw: bytes, charset: str | None) -> str | Undecodable:
    try:
        codec = codec_of(charset) if charset else UTF_8
    except Unreadable as unknown:
        return raw.decode() if raw.isascii() else Undecodable(str(unknown))
    value = decoded(raw, codec)
    if isinstance(value, Undecodable) and not charset:
        return Undecodable("it is not UTF-8, and no charset is declared")
    return value


def _joined(before: Value, value: Value) -> Value:
    if before == value:
        return value
    earlier = before.values if isinstance(before, Several) else (str(before),)
    return Several((*earlier, str(value)))
