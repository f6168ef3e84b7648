"""The columns of a table that hold text, and the rows whose text matches a pattern."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from django.db import models

from sms.domain.echoes import unescaped
from sms.models import EncryptedJSONField

Model = type[models.Model]
_KINDS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
AT_ONCE = 2000


def text_columns(model: Model) -> list[str]:
    """The text columns of a table, except encrypted ones: these can't be searched, and contain only credentials."""
    return [
        field.attname
        for field in model._meta.concrete_fields
        if isinstance(field, _KINDS)
        and not isinstance(field, EncryptedJSONField)
        and not field.primary_key
        and not field.is_relation
    ]


def mentioning(rows: models.QuerySet[Any], pattern: re.Pattern[str]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The key of each row that matches, with the columns that do. It reads all the rows."""
    columns = text_columns(rows.model)
    for key, *values in rows.values_list("pk", *columns).iterator(chunk_size=AT_ONCE):
        found = {name: value for name, value in zip(columns, values, strict=True) if value and holds(value, pattern)}
        if found:
            yield key, found


def holds(value: Any, pattern: re.Pattern[str]) -> bool:
    if isinstance(value, str):
        return pattern.search(value) is not None
    if isinstance(value, bytes | memoryview):
        return any(map(pattern.search, _readings(bytes(value))))
    return pattern.search(json.dumps(value, ensure_ascii=False)) is not None


def _readings(body: bytes) -> Iterator[str]:
    """A raw body as its vendor may have meant it: plain, compressed, in UTF-16, with escaped characters."""
    for whole in (body, _decompressed(body)):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            text = whole.decode(encoding, errors="replace")
            yield text
            yield unquote_plus(text)
            yield from unescaped(text)


def _decompressed(body: bytes) -> bytes:
    for decompress in (gzip.decompress, zlib.decompress):
        try:
            return decompress(body)
        except (OSError, EOFError, zlib.error):
            continue
    return b""
