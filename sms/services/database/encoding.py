"""Checks the encoding of a PostgreSQL database. It must be UTF8, because texts of all languages are stored."""

from __future__ import annotations

from django.db import connections

NEEDED = "UTF8"
HOW_TO = "Create the database anew: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0."


def wrong_encoding(alias: str) -> str | None:
    """The encoding of the database if it is not UTF8, else None. SQLite always uses UTF-8."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        (encoding,) = cursor.fetchone()
    return None if encoding == NEEDED else encoding
