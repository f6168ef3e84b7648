"""Transactions of a dispatcher. One that freezes amid its own keeps rows from everybody: but not for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from django.db import connection, transaction

from . import clock
from .together import ask, together

LET_GO_SECONDS = 10.0
"""How long the server waits for the next word in a brief transaction before it ends it and frees its rows."""


@contextmanager
def brief(question: Callable[[], Callable[[], Any]] = clock.ask, *, savepoint: bool = True) -> Iterator[Any]:
    """A transaction as `transaction.atomic`, which the server ends if this process freezes in its midst.

    Gives the answer to a question that travels with its beginning: what time it is, unless told otherwise. The process
    learns of its end as of any lost connection. SQLite has no server that could end it: there a frozen writer holds up
    all others until it wakes up.
    """
    is_outermost = not connection.in_atomic_block
    with ExitStack() as stack:
        with together():
            if is_outermost and connection.vendor == "postgresql":
                stack.enter_context(_begin())
            else:
                stack.enter_context(transaction.atomic(savepoint=savepoint))
            answer = question()
        yield answer()


def _begin() -> AbstractContextManager[None]:
    """A transaction whose BEGIN waits for company; the limit is said in each, so that it holds behind a pooler, too."""
    with connection.beginning_later():
        begun = ExitStack()
        begun.enter_context(transaction.atomic())
    ask("BEGIN", [])
    ask("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [str(int(LET_GO_SECONDS * 1000))])
    return begun


def commit() -> None:
    """Have the COMMIT travel with what is asked in a `together()` that ends the transaction: one wait for both.

    Django's own then finds nothing left to commit. Within another transaction it is that one's to commit.
    """
    if connection.vendor == "postgresql" and not connection.savepoint_ids:
        ask("COMMIT", [])
