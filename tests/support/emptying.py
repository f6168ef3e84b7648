"""What Django's flush does after a test that committed, at a fraction of its cost.

Flush empties every table, full or not, and then makes content types and permissions anew: with PostgreSQL, whose
TRUNCATE makes new files for each of some fifty tables, that is dearer than most of the tests it comes after. A test
fills a few tables, so this asks which hold rows, and deletes those.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

KEPT = {"django_migrations", "django_content_type", "auth_permission"}
"""As the migrations left them; flush would make the same rows again, under other keys."""


@contextlib.contextmanager
def instead_of_flush() -> Iterator[None]:
    """Tests that commit leave an empty database by this; those that ask for more of flush still get it."""
    flush = TransactionTestCase._fixture_teardown

    def teardown(case: Any) -> None:
        if case.available_apps is not None or case.serialized_rollback or case.reset_sequences:
            flush(case)
        else:
            for alias in case._databases_names(include_mirrors=False):
                empty(connections[alias])

    with mock.patch.object(TransactionTestCase, "_fixture_teardown", teardown):
        yield


def empty(connection: BaseDatabaseWrapper) -> None:
    """Delete every row of every table but the kept ones; foreign keys are looked at when all is done."""
    tables = sorted(set(connection.introspection.django_table_names(include_views=False)) - KEPT)
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        for table in filled(cursor, tables, connection):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


def filled(cursor: Any, tables: list[str], connection: BaseDatabaseWrapper) -> list[str]:
    """Which of them hold rows: one question for all."""
    question = "SELECT %s WHERE EXISTS (SELECT 1 FROM {})"
    questions = [question.format(connection.ops.quote_name(table)) for table in tables]
    cursor.execute(" UNION ALL ".join(questions), tables)
    return [table for (table,) in cursor.fetchall()]
