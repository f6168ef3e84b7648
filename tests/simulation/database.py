"""The database's side: its answers may be lost, and a process may die, at every statement and every commit.

The database itself is SQLite in memory, copied from a prepared one for each seed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

from django.db import OperationalError, connection

from .chance import Chance

TIMES_OF_WEB = 4
"""How much more often a statement of a web process fails: it runs far fewer than a dispatcher."""


class Killed(BaseException):
    """The process died here. Nothing of the product catches it."""


@dataclass(eq=False)
class Process:
    """A process of the product. Once dead it can run no statement: what a `finally` tries has no effect."""

    name: str
    is_dead: bool = False


class Database:
    """Stands between the product and SQLite. `between` lets other processes go on between two statements."""

    def __init__(self, chance: Chance, between: Callable[[], None]) -> None:
        self.chance = chance
        self.between = between
        self.process: Process | None = None

    @contextmanager
    def installed(self, prepared: sqlite3.Connection) -> Iterator[None]:
        own = in_memory(prepared)
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(connection, "connection", own))
            stack.callback(lambda: connection.connection.close())
            stack.enter_context(mock.patch.object(connection, "close"))
            commit = connection._commit
            stack.enter_context(mock.patch.object(connection, "_commit", partial(self.commit, commit)))
            stack.enter_context(connection.execute_wrapper(self.statement))
            yield

    def run(self, process: Process, function: Callable[[], Any]) -> Any:
        """Run a function as this process. Raises Killed if it died on the way."""
        before, self.process = self.process, process
        try:
            return function()
        finally:
            self.process = before

    def statement(self, execute: Callable[..., Any], sql: Any, *words: Any) -> Any:
        process = self.process
        if process is None or str(sql).startswith(("ROLLBACK", "RELEASE")):
            return execute(sql, *words)
        self._check(process)
        if not connection.in_atomic_block:
            self.between()
            self._check(process)
        if self._happens("killed before a statement"):
            self._die(process)
        if self._happens("database gone before a statement"):
            raise OperationalError("the connection was lost")
        if connection.in_atomic_block and self._happens("serialization failure"):
            raise OperationalError("could not serialize access due to concurrent update")
        answer = execute(sql, *words)
        if str(sql).startswith("BEGIN"):  # Django would not know of the transaction
            return answer
        if self._happens("killed after a statement"):
            self._die(process)
        if self._happens("statement done, its answer lost"):
            raise OperationalError("the connection was lost")
        return answer

    def commit(self, commit: Callable[[], None]) -> None:
        process = self.process
        if process is None:
            return commit()
        if process.is_dead or self._happens("killed before a commit"):
            connection._rollback()
            self._die(process)
        if self._happens("commit refused"):
            raise OperationalError("the connection was lost before the commit")
        commit()
        if self._happens("killed after a commit"):
            self._die(process)
        if self._happens("commit done, its answer lost"):
            raise OperationalError("the connection was lost after the commit")
        return None

    def _happens(self, kind: str) -> bool:
        is_web = self.process is not None and self.process.name == "web"
        return self.chance.happens(kind, times=TIMES_OF_WEB if is_web else 1)

    def _die(self, process: Process) -> None:
        process.is_dead = True
        raise Killed(process.name)

    def _check(self, process: Process) -> None:
        if process.is_dead:
            raise Killed(process.name)


def replace_by(source: sqlite3.Connection) -> None:
    """Go on with a copy of another database."""
    old, connection.connection = connection.connection, in_memory(source)
    old.close()


def in_memory(source: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of a database in memory, set up as Django sets up its own connection."""
    copy = connection.get_new_connection({**connection.get_connection_params(), "database": ":memory:"})
    copy.isolation_level = None
    source.backup(copy)
    return copy
