"""Django asks a kept connection `SELECT 1` before each request: half of an accepted call's time in the database.

A server that ends a connection says so on its socket. So the socket is looked at first, and the question is put only
where something came in unasked. What this look can't see (a network that died without a word) shows as an error, as it
does when it happens a moment after the question.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper

BY_CHOICE = 2**31 - 1
"""A statement that was run so often would be prepared without being asked: none is. None would prepare no statement."""


class DatabaseWrapper(base.DatabaseWrapper):
    @property
    def is_preparing(self) -> bool:
        """False behind a pooler that gives each transaction another connection, and may lose prepared statements."""
        return not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")

    def get_connection_params(self) -> dict[str, Any]:
        return super().get_connection_params() | {"prepare_threshold": BY_CHOICE if self.is_preparing else None}

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor whose statements are parsed and planned once per connection, for those that run for each message.

        It halves the time of the accepting INSERT.
        """
        if not self.is_preparing:
            return self.cursor()
        self.close_if_health_check_failed()
        self.ensure_connection()
        cursor = PreparingCursor(self.connection)
        return self.make_debug_cursor(cursor) if self.queries_logged else self.make_cursor(cursor)

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and not self.health_check_done and _is_silent(self.connection):
            self.health_check_done = True
        super().close_if_health_check_failed()


def _is_silent(connection: Any) -> bool:
    """Whether nothing came in on the connection since its last answer: neither a last word nor its end."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)


class PreparingCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> PreparingCursor:
        return super().execute(query, params, **{"prepare": True} | options)
