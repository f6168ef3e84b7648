"""What the fault tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sms.services.queue import notify
from tests.support.databases import is_postgresql
from tests.support.stack import SHOP, Stack

from .support import report
from .support.ledger import Ledger

SHORT_TIMEOUT = SHOP.replace("timeout = 5", "timeout = 1")
"""The shop with the shortest call deadline, so that leases end after 5 + 1 + 10 seconds."""


@pytest.fixture(autouse=True)
def _no_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread that notifies workers: its connection would keep the test database from being dropped."""
    monkeypatch.setattr(notify, "_notifier", SimpleNamespace(notify=lambda subject: None))


@pytest.fixture(scope="session")
def ledger(pytestconfig: pytest.Config) -> Iterator[Ledger]:
    """Gathers figures; a run of the long suite writes down those of the tests that passed."""
    book = Ledger("PostgreSQL" if is_postgresql(os.environ.get("DATABASE_URL", "")) else "SQLite")
    yield book
    if pytestconfig.getoption("--faults") and book.entries:
        report.write(book.save())


@pytest.fixture
def sqlite_stacks(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """As `stacks`, for faults that only SQLite has, and its disk: they run in the SQLite half alone."""
    with ExitStack() as open_stacks:

        def bring_up(folder: Path | None = None, **options: Any) -> Stack:
            own = (folder or tmp_path) / "stack"
            own.mkdir()
            return open_stacks.enter_context(Stack(own, on_disk=True, **options))

        yield bring_up


@pytest.fixture
def short_leases(stacks: Callable[..., Stack]) -> Callable[..., Stack]:
    """Brings up stacks whose calls have a deadline of one second."""
    return lambda **options: stacks(provisioning=SHORT_TIMEOUT, **options)
