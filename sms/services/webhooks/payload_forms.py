"""The fields of a form: URL-encoded or multipart, in the charset that the form declares."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from .payload_charset import UTF_8, Undecodable, Unreadable, decode, find_codec, is_known

MAX_PARTS = 1000
_JAVASCRIPT_ESCAPE = re.compile(rb"%u[0-9A-Fa-f]{4}")
_BRACKETS = re.compile(r"(?P<outer>[^\[\]]+)(?:\[(?P<index>[0-9]*)\])?\[(?P<inner>[^\[\]]*[^\[\]0-9][^\[\]]*)\]")
"""The names that PHP writes for `data: {text}` and `reports: [{id}]`: `data[text]`, `reports[0][id]`."""


@dataclass(frozen=True, slots=True)
class ConflictingValues:
    """The value of a field that came several times, with different values."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormField:
    """A field's name and value as bytes, and the charset that the field itself declares."""

    name: bytes
    value: bytes
    charset: str | None = None


Value = str | Undecodable | ConflictingValues


def parse_url_encoded(raw: bytes, text_field: str = "") -> list[FormField]:
    """`text_field`: a field that may contain an `&` without an escape, as in `text=Fish & chips`.

    Raises Unreadable.
    """
    if text_field:
        raw = _with_whole_text(raw, text_field)
    if _JAVASCRIPT_ESCAPE.search(raw):
        raise Unreadable("it has escapes such as %u0441; URL encoding is of bytes, such as %D1%81")
    # Latin-1 has a character for each byte, so the parser changes none.
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return [FormField(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def _with_whole_text(raw: bytes, text_field: str) -> bytes:
    """Some gateways escape nothing. After a text, a part without `=` is no field, but the end of the text."""
    name = re.escape(quote(text_field, safe="").encode())
    parts = re.compile(rb"(?i)((?:\A|&)%s=[^&]*)((?:&[^&=]+)+)(?=&|\Z)" % name)
    return parts.sub(lambda found: found[1] + found[2].replace(b"&", b"%26"), raw)


def parse_multipart(body: bytes, boundary: str) -> list[FormField]:
    """The parts that have a name and are text. Raises Unreadable."""
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_PARTS, header_charset="latin-1") as parser:
            return [pair for pair in _pairs(parser.parse(body)) if pair.name]
    except (MultipartError, LookupError, UnicodeError) as error:
        raise Unreadable(f"the multipart body is broken: {error}"[:150]) from error


def _pairs(events: Iterable[MultipartSegment | bytearray | bytes | None]) -> Iterable[FormField]:
    part, content = None, b""
    for event in events:
        if isinstance(event, MultipartSegment):
            part, content = event, b""
        elif event is not None:
            content += event
        elif part is not None and _is_text(part):
            name = (part.name or "").encode("latin-1", "replace")
            yield FormField(
                name, _without_transfer_encoding(content, part.header("Content-Transfer-Encoding", "")), part.charset
            )


def _is_text(part: MultipartSegment) -> bool:
    return not part.filename or (part.content_type or "").startswith(("text/", "application/json"))


def _without_transfer_encoding(content: bytes, encoding: str) -> bytes:
    """The content without the transfer encoding that old clients add to a part."""
    if encoding.lower() == "quoted-printable":
        return quopri.decodestring(content)
    if encoding.lower() != "base64":
        return content
    try:
        return base64.b64decode(content)
    except binascii.Error:
        raise Unreadable("a part of the multipart body is not base64") from None


def form_charset(pairs: Iterable[FormField], header: str | None, otherwise: str | None = None) -> str | None:
    """The charset of a form: HTML's `_charset_` field, then the header, then a `charset` field.

    Gateways add the last one. It may name no charset: some write GSM into it.
    """
    found = {pair.name: pair.value.decode("latin-1").strip() for pair in pairs}
    added = found.get(b"charset", "")
    return found.get(b"_charset_") or header or (added if is_known(added) else None) or otherwise


def decode_fields(pairs: Iterable[FormField], charset: str | None) -> dict[str, Value]:
    """Names and values as text; equal repeats of a field count once.

    A value that can't be decoded is Undecodable. Different values of one name are ConflictingValues.
    """
    found: dict[str, Value] = {}
    for pair in pairs:
        name, value = _name(pair.name, charset), _value(pair.value, pair.charset or charset)
        found[name] = _merged(found[name], value) if name in found else value
    return found


def nested(fields: Mapping[str, Value]) -> dict[str, list[dict[str, Value]]]:
    """The inner objects that names with brackets spell, by the name before the brackets."""
    found: dict[str, dict[str, dict[str, Value]]] = {}
    for name, value in fields.items():
        if match := _BRACKETS.fullmatch(name):
            found.setdefault(match["outer"], {}).setdefault(match["index"] or "", {})[match["inner"]] = value
    return {name: list(objects.values()) for name, objects in found.items() if name not in fields}


def _name(raw: bytes, charset: str | None) -> str:
    """A field's name. In practice it is ASCII, whatever the charset of the values is."""
    value = _value(raw, None if raw.isascii() else charset)
    return value if isinstance(value, str) else raw.decode("latin-1")


def _value(raw: bytes, charset: str | None) -> str | Undecodable:
    try:
        codec = find_codec(charset) if charset else UTF_8
    except Unreadable as unknown:
        return raw.decode() if raw.isascii() else Undecodable(str(unknown))
    value = decode(raw, codec)
    if isinstance(value, Undecodable) and not charset:
        return Undecodable("it is not UTF-8, and no charset is declared")
    return value


def _merged(before: Value, value: Value) -> Value:
    if before == value:
        return value
    earlier = before.values if isinstance(before, ConflictingValues) else (str(before),)
    return ConflictingValues((*earlier, str(value)))
