"""Writes many rows with one statement, on both databases.

The records are one JSON parameter, which the statement reads as a table named `v`. So a batch of any size is one
UPDATE … FROM v, and the text of a statement does not depend on the size.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

Rows = list[tuple[Any, ...]]
Columns = Mapping[str, str]
"""Column names with their PostgreSQL types. SQLite needs no types."""


def values_table(columns: Columns, records: str = "%s", count: str = "%s") -> str:
    """`v AS (…)`: the rows of one JSON parameter, limited to their number.

    Without the limit PostgreSQL expects a hundred rows, and for so many it scans the queue instead of using the keys.
    """
    if connection.vendor == "postgresql":
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"v AS MATERIALIZED (SELECT * FROM json_to_recordset({records}::json) AS r({types}) LIMIT {count})"
    fields = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return f"v AS MATERIALIZED (SELECT {fields} FROM json_each({records}) LIMIT {count})"


def is_one_of(column: str, kind: str) -> str:
    """SQL for `column IN (…)` with one parameter, of `list_parameter`, so that the statement's text is always the same.

    A list of placeholders would make PostgreSQL prepare a statement for each length.
    """
    if connection.vendor == "postgresql":
        return f"{column} = ANY(ARRAY(SELECT json_array_elements_text(%s::json))::{kind}[])"
    return f"{column} IN (SELECT value FROM json_each(%s))"


def list_parameter(values: Iterable[Any]) -> str:
    return json.dumps(list(values), default=_converter())


def json_parameter(records: Sequence[Mapping[str, Any]]) -> str:
    """The records as JSON. NUL and lone surrogates, which PostgreSQL can't store, are escaped."""
    text = json.dumps(records, default=_converter())
    if "\\u0000" in text or "\\ud" in text:
        text = json.dumps(json.loads(text, object_hook=_storable))
    return text


def _storable(record: dict[str, Any]) -> dict[str, Any]:
    return {name: storable(value) if isinstance(value, str) else value for name, value in record.items()}


def storable(text: str) -> str:
    """The text with characters escaped that PostgreSQL can't store."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def stored_value(value: Any) -> Any:
    """A value as a parameter for this database."""
    return _converter()(value)


def _converter() -> Callable[[Any], Any]:
    """The conversion for this database. Checking the vendor is slower than converting a value, so it is done once."""
    return _for_postgresql if connection.vendor == "postgresql" else _for_sqlite


def _for_postgresql(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, uuid.UUID | datetime):
        return str(value)
    return json.dumps(value) if isinstance(value, dict | list) else value


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return _for_postgresql(value)


def write_records(statement: str, columns: Columns, records: Sequence[Mapping[str, Any]], *more: Any) -> Rows:
    """Run `WITH v AS (…) statement` and return its rows. Without records nothing is run."""
    if not records:
        return []
    values = [json_parameter(records), len(records), *map(_converter(), more)]
    return _execute(f"WITH {values_table(columns)} {statement}", values)


def fetch_rows(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
    """Run a statement and return its rows."""
    convert = _converter()
    if isinstance(parameters, Mapping):
        return _execute(statement, {name: convert(value) for name, value in parameters.items()})
    return _execute(statement, [*map(convert, parameters)])


def prepared_cursor() -> CursorWrapper:
    """A cursor for statements that run for each message. Their text may not contain values (config/postgresql)."""
    return getattr(connection, "prepared_cursor", connection.cursor)()


def _execute(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Rows:
    with prepared_cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def one_commit() -> AbstractContextManager[Any]:
    """A transaction for statements that must be committed together. PostgreSQL may need only one of them."""
    return transaction.atomic(savepoint=False)


def as_uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def as_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def as_time(value: Any) -> datetime:
    """A stored time with its zone. SQLite stores UTC without a zone."""
    stored = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)
