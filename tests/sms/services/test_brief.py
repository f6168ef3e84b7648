"""Brief transactions: what the server is told, and how often. That rows come free again: tests/faults."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms.services.brief import brief

pytestmark = pytest.mark.django_db(transaction=True)
SAID = {"postgresql": 1, "sqlite": 0}


def words_about_silence(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries.captured_queries if "idle_in_transaction" in query["sql"]]


def test_each_transaction_says_once_how_long_its_silence_may_last():
    with CaptureQueriesContext(connection) as queries:
        for _ in range(2):
            with brief(), brief(savepoint=False):
                pass
    words = words_about_silence(queries)
    assert len(words) == 2 * SAID[connection.vendor]
    assert all("'10000', true" in word for word in words)


@brief()
def write_and_fail() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE brief_test (id integer)")
    raise ZeroDivisionError


def test_an_error_rolls_back_what_was_written():
    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert "brief_test" not in connection.introspection.table_names()
