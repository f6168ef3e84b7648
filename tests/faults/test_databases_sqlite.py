"""SQLite under load: locked, on a full disk, and copied while messages are sent."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.evidence import Database, drained
from .support.ledger import Ledger
from .support.load import Load, smsplus_item

LOCKED_SECONDS = 10


def load_on(stack: Stack, rate: float = 40) -> Load:
    return Load(stack.port, (smsplus_item() for _ in range(3000)), rate=rate, tries=100, pause=0.2)


@pytest.mark.faults
def test_sqlite_locked_for_ten_seconds(sqlite_stacks: Callable[..., Stack], ledger: Ledger):
    stack = sqlite_stacks()
    load = load_on(stack)
    with load.running():
        eventually(lambda: len(load.accepted()) >= 40)
        with Database(stack.database_url).writes_locked():
            time.sleep(LOCKED_SECONDS)  # the length is the fault
        freed = time.monotonic()
        eventually(lambda: [r for r in load.accepted() if r.at > freed])
        recovered = time.monotonic() - freed
        load.stop()
    drained(stack)
    assert {reply.status for reply in load.refused()} <= {503}
    figures = invariants.check(stack, load)
    ledger.note("SQLite locked for 10 s", figures, recovered=recovered)


@pytest.mark.faults
def test_sqlite_copied_under_load(sqlite_stacks: Callable[..., Stack], ledger: Ledger, tmp_path: Path):
    stack = sqlite_stacks()
    load = load_on(stack)
    with load.running():
        eventually(lambda: len(load.accepted()) >= 40)
        before = len(load.accepted())
        copy = copied(Database(stack.database_url).file, tmp_path / "copy.sqlite3")
        eventually(lambda: len(load.accepted()) >= before + 40)
        load.stop()
    drained(stack)
    assert load.refused() == []
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM sms_message").fetchone()[0] >= before
    ledger.note("SQLite copied under load (.backup)", invariants.check(stack, load))


def copied(file: Path, target: Path) -> Path:
    with contextlib.closing(sqlite3.connect(file)) as source, contextlib.closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes. Only root may make one."""
    if os.geteuid() != 0:
        pytest.skip("a disk that is full needs a tmpfs, and only root may mount one")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.faults
def test_a_full_disk(sqlite_stacks: Callable[..., Stack], small_disk: Path, ledger: Ledger):
    stack = sqlite_stacks(folder=small_disk)
    load = load_on(stack)
    ballast = small_disk / "ballast"
    with load.running():
        eventually(lambda: len(load.accepted()) >= 40)
        fill(ballast)
        eventually(lambda: len(load.refused()) >= 10, because="calls are refused")
        ballast.unlink()
        freed = time.monotonic()
        eventually(lambda: [r for r in load.accepted() if r.at > freed])
        recovered = time.monotonic() - freed
        load.stop()
    drained(stack)
    assert {reply.status for reply in load.refused()} <= {503}
    ledger.note("SQLite's disk full", invariants.check(stack, load), recovered=recovered)


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
