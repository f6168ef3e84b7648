"""Builds a call. Every value is typed and escaped here, so that a description can't break the form of a body."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from providers.base import Asked, Carries, Failure, HttpRequest, Misconfigured, OutboundSms, Refused, Sender
from providers.marking import N_
from providers.phone import FORMATS, in_format

from .description import Description
from .schema import CallModel, Row
from .signing import signed

ALWAYS = frozenset({"now", "nonce"})
OF_MESSAGE = frozenset(
    {"to", "text", "sender", "template", "reference", "callback_url", "encoding", "is_otp", "parts", "valid_for"}
    | {"valid_for.minutes", "valid_for.milliseconds"}
)
OF_ASKED = frozenset({"vendor_id", "vendor_ids", "reference", "to"})


@dataclass(frozen=True, slots=True)
class Given:
    """What fills the fields of one call: `lists` for those with `each`, as pairs of name and value."""

    values: Mapping[str, str]
    lists: Mapping[str, Sequence[tuple[str | int, str]]]


def names_in(call: CallModel, given: Any) -> set[str]:
    """The names of the values that a call sends."""
    rows = [*call.headers, *call.query, *call.body]
    names = set(call.path.names).union(*(row.value.names for row in rows if row.value))
    names |= {row.each for row in rows if row.each}
    return names | {given.words[name[6:]].source for name in names if name[6:] in (given.words or {})}


def of_account(described: Description, sender: Sender) -> Given:
    return Given(_with_words(described, _account(sender)), {})


def of_message(described: Description, sender: Sender, sms: OutboundSms) -> Given:
    values = _account(sender) | {
        "to": in_format(_number_format(described, sender), sms.to),
        "text": "" if sender.carries is Carries.TEMPLATE else sms.text,
        "sender": sms.sender,
        "template": (sms.vendor_template or "").strip(),
        "reference": sms.reference,
        "callback_url": sms.callback_url or "",
        "encoding": sms.encoding.value,
        "is_otp": text_of(sms.is_otp),
        "parts": str(sms.parts),
        "valid_for": str(sms.valid_for),
        "valid_for.minutes": str(max(sms.valid_for // 60, 1)),  # 0 could mean that there is no limit
        "valid_for.milliseconds": str(sms.valid_for * 1000),
    }
    values |= {f"parameter.{n}": value for n, (_, value) in enumerate(sms.parameters, 1)}
    ordered = [(n, value) for n, (_, value) in enumerate(sms.parameters)]
    return Given(_with_words(described, values), {"parameter": ordered, "parameter_name": sms.parameters})


def of_asked(described: Description, sender: Sender, asked: Sequence[Asked]) -> Given:
    first, ids = asked[0], [each.vendor_id for each in asked]
    number = in_format(_number_format(described, sender), first.to) if first.to else ""
    values = _account(sender) | {
        "vendor_id": first.vendor_id,
        "vendor_ids": ",".join(ids),
        "reference": first.reference,
        "to": number,
    }
    return Given(_with_words(described, values), {"message": list(enumerate(ids))})


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _account(sender: Sender) -> dict[str, str]:
    values = {f"credential.{key}": value for key, value in sender.credential.items()}
    values |= {f"option.{key}": text_of(value) for key, value in sender.option.items()}
    return values | {"now": str(int(sender.call.now.timestamp())), "nonce": sender.call.nonce}


def _with_words(described: Description, values: dict[str, str]) -> dict[str, str]:
    tables = described.words.items()
    return values | {f"words.{name}": each.values.get(values.get(each.source, ""), each.otherwise)
                     for name, each in tables}  # fmt: skip


def _number_format(described: Description, sender: Sender) -> str:
    """One of the formats, or what the option of this name holds."""
    name = described.vendor.number_format
    return name if name in FORMATS else str(sender.option[name])


Step = str | int
Field = tuple[tuple[Step, ...], str | int | bool]
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTENT_TYPES = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "xml": "text/xml; charset=utf-8",
}


def build(described: Description, sender: Sender, call: CallModel, given: Given) -> HttpRequest:
    """Raises Misconfigured or Refused if a value can't be sent."""
    try:
        return _built(described, sender, call, given)
    except UnicodeEncodeError:
        words = N_("The message has characters that are no text (single surrogates).")
        raise Refused(Failure.CONTENT, "text_invalid", words) from None


def _built(described: Description, sender: Sender, call: CallModel, given: Given) -> HttpRequest:
    query, body = _flat(fields_of(call.query, given)), fields_of(call.body, given, is_tree=call.format != "form")
    plain = [*query, *(_flat(body) if call.format == "form" else ())]
    proof = signed(described.auth, given.values, plain, lambda: _body(call, body))
    query += proof.query
    body += [((name,), value) for name, value in proof.body]
    rows = [(str(name[0]), str(value)) for name, value in fields_of(call.headers, given)]
    url = sender.base_url + call.path.fill(given.values, lambda value: quote(value, safe=""))
    return HttpRequest(
        call.method,
        f"{url}?{_form(query)}" if query else url,
        _headers([*_content_type(call), *rows, *proof.headers]),
        _body(call, body),
        proof.hidden,
    )


def _content_type(call: CallModel) -> list[tuple[str, str]]:
    named = call.content_type or _CONTENT_TYPES[call.format]
    return [("Content-Type", named)] if call.method == "POST" else []


def _headers(rows: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    for name, value in rows:
        if not (value.isascii() and value.isprintable()):
            words = N_("The value of the header {name} has characters that can't be sent there.")
            raise Misconfigured(Failure.CONFIG, "header_invalid", words.format(name=name))
    return tuple(rows)


def fields_of(rows: Iterable[Row], given: Given, *, is_tree: bool = False) -> list[Field]:
    found: list[Field] = []
    for row in rows:
        if row.when is not None and not given.values.get(row.when):
            continue
        if row.value is not None:
            found.append((_steps(row.name, "", is_tree), _typed(row, row.value.fill(given.values))))
        else:
            items = given.lists.get(row.each or "", ())
            found += [(_steps(row.name, key, is_tree), _typed(row, value)) for key, value in items]
    return found


def _steps(name: str, key: Step, is_tree: bool) -> tuple[Step, ...]:
    if not is_tree:
        return (name.replace("*", str(key)),)
    return tuple(_step(step, key) for step in name.split("."))


def _step(step: str, key: Step) -> Step:
    if step == "*":
        return key
    return int(step) if step.isascii() and step.isdigit() else step.replace("*", str(key))


def _typed(row: Row, value: str) -> str | int | bool:
    if row.type == "text":
        return value
    if row.type == "integer" and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    if row.type == "boolean" and value in ("true", "false"):
        return value == "true"
    words = N_("The value of the field {field} is not of the type {type}.")
    raise Misconfigured(Failure.CONFIG, "field_invalid", words.format(field=row.name, type=row.type))


def _flat(fields: Iterable[Field]) -> list[tuple[str, str]]:
    return [(str(steps[0]), _plain(value)) for steps, value in fields]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _form(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)


def _body(call: CallModel, fields: Sequence[Field]) -> bytes:
    if call.method == "GET":
        return b""
    return _WRITERS[call.format](fields).encode()


def _json(fields: Sequence[Field]) -> str:
    return json.dumps(_listed(tree_of(fields)), ensure_ascii=False)


def tree_of(fields: Iterable[Field]) -> dict[Step, Any]:
    """Raises Misconfigured if two fields have one place."""
    root: dict[Step, Any] = {}
    for steps, value in fields:
        inner: Any = root
        for step in steps[:-1]:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or steps[-1] in inner:
            words = N_("Two fields have the place {field}.").format(field=".".join(map(str, steps)))
            raise Misconfigured(Failure.CONFIG, "field_twice", words)
        inner[steps[-1]] = value
    return root


def _listed(tree: Any) -> Any:
    """Objects whose keys are numbers are lists."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(isinstance(key, int) for key in tree):
        return [_listed(tree[key]) for key in sorted(tree)]
    return {str(key): _listed(value) for key, value in tree.items()}


def xml_of(fields: Sequence[Field]) -> str:
    """Raises Misconfigured if a name can't stand in XML."""
    return '<?xml version="1.0" encoding="UTF-8"?>' + "".join(
        _element(str(name), _listed(value)) for name, value in tree_of(fields).items()
    )


_WHITE_SPACE = str.maketrans({"\t": "&#9;", "\n": "&#10;"})
"""What would become blanks in an attribute."""


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    inner = value if isinstance(value, dict) else {"#": value}
    named = {_named(key[1:]): _escaped(each) for key, each in inner.items() if key.startswith("@")}
    attributes = "".join(f' {key}="{each.translate(_WHITE_SPACE)}"' for key, each in named.items())
    children = "".join(_element(key, each) for key, each in inner.items() if key != "#" and not key.startswith("@"))
    return f"<{_named(name)}{attributes}>{_escaped(inner.get('#', ''))}{children}</{name}>"


def _named(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9._-]*", name):
        words = N_("The field {field} can't be an element of XML.")
        raise Misconfigured(Failure.CONFIG, "field_invalid", words.format(field=repr(name)[:60]))
    return name


def _escaped(value: Any) -> str:
    if isinstance(value, dict | list):
        words = N_("An attribute or the text of an element of XML has no fields in it.")
        raise Misconfigured(Failure.CONFIG, "field_invalid", words)
    text = _plain(value)
    if _NO_XML.search(text):
        raise Refused(Failure.CONTENT, "text_invalid", N_("The message has control characters that XML can't hold."))
    return html.escape(text).replace("\r", "&#13;")


_WRITERS: dict[str, Callable[[Sequence[Field]], str]] = {
    "form": lambda fields: _form(_flat(fields)),
    "json": _json,
    "xml": xml_of,
}
