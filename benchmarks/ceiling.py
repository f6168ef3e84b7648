"""The ceiling of accepting: a bare WSGI application with one INSERT and COMMIT, on the same server and database."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

TABLE = """
CREATE TABLE IF NOT EXISTS bench_ceiling (
    id uuid PRIMARY KEY, sender text, recipient text, text text, created_at timestamptz DEFAULT now())
"""
INSERT = "INSERT INTO bench_ceiling (id, sender, recipient, text) VALUES (%s, %s, %s, %s)"

_local = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    connection = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = psycopg.connect(os.environ["DATABASE_URL"])
    connection.execute(INSERT, (uuid.uuid4(), "AKINON", "+40712345678", "Salut"))
    connection.commit()
    start_response("201 Created", [("Content-Length", "0")])
    return []
