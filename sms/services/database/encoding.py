"""The encoding of a PostgreSQL database: texts of all languages are stored, so it must be UTF8."""

from __future__ import annotations

from django.db import connections

NEEDED = "UTF8"
HOW_TO = "Create the database anew: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0."


def wrong_encoding(alias: str) -> str | None:
    """The encoding of the database if it can't hold every text; None for UTF8 and for SQLite, which is always."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        (encoding,) = cursor.fetchone()
    return None if encoding == NEEDED else encoding
