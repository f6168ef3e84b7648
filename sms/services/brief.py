"""Transactions of a dispatcher. One that freezes amid its own keeps rows from everybody: but not for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

LET_GO_SECONDS = 10.0
"""How long the server waits for the next word in a brief transaction before it ends it and frees its rows."""


@contextmanager
def brief(*, savepoint: bool = True) -> Iterator[None]:
    """A transaction as `transaction.atomic`, which the server ends if this process freezes in its midst.

    The process learns of it as of any lost connection. SQLite has no server that could end it: there a frozen writer
    holds up all others until it wakes up.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(savepoint=savepoint):
        if is_outermost:
            _let_go_if_frozen()
        yield


def _let_go_if_frozen() -> None:
    """Said anew in each transaction, so that it holds behind a transaction pooler, too."""
    if connection.vendor == "postgresql":
        milliseconds = str(int(LET_GO_SECONDS * 1000))
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [milliseconds])
