"""What a raw call of a vendor or a gateway says: its fields, by what its headers declare."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.http import parse_header_parameters

from sms.domain.text import visible

from . import payload_forms
from .payload_charset import UTF_8, Undecodable, Unreadable, codec_of, inflated, narrowed
from .payload_forms import Several

__all__ = ["Fields", "RawCall", "Several", "StoredCall", "Undecodable", "Unreadable", "groups_in", "records_of"]

MAX_FIELDS = 100
MAX_RECORDS = 1000
MAX_DEPTH = 3
"""How far down fields are looked for: `{"data": {"reports": [{…}]}}`."""


@dataclass(frozen=True, slots=True)
class RawCall:
    """A call as it came."""

    query: bytes = b""
    content_type: str = ""
    content_encoding: str = ""
    body: bytes = b""

    @classmethod
    def stored(cls, query: bytes | memoryview, type_: str, encoding: str, body: bytes | memoryview | None) -> RawCall:
        """From the columns of a row."""
        return cls(bytes(query), type_, encoding, bytes(body or b""))

    def is_empty(self) -> bool:
        return not (self.query or self.body)

    def parts(self) -> tuple[bytes, ...]:
        """What makes two calls equal."""
        coding = (self.content_encoding.encode(),) if self.content_encoding else ()
        return (self.query, self.content_type.encode(), self.body, *coding)


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A raw call of a vendor that is stored and not read yet."""

    id: int
    provider: int
    attempt: uuid.UUID | None
    raw: RawCall


class Fields(Mapping[str, Any]):
    """A call's fields, found by their exact names, or else without regard to letter case and outer blanks."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._folded = _object([(_folded(name), value) for name, value in values.items()])

    def __getitem__(self, name: str) -> Any:
        return self._values[name] if name in self._values else self._folded[_folded(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _folded(name) in self._folded

    def undecodable(self) -> dict[str, str]:
        """Names of the fields that can't be read, each with the reason."""
        return {name: value.reason for name, value in self._values.items() if isinstance(value, Undecodable)}

    def is_plain(self) -> bool:
        """Whether each field came once and could be read."""
        return not any(isinstance(value, Undecodable | Several) for value in self._folded.values())


def _folded(name: str) -> str:
    return name.strip().casefold()


def records_of(call: RawCall) -> list[Fields]:
    """The call's records: one, or as many as its JSON array has. The query's fields stand in each.

    Raises Unreadable.
    """
    asked = payload_forms.url_encoded(call.query)
    in_query = payload_forms.declared_for(asked, None)
    query = payload_forms.fields(asked, in_query)
    body = inflated(call.body, call.content_encoding)
    records = [{}] if _says_nothing(body, query) else _records(body, call.content_type, in_query)
    found = [Fields({**query, **record}) for record in records]
    if len(found) > MAX_RECORDS:
        raise Unreadable(f"it has more than {MAX_RECORDS} records")
    if any(len(fields) > MAX_FIELDS for fields in found):
        raise Unreadable(f"it has more than {MAX_FIELDS} fields")
    return found


def groups_in(record: Fields, depth: int = MAX_DEPTH) -> Iterator[list[Fields]]:
    """Where a record's fields may stand: in itself, or in its inner objects and arrays, each with the outer fields."""
    yield [record]
    if depth == 0:
        return
    outer = {name: value for name, value in record.items() if not isinstance(value, Mapping | list)}
    for value in record.values():
        inner = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]
        group = [Fields({**outer, **item}) for item in inner[:MAX_RECORDS]]
        if len(group) == 1:
            yield from groups_in(group[0], depth - 1)
        elif group:
            yield group


# --- the body ------------------------------------------------------------------------------------


def _says_nothing(body: bytes, query: Mapping[str, Any]) -> bool:
    """Whether the body is blank, or a few words beside the fields of a query."""
    return not body.strip() or (bool(query) and body.isascii() and not re.search(rb"[\0={\[<]", body))


def _records(body: bytes, content_type: str, in_query: str | None) -> list[Mapping[str, Any]]:
    media_type, options = _header(content_type)
    body, certain = narrowed(body)
    charset = certain or options.get("charset")
    if media_type == "multipart/form-data":
        pairs = payload_forms.multipart(body, options.get("boundary", ""))
        return _of_form(pairs, certain or payload_forms.declared_for(pairs, charset, in_query))
    start = body.lstrip()[:1]
    if start in (b"{", b"["):  # whatever the content type says: many send JSON as a form or as text
        return _of_json(_json(body, charset))
    if body and (start == b"<" or b"=" not in body):
        raise Unreadable("it is neither a form nor a JSON object" + (": it may be XML" if start == b"<" else ""))
    pairs = payload_forms.url_encoded(body)
    return _of_form(pairs, certain or payload_forms.declared_for(pairs, charset, in_query))


def _header(content_type: str) -> tuple[str, Mapping[str, str]]:
    try:
        return parse_header_parameters(content_type)
    except (ValueError, LookupError):
        raise Unreadable("its Content-Type can't be read") from None


def _of_form(pairs: list[payload_forms.Pair], charset: str | None) -> list[Mapping[str, Any]]:
    fields = payload_forms.fields(pairs, charset)
    return [{**fields, **_json_within(fields)}]


def _json_within(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the only field of a form holds as JSON, such as data=[{…}], beside that field.

    The field stays: it may be the text of somebody's SMS, which must not name another sender.
    """
    (name, text), *more = fields.items() or [("", "")]
    if more or not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return {}
    try:
        return {f"{name} as JSON": _of_json(json.loads(text, parse_float=str))}
    except (ValueError, RecursionError):
        return {}


def _of_json(value: Any) -> list[Mapping[str, Any]]:
    records = value if isinstance(value, list) else [value]
    if not all(isinstance(record, dict) for record in records):
        raise Unreadable("its JSON is neither an object nor an array of objects")
    return records


def _json(body: bytes, charset: str | None) -> Any:
    """The value, with an Undecodable in place of each string that is not in the charset. Raises Unreadable."""
    codec = codec_of(charset) if charset else UTF_8
    reading: dict[str, Any] = {"parse_float": str, "object_pairs_hook": _object}
    try:
        return json.loads(body.decode(codec), **reading)
    except UnicodeDecodeError:
        pass
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is neither a form nor a JSON object: {type(error).__name__}") from error
    try:
        return _marked(json.loads(body.decode(codec, "surrogateescape"), **reading), codec)
    except (ValueError, RecursionError):
        raise Unreadable(f"the body is not {codec}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members; a name that came with different values is a Several."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        differs = name in found and found[name] != value
        found[name] = Several((visible(str(found[name])), visible(str(value)))) if differs else value
    return found


def _marked(value: Any, codec: str) -> Any:
    if isinstance(value, str):
        return Undecodable(f"it is not {codec}") if any("\udc80" <= char <= "\udcff" for char in value) else value
    if isinstance(value, list):
        return [_marked(item, codec) for item in value]
    if isinstance(value, dict):
        return {name: _marked(item, codec) for name, item in value.items()}
    return value
