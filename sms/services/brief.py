"""Transactions of a dispatcher. One that freezes amid its own keeps rows from everybody: but not for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from . import clock

LET_GO_SECONDS = 10.0
"""How long the server waits for the next word in a brief transaction before it ends it and frees its rows."""


@contextmanager
def brief(*, savepoint: bool = True) -> Iterator[Callable[[], datetime]]:
    """A transaction as `transaction.atomic`, which the server ends if this process freezes in its midst.

    Gives what tells the time: of the transaction's beginning, or within another transaction of the asking. The process
    learns of its end as of any lost connection. SQLite has no server that could end it: there a frozen writer holds up
    all others until it wakes up.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(savepoint=savepoint):
        yield _begin() if is_outermost and connection.vendor == "postgresql" else clock.now


def _begin() -> Callable[[], datetime]:
    """Said anew in each transaction, so that it holds behind a pooler, too; the time is asked for on the way."""
    milliseconds = str(int(LET_GO_SECONDS * 1000))
    statement = "SELECT statement_timestamp(), set_config('idle_in_transaction_session_timeout', %s, true)"
    with connection.cursor() as cursor:
        cursor.execute(statement, [milliseconds])
        began = cursor.fetchone()[0]
    return lambda: began
