"""Brief transactions: what the server is told, and how often. That rows come free again: tests/faults."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from sms.services.brief import brief, commit
from sms.services.rows import ask
from sms.services.together import together

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


def make_table_and_commit(then_ask: str) -> list[tuple[int]]:
    with brief(), together():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE brief_test (id integer)")
        answer = ask(then_ask)
        commit()
    return answer()


def test_the_last_words_travel_with_the_commit():
    assert make_table_and_commit("SELECT 1") == [(1,)]
    assert "brief_test" in connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE brief_test")


def test_after_an_error_in_the_last_words_nothing_is_committed_and_the_connection_goes_on():
    with pytest.raises(DatabaseError):
        make_table_and_commit("SELECT no_such_column")
    assert "brief_test" not in connection.introspection.table_names()


@brief()
def make_table_within_another_transaction_and_fail() -> None:
    make_table_and_commit("SELECT 1")
    raise ZeroDivisionError


def test_within_another_transaction_the_commit_is_left_to_it():
    with pytest.raises(ZeroDivisionError):
        make_table_within_another_transaction_and_fail()
    assert "brief_test" not in connection.introspection.table_names()
