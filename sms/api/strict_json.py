"""A strict JSON parser (RFC 8259), which also rejects what I-JSON (RFC 7493) does not allow."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from sms.domain.codes import Refusal, refuse

MAX_DEPTH = 32
_MAX_DIGITS = 308
"""Of an integer. A longer one exceeds the range of a double, so parsers differ on it."""
_STRUCTURE = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_object(body: bytes) -> dict[str, Any]:
    """The body's JSON object. Raises Refusal (malformed_json)."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"Byte {error.start + 1} is not UTF-8.") from error
    if text.count("{") + text.count("[") > MAX_DEPTH:
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


def _malformed(message: str) -> Refusal:
    return refuse("malformed_json", message=message)


def _check_depth(text: str) -> None:
    """Counts the brackets outside strings, before the recursive decoder runs."""
    depth, in_string = 0, False
    for sign in _STRUCTURE.findall(text):
        if sign == '"':
            in_string = not in_string
        elif not in_string and sign in "{[":
            depth += 1
        elif not in_string and sign in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise _malformed(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _check_surrogates(value: dict[str, Any]) -> None:
    """Rejects half of a surrogate pair, such as \\ud800. The depth has been checked before."""
    if _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise _malformed("A lone surrogate is not a character.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _malformed("An object has the same key twice.")
    return found


def _constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not JSON.")


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _malformed("A number is too large.")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _malformed("A number is too large.")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer, strict=True
)
