"""A PostgreSQL backend that runs Django's health check only if the socket shows a reason.

Before each request Django executes `SELECT 1` on a kept connection, which was half of the database time of an accepted
call. A server that ends a connection sends this on its socket, so the query is only executed if there is unread data. A
network failure that leaves no data is not seen: the next statement fails, as after a failure right after the query.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
import structlog
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper

log = structlog.get_logger(__name__)

BY_CHOICE = 2**31 - 1
"""psycopg's `prepare_threshold`: so high that statements are prepared only on request. None would disable that, too."""


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Behind a pooler, switch off what a pooler in transaction mode loses, for all connections of the process.

        A statement that another client has prepared under the same name could be executed in place of ours.
        """
        made = super().get_new_connection(conn_params)
        if not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS") and is_pooled(made):
            self.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
            log.warning("database.pooled", consequence="no prepared statements and no server-side cursors are used")
        return made

    @property
    def is_preparing(self) -> bool:
        """False behind a pooler in transaction mode, which may lose prepared statements."""
        return not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")

    def get_connection_params(self) -> dict[str, Any]:
        return super().get_connection_params() | {"prepare_threshold": BY_CHOICE if self.is_preparing else None}

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor whose statements are parsed and planned once per connection, for those that run for each message.

        It halves the time of the accepting INSERT. Where Django records queries, it needs a cursor of its own class.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        if not self.is_preparing or self.queries_logged:
            return self.cursor()
        return self.make_cursor(PreparingCursor(self.connection))

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and not self.health_check_done and _is_silent(self.connection):
            self.health_check_done = True
        super().close_if_health_check_failed()


def is_pooled(connection: Any) -> bool:
    """Whether another program answered: its number of the server's process is not the one that the server gives."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    if not connection.autocommit:
        connection.rollback()
    return bool(pid != connection.info.backend_pid)


def _is_silent(connection: Any) -> bool:
    """Whether the connection has no unread data and has not been closed."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)


class PreparingCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> PreparingCursor:
        return super().execute(query, params, **{"prepare": True} | options)
