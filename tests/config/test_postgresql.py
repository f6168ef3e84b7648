"""Kept connections: no health check of a silent one, a new one where the old one ended, prepared statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import environ
import pytest
from django.db.utils import ConnectionHandler

from config.postgresql import base
from tests.support.postgres import Postgres
from tests.support.stack import ONE_WORKER, Stack
from tests.support.waiting import eventually


@pytest.fixture
def connection(durable_postgres: Postgres, db: None) -> Iterator[Any]:
    """A connection as the product's, at the start of a request that is not its first."""
    address = environ.Env.db_url_config(durable_postgres.url) | {"ENGINE": "config.postgresql"}
    made = ConnectionHandler({"default": address | {"CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": None}})["default"]
    made.ensure_connection()
    made.health_check_enabled, made.health_check_done = True, False
    yield made
    made.close()


def ask(connection: Any, question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def end(connection: Any, server: Postgres) -> int:
    """The server ends the connection; returns the number of its process."""
    pid: int = connection.connection.info.backend_pid
    with server.connection() as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s"
        eventually(lambda: other.execute(gone, [pid]).fetchone() == (True,), because="the connection has ended")
    return pid


def test_a_connection_without_unread_data_is_not_queried(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:  # only here: what cleans up after the test may ask
        patched.setattr(type(connection), "is_usable", lambda self: pytest.fail("a question was put"))
        assert ask(connection, "SELECT 7") == 7


def test_a_connection_that_the_server_ended_is_replaced(connection: Any, durable_postgres: Postgres) -> None:
    before = end(connection, durable_postgres)
    assert ask(connection, "SELECT pg_backend_pid()") != before


def prepared(connection: Any) -> Any:
    with connection.prepared_cursor() as cursor:
        cursor.execute("SELECT %s + 1", [6])
        assert cursor.fetchone() == (7,)
    return ask(connection, "SELECT count(*) FROM pg_prepared_statements")


def test_a_statement_for_each_message_is_prepared_once(connection: Any) -> None:
    assert [prepared(connection) for _ in range(3)] == [1, 1, 1]


def test_behind_a_pooler_nothing_is_prepared(connection: Any) -> None:
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
    assert prepared(connection) == 0


def test_a_pooler_is_noticed_and_nothing_is_prepared(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not base.is_pooled(connection.connection)
    connection.close()
    monkeypatch.setattr(base, "is_pooled", lambda made: True)
    assert prepared(connection) == 0
    assert connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_a_prepared_statement_runs_on_a_new_connection_where_the_old_one_ended(
    connection: Any, durable_postgres: Postgres
) -> None:
    prepared(connection)
    end(connection, durable_postgres)
    connection.health_check_done = False  # the next request begins
    assert prepared(connection) == 1


def test_after_a_restart_of_the_database_no_call_fails(
    stacks: Callable[..., Stack], durable_postgres: Postgres
) -> None:
    stack = stacks(dispatchers=0, server=durable_postgres, web_words=ONE_WORKER)
    for n in range(30):  # so many that most threads have a connection
        assert stack.send_sms("+40712345678", f"Before {n}").status == 201
    durable_postgres.restart_immediate()
    statuses = [stack.send_sms("+40712345678", f"After {n}").status for n in range(30)]
    assert statuses == [201] * 30
