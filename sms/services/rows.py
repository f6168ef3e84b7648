"""Many rows in one statement, on both databases.

A list of records travels as one JSON parameter and is read back as a table named `v`, so a batch of results is one
UPDATE … FROM v, whatever its size, and every statement's text stays the same.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

Columns = Mapping[str, str]
"""Column name -> PostgreSQL type. SQLite takes the values as they are."""


def table(columns: Columns) -> str:
    """`v AS (…)`: the rows of one JSON parameter."""
    if connection.vendor == "postgresql":
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"v AS MATERIALIZED (SELECT * FROM json_to_recordset(%s::json) AS r({types}))"
    fields = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return f"v AS MATERIALIZED (SELECT {fields} FROM json_each(%s))"


def parameter(records: Sequence[Mapping[str, Any]]) -> str:
    """The records as one JSON text. A NUL or a lone surrogate, which PostgreSQL stores nowhere, becomes visible."""
    text = json.dumps(records, default=plain)
    if "\\u0000" in text or "\\ud" in text:
        text = json.dumps(json.loads(text, object_hook=_storable), default=plain)
    return text


def _storable(record: dict[str, Any]) -> dict[str, Any]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in record.items()}


def storable(text: str) -> str:
    """Text that every database takes."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def plain(value: Any) -> Any:
    """A value as this database stores it."""
    if isinstance(value, uuid.UUID):
        return str(value) if connection.vendor == "postgresql" else value.hex
    if isinstance(value, datetime):
        return str(value) if connection.vendor == "postgresql" else str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, dict | list):
        return json.dumps(value)
    return storable(value) if isinstance(value, str) else value


def write(statement: str, columns: Columns, records: Sequence[Mapping[str, Any]], *more: Any) -> list[tuple[Any, ...]]:
    """Run `WITH v AS (…) statement` and return what it returns. Nothing is run for no records."""
    if not records:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {table(columns)} {statement}", [parameter(records), *map(plain, more)])
        return cursor.fetchall() if cursor.description else []


def read(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [plain(value) for value in parameters])
        return cursor.fetchall()


def as_uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def as_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def as_time(value: Any) -> datetime:
    """A stored time; SQLite gives it without a zone, and stores UTC."""
    stored = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)
