"""What a migration does to the tables that the previous version still writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults.support.evidence import Database

_COLUMNS = """
SELECT table_name, column_name AS name, data_type AS type, coalesce(character_maximum_length, 1000000) AS length,
       is_nullable = 'YES' AS takes_null, column_default IS NOT NULL OR is_identity = 'YES' AS has_default
FROM information_schema.columns WHERE table_schema = 'public'
"""
_RULES = """
WITH rules(table_id, name, keys) AS (
    SELECT conrelid, conname::text, conkey FROM pg_constraint WHERE contype IN ('c', 'x')
    UNION SELECT indrelid, indexrelid::regclass::text, indkey FROM pg_index WHERE indisunique)
SELECT table_id::regclass::text AS table_name, name,
       ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = table_id AND attnum = ANY(keys)) AS columns
FROM rules WHERE table_id::regclass::text IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')
"""
Schema = dict[tuple[str, str], dict[str, Any]]


def read(url: str) -> Schema:
    """The columns, checks and unique indexes of each table."""
    database = Database(url)
    return {(row["table_name"], row["name"]): row for row in database.rows(_COLUMNS) + database.rows(_RULES)}


def problems(before: Schema, after: Schema) -> Iterator[str]:
    """What statements of the previous version can fail on."""
    tables = {table for table, _ in before}
    for (table, name), row in after.items():
        if table in tables and (why := _problem(before, table, name, row)):
            yield f"{table}.{name} {why}"
    for (table, name), row in before.items():
        if "type" in row and (table, name) not in after:
            yield f"{table}.{name} is gone"


def _problem(before: Schema, table: str, name: str, new: dict[str, Any]) -> str:
    old = before.get((table, name))
    if "columns" in new:
        is_stricter = old is None and any((table, column) in before for column in new["columns"])
        return "is a new rule, which rows of the previous version may break" if is_stricter else ""
    if old is None:
        return "" if new["takes_null"] or new["has_default"] else "is new, not null, and has no default in the database"
    if new["type"] != old["type"] or new["length"] < old["length"]:
        return "has another type"
    if old["takes_null"] and not new["takes_null"]:
        return "no longer takes null"
    return "lost its default" if old["has_default"] and not new["has_default"] else ""
