"""Many rows in one statement, on both databases.

A list of records travels as one JSON parameter and is read back as a table named `v`, so a batch of results is one
UPDATE … FROM v, whatever its size, and every statement's text stays the same.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

Rows = list[tuple[Any, ...]]
Columns = Mapping[str, str]
"""Column name -> PostgreSQL type. SQLite takes the values as they are."""


def table(columns: Columns) -> str:
    """`v AS (…)`: the rows of one JSON parameter, and how many they are.

    Without their number PostgreSQL reckons with a hundred, and for so many reads all that is queued rather than a row
    or two by their keys.
    """
    if connection.vendor == "postgresql":
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"v AS MATERIALIZED (SELECT * FROM json_to_recordset(%s::json) AS r({types}) LIMIT %s)"
    fields = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return f"v AS MATERIALIZED (SELECT {fields} FROM json_each(%s) LIMIT %s)"


def parameter(records: Sequence[Mapping[str, Any]]) -> str:
    """The records as one JSON text. A NUL or a lone surrogate, which PostgreSQL stores nowhere, becomes visible."""
    text = json.dumps(records, default=_plain_here())
    if "\\u0000" in text or "\\ud" in text:
        text = json.dumps(json.loads(text, object_hook=_storable))
    return text


def _storable(record: dict[str, Any]) -> dict[str, Any]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in record.items()}


def storable(text: str) -> str:
    """Text that every database takes."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def plain(value: Any) -> Any:
    """A value as this database stores it."""
    return _plain_here()(value)


def _plain_here() -> Callable[[Any], Any]:
    """Which database this is costs more to find out than a value to convert: it is asked once per statement."""
    return _plain_on_postgresql if connection.vendor == "postgresql" else _plain_on_sqlite


def _plain_on_postgresql(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, uuid.UUID | datetime):
        return str(value)
    return json.dumps(value) if isinstance(value, dict | list) else value


def _plain_on_sqlite(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return _plain_on_postgresql(value)


def write_records(statement: str, columns: Columns, records: Sequence[Mapping[str, Any]], *more: Any) -> Rows:
    """Run `WITH v AS (…) statement` and return what it returns. Nothing is run for no records."""
    if not records:
        return []
    values = [parameter(records), len(records), *map(_plain_here(), more)]
    return _execute(f"WITH {table(columns)} {statement}", values)


def read(statement: str, parameters: Sequence[Any] = ()) -> Rows:
    """Run a statement and return its rows."""
    return _execute(statement, [*map(_plain_here(), parameters)])


def _execute(statement: str, parameters: Sequence[Any]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def one_commit() -> AbstractContextManager[Any]:
    """For statements that are one on PostgreSQL, or follow each other: all of them are committed, or none."""
    return transaction.atomic(savepoint=False)


def as_uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def as_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def as_time(value: Any) -> datetime:
    """A stored time; SQLite gives it without a zone, and stores UTC."""
    stored = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)
