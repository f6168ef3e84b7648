"""Replaces Django's flush after a test that committed, at a fraction of its cost.

Flush truncates every table, and then creates content types and permissions again. On PostgreSQL, TRUNCATE creates new
files for each of some fifty tables, which takes longer than most tests. A test fills few tables, so this finds those
with rows, and deletes the rows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

ROLES = "auth_group"
KEPT = {"django_migrations", "django_content_type", "auth_permission", ROLES, "auth_group_permissions"}
"""As the migrations left them; flush would make the same rows again, under other keys. Of roles, those of tests go."""


def roles_of_migrations() -> list[int]:
    """Called before the first test."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {ROLES}")
        return [key for (key,) in cursor.fetchall()]


@contextlib.contextmanager
def instead_of_flush(roles: Sequence[int]) -> Iterator[None]:
    """Use `empty` after tests that commit. Tests that need more of flush still use flush."""
    flush = TransactionTestCase._fixture_teardown

    def teardown(case: Any) -> None:
        if case.available_apps is not None or case.serialized_rollback or case.reset_sequences:
            flush(case)
        else:
            for alias in case._databases_names(include_mirrors=False):
                empty(connections[alias], roles)

    with mock.patch.object(TransactionTestCase, "_fixture_teardown", teardown):
        yield


def empty(connection: BaseDatabaseWrapper, roles: Sequence[int]) -> None:
    """Delete every row of every table except the kept ones; foreign keys are checked at the end."""
    marks = ", ".join(["%s"] * len(roles))
    tables = sorted(set(connection.introspection.django_table_names(include_views=False)) - KEPT)
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        for table in filled(cursor, tables, connection):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
        for table, column in (("auth_group_permissions", "group_id"), (ROLES, "id")):
            cursor.execute(f"DELETE FROM {table} WHERE {column} NOT IN ({marks})", roles)


def filled(cursor: Any, tables: list[str], connection: BaseDatabaseWrapper) -> list[str]:
    """The tables that have rows, with one query."""
    question = "SELECT %s WHERE EXISTS (SELECT 1 FROM {})"
    questions = [question.format(connection.ops.quote_name(table)) for table in tables]
    cursor.execute(" UNION ALL ".join(questions), tables)
    return [table for (table,) in cursor.fetchall()]
