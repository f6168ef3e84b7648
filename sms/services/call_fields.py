"""What a raw call of a vendor or a gateway holds, however it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl


def fields_of(*, query: bytes, body: bytes) -> Mapping[str, Any] | None:
    """The call's fields: query first, then form or JSON object, whatever the content type claims.

    None where the body is neither.
    """
    named = dict(parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True))
    if not body.strip():
        return named
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if text.lstrip().startswith(("{", "[")):
        return _json_fields(text, named)
    return named | dict(parse_qsl(text, keep_blank_values=True))


def _json_fields(text: str, named: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {**named, **value} if isinstance(value, dict) else None
