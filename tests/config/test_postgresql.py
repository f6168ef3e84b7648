"""The health check of kept connections: no question to a silent one, a new connection where the old one ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import environ
import pytest
from django.db.utils import ConnectionHandler

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


def test_a_silent_connection_is_asked_nothing(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:  # only here: what cleans up after the test may ask
        patched.setattr(type(connection), "is_usable", lambda self: pytest.fail("a question was put"))
        assert ask(connection, "SELECT 7") == 7


def test_a_connection_that_the_server_ended_is_replaced(connection: Any, durable_postgres: Postgres) -> None:
    before = connection.connection.info.backend_pid
    with durable_postgres.connection() as other:
        other.execute("SELECT pg_terminate_backend(%s)", [before])
        gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s"
        eventually(lambda: other.execute(gone, [before]).fetchone() == (True,), because="the connection has ended")
    assert ask(connection, "SELECT pg_backend_pid()") != before


def test_after_a_restart_of_the_database_no_call_fails(
    stacks: Callable[..., Stack], durable_postgres: Postgres
) -> None:
    stack = stacks(dispatchers=0, server=durable_postgres, web_words=ONE_WORKER)
    for n in range(30):  # so many that most threads have a connection
        assert stack.send_sms("+40712345678", f"Before {n}").status == 201
    durable_postgres.restart_immediate()
    statuses = [stack.send_sms("+40712345678", f"After {n}").status for n in range(30)]
    assert statuses == [201] * 30
