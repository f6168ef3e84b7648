"""Transactions of background workers: one whose process freezes must not keep its rows locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from . import bulk_sql, clock

IDLE_SECONDS = 10.0
"""How long the server waits for the next statement of a transaction before it ends it and frees its rows."""
_BEGIN = "SELECT statement_timestamp(), set_config('idle_in_transaction_session_timeout', %s, true)"
"""The limit is set in each transaction, so that it holds behind a transaction pooler, too."""


@contextmanager
def worker_transaction(*, savepoint: bool = True) -> Iterator[datetime]:
    """A transaction as `transaction.atomic`, which the server ends if this process freezes in its midst.

    Gives the database's time. The process learns of the end as of any lost connection. SQLite has no server that could
    end it: there a frozen writer holds up all others until it wakes up.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(savepoint=savepoint):
        if is_outermost and connection.vendor == "postgresql":
            yield bulk_sql.read(_BEGIN, [str(int(IDLE_SECONDS * 1000))])[0][0]
        else:
            yield clock.now()
