"""Transactions of workers: what the server is told, and how often. That rows come free again: tests/faults."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms.services.database.transactions import worker_transaction

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = {"postgresql": 1, "sqlite": 0}


def limits_set(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries.captured_queries if "idle_in_transaction" in query["sql"]]


def test_each_transaction_says_once_how_long_it_may_be_idle():
    with CaptureQueriesContext(connection) as queries:
        for _ in range(2):
            with worker_transaction(), worker_transaction(savepoint=False):
                pass
    limits = limits_set(queries)
    assert len(limits) == 2 * TIMES[connection.vendor]


@pytest.mark.postgresql_alone
def test_the_server_ends_a_transaction_that_is_idle_for_ten_seconds():
    with worker_transaction(), connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("10s",)


@worker_transaction()
def write_and_fail() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE worker_test (id integer)")
    raise ZeroDivisionError


def test_an_error_rolls_back_what_was_written():
    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert "worker_test" not in connection.introspection.table_names()


def test_it_gives_the_databases_time():
    with worker_transaction() as now, worker_transaction() as later:
        assert now.tzinfo is not None
        assert now <= later
