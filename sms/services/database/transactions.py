"""Transactions of workers. If a worker's process freezes, PostgreSQL ends its transaction and releases the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from . import bulk_sql, clock

IDLE_SECONDS = 10.0
"""How long the server waits for a transaction's next statement before it ends the transaction."""
_BEGIN = "SELECT statement_timestamp(), set_config('idle_in_transaction_session_timeout', %s, true)"
"""The timeout is set in each transaction, so that it also works behind a transaction pooler."""


@contextmanager
def worker_transaction(*, savepoint: bool = True) -> Iterator[datetime]:
    """As `transaction.atomic`, but the server ends the transaction if this process freezes. Yields the database's time.

    To the process the end looks like a lost connection. SQLite has no server that could end a transaction: a frozen
    writer blocks all others.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(savepoint=savepoint):
        if is_outermost and connection.vendor == "postgresql":
            yield bulk_sql.fetch_rows(_BEGIN, [str(int(IDLE_SECONDS * 1000))])[0][0]
        else:
            yield clock.now()
