"""JSON without its loose ends (RFC 8259; RFC 7493, I-JSON, for what is refused beside)."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from sms.domain.codes import Refusal, refuse

DEEPEST = 32
_LONGEST_INTEGER = 308
"""Digits that a double can hold: what is longer is no number that two programs would read alike."""
_STRUCTURE = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(body: bytes) -> dict[str, Any]:
    """The body's JSON object. Raises Refusal (malformed_json)."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"Byte {error.start + 1} is not UTF-8.") from error
    if text.count("{") + text.count("[") > DEEPEST:
        _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(f"Character {error.pos + 1}: {error.msg}.") from error
    if not isinstance(value, dict):
        raise _malformed("The body is JSON, but not an object.")
    if "\\u" in text:
        _check_surrogates(value)
    return value


def _malformed(words: str) -> Refusal:
    return refuse("malformed_json", message=words)


def _check_depth(text: str) -> None:
    """Before the decoder, which recurses. Counts brackets outside strings."""
    depth, in_string = 0, False
    for sign in _STRUCTURE.findall(text):
        if sign == '"':
            in_string = not in_string
        elif not in_string and sign in "{[":
            depth += 1
        elif not in_string and sign in "]}":
            depth -= 1
        if depth > DEEPEST:
            raise _malformed(f"The body is nested more than {DEEPEST} levels deep.")


def _check_surrogates(value: dict[str, Any]) -> None:
    """A \\ud800 without its other half is no character. The depth is bounded by now."""
    if _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise _malformed("A lone surrogate is not a character.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _malformed("A key stands twice in one object.")
    return found


def _constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not JSON.")


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _malformed("A number is too large.")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise _malformed("A number is too large.")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer, strict=True
)
