"""Statements that travel to PostgreSQL together, so that several cost one wait.

A dispatcher's threads share one interpreter: each wait of one for the database gives it to the others, and costs
milliseconds to get back. psycopg's own pipeline waits at each statement that it sends; so here they are joined into one
text, as the simple protocol allows, and go when the first answer is needed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

Rows = list[tuple[Any, ...]]
Answer = Callable[[], Rows]
"""Waits for the rows that were asked for, and gives them."""


class _Batch:
    """Statements that wait to be sent, and their answers afterwards."""

    def __init__(self) -> None:
        self._statements: list[str] = []
        self._parameters: list[Any] = []
        self._answers: list[Rows] = []
        self._sent = 0

    def add(self, statement: str, parameters: Sequence[Any]) -> Answer:
        number = self._sent + len(self._statements)
        self._statements.append(statement)
        self._parameters += parameters
        return lambda: self._answer(number)

    def _answer(self, number: int) -> Rows:
        if number >= self._sent:
            self.send()
        return self._answers[number]

    def send(self) -> None:
        """Send what waits, and take in all answers. The first error ends it: nothing after it was done."""
        statements, parameters = self._statements, self._parameters
        if not statements:
            return
        self._statements, self._parameters = [], []
        with connection.cursor() as cursor:
            cursor.execute(";".join(statements), parameters)
            for _ in statements:
                self._answers.append(cursor.fetchall() if cursor.description else [])
                cursor.nextset()
        self._sent = len(self._answers)


_here = threading.local()


@contextmanager
def together() -> Iterator[None]:
    """What is asked within goes when the first answer is needed, at the latest at the block's end. Not on SQLite.

    An error comes up there, too. Statements of Django's models take no part in it: they overtake what waits.
    """
    if connection.vendor != "postgresql" or getattr(_here, "batch", None) is not None:
        yield
        return
    _here.batch = batch = _Batch()
    try:
        yield
        batch.send()
    finally:
        _here.batch = None


def ask(statement: str, parameters: Sequence[Any]) -> Answer:
    """Run a statement, at once or with those it waits for."""
    batch = getattr(_here, "batch", None)
    if batch is not None:
        return batch.add(statement, parameters)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall() if cursor.description else []
    return lambda: rows
