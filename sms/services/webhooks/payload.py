"""Reads the fields of a raw call of a vendor or a gateway, as its headers declare them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.http import parse_header_parameters

from providers.base import Callback
from sms.domain.text import visible

from . import payload_forms
from .callbacks import callback_of
from .payload_charset import UTF_8, Undecodable, Unreadable, as_ascii_compatible, decompress, find_codec
from .payload_forms import ConflictingValues

MAX_FIELDS = 100
MAX_RECORDS = 1000
MAX_DEPTH = 3
"""How deep fields may be nested: `{"data": {"reports": [{…}]}}`."""


@dataclass(frozen=True, slots=True)
class RawCall:
    """A call as it was received."""

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
        """The parts by which two calls are compared."""
        coding = (self.content_encoding.encode(),) if self.content_encoding else ()
        return (self.query, self.content_type.encode(), self.body, *coding)


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A stored callback that has not been read yet."""

    id: int
    provider: int
    attempt: uuid.UUID | None
    raw: RawCall
    method: str
    headers: str
    source: str
    received_at: datetime

    def as_callback(self) -> Callback:
        return callback_of(
            method=self.method,
            query=self.raw.query,
            content_type=self.raw.content_type,
            content_encoding=self.raw.content_encoding,
            headers=self.headers,
            body=self.raw.body,
            source=self.source,
            received_at=self.received_at,
        )


class Fields(Mapping[str, Any]):
    """A call's fields. A name is looked up exactly, then without regard to letter case and surrounding blanks."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._folded = _merge_members([(_folded(name), value) for name, value in values.items()])

    def __getitem__(self, name: str) -> Any:
        return self._values[name] if name in self._values else self._folded[_folded(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _folded(name) in self._folded

    def undecodable(self) -> dict[str, str]:
        """The names of the fields that could not be decoded, each with the reason."""
        return {name: value.reason for name, value in self._values.items() if isinstance(value, Undecodable)}

    def is_plain(self) -> bool:
        """Whether each field came once and could be decoded."""
        return not any(isinstance(value, Undecodable | ConflictingValues) for value in self._folded.values())


def _folded(name: str) -> str:
    return name.strip().casefold()


def parse_records(call: RawCall, text_field: str = "") -> list[Fields]:
    """The call's records: one for each object of a JSON array, else one. Each has the query's fields, too.

    `text_field`: of a received SMS, see payload_forms. Raises Unreadable.
    """
    pairs = payload_forms.parse_url_encoded(call.query, text_field)
    in_query = payload_forms.form_charset(pairs, None)
    query: dict[str, Any] = dict(payload_forms.decode_fields(pairs, in_query))
    query |= payload_forms.nested(query)
    body = decompress(call.body, call.content_encoding)
    records = [{}] if _has_no_fields(body, query) else _records(body, call.content_type, in_query, text_field)
    found = [Fields({**query, **_without_empty(record, query)}) for record in records]
    if len(found) > MAX_RECORDS:
        raise Unreadable(f"it has more than {MAX_RECORDS} records")
    if any(len(fields) > MAX_FIELDS for fields in found):
        raise Unreadable(f"it has more than {MAX_FIELDS} fields")
    return found


def _without_empty(record: Mapping[str, Any], query: Mapping[str, Any]) -> Mapping[str, Any]:
    """A gateway that can't fill in a field may send it empty; the query of its URL has the value then."""
    return {name: value for name, value in record.items() if value not in (None, "") or name not in query}


def field_groups(record: Fields, depth: int = MAX_DEPTH) -> Iterator[list[Fields]]:
    """The places where a record's fields may be: the record, or its inner objects and arrays with the outer fields."""
    yield [record]
    if depth == 0:
        return
    outer = {name: value for name, value in record.items() if not isinstance(value, Mapping | list)}
    for value in record.values():
        inner = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]
        group = [Fields({**outer, **item}) for item in inner[:MAX_RECORDS]]
        if len(group) == 1:
            yield from field_groups(group[0], depth - 1)
        elif group:
            yield group


# --- the body ------------------------------------------------------------------------------------


def _has_no_fields(body: bytes, query: Mapping[str, Any]) -> bool:
    """Whether the body is blank, or plain text beside the fields of a query."""
    return not body.strip() or (bool(query) and body.isascii() and not re.search(rb"[\0={\[<]", body))


def _records(body: bytes, content_type: str, in_query: str | None, text_field: str) -> list[Mapping[str, Any]]:
    media_type, options = _header(content_type)
    body, detected = as_ascii_compatible(body)
    charset = detected or options.get("charset")
    if media_type == "multipart/form-data":
        pairs = payload_forms.parse_multipart(body, options.get("boundary", ""))
        return _form_records(pairs, detected or payload_forms.form_charset(pairs, charset, in_query))
    body = body.rstrip(b"\0\r\n")  # C clients send the terminating zero, others a line end
    start = body.lstrip()[:1]
    if start in (b"{", b"["):  # many send JSON with the content type of a form or of text
        return _json_records(_json(body, charset))
    if body and (start == b"<" or b"=" not in body):
        raise Unreadable("it is neither a form nor a JSON object" + (": it may be XML" if start == b"<" else ""))
    pairs = payload_forms.parse_url_encoded(body, text_field)
    return _form_records(pairs, detected or payload_forms.form_charset(pairs, charset, in_query))


def _header(content_type: str) -> tuple[str, Mapping[str, str]]:
    try:
        return parse_header_parameters(content_type)
    except (ValueError, LookupError):
        raise Unreadable("its Content-Type can't be read") from None


def _form_records(pairs: list[payload_forms.FormField], charset: str | None) -> list[Mapping[str, Any]]:
    fields = payload_forms.decode_fields(pairs, charset)
    return [{**fields, **_json_in_form(fields), **payload_forms.nested(fields)}]


def _json_in_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON in a form's only field, such as data=[{…}], under a name of its own.

    The field itself is kept: it may be the text of an SMS, which must not set another field such as the sender.
    """
    (name, text), *more = fields.items() or [("", "")]
    if more or not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return {}
    try:
        return {f"{name} as JSON": _json_records(json.loads(text, parse_float=str))}
    except (ValueError, RecursionError):
        return {}


def _json_records(value: Any) -> list[Mapping[str, Any]]:
    records = value if isinstance(value, list) else [value]
    if not all(isinstance(record, dict) for record in records):
        raise Unreadable("its JSON is neither an object nor an array of objects")
    return records


def _json(body: bytes, charset: str | None) -> Any:
    """The JSON value, in which strings that are not in the charset are Undecodable. Raises Unreadable."""
    codec = find_codec(charset) if charset else UTF_8
    # Not strict: many gateways put a text into JSON without escaping its line breaks.
    reading: dict[str, Any] = {"parse_float": str, "object_pairs_hook": _merge_members, "strict": False}
    try:
        return json.loads(body.decode(codec), **reading)
    except UnicodeDecodeError:
        pass
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is neither a form nor a JSON object: {type(error).__name__}") from error
    try:
        return _mark_undecodable(json.loads(body.decode(codec, "surrogateescape"), **reading), codec)
    except (ValueError, RecursionError):
        raise Unreadable(f"the body is not {codec}") from None


def _merge_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. Different values of one name are ConflictingValues."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        differs = name in found and found[name] != value
        found[name] = ConflictingValues((visible(str(found[name])), visible(str(value)))) if differs else value
    return found


def _mark_undecodable(value: Any, codec: str) -> Any:
    if isinstance(value, str):
        return Undecodable(f"it is not {codec}") if any("\udc80" <= char <= "\udcff" for char in value) else value
    if isinstance(value, list):
        return [_mark_undecodable(item, codec) for item in value]
    if isinstance(value, dict):
        return {name: _mark_undecodable(item, codec) for name, item in value.items()}
    return value
