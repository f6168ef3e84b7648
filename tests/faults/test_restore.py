"""A backup taken under load is restored: parked first, nothing goes out twice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.binaries import find_binaries
from tests.support.databases import is_postgresql
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.evidence import Database, drained
from .support.ledger import Ledger
from .support.load import Load, smsplus_item
from .test_databases_sqlite import copied

QUIET_SECONDS = 150  # park waits until the last heartbeat in the backup is old


def back_up(stack: Stack, file: Path) -> None:
    if is_postgresql(stack.database_url):
        run("pg_dump", "--format=custom", f"--file={file}", stack.database_url)
    else:
        copied(Database(stack.database_url).file, file)


def restore(stack: Stack, file: Path) -> None:
    if is_postgresql(stack.database_url):
        run("pg_restore", "--clean", "--if-exists", f"--dbname={stack.database_url}", str(file))
        return
    target = Database(stack.database_url).file
    for leftover in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
        leftover.unlink(missing_ok=True)
    shutil.copyfile(file, target)


def run(name: str, *words: str) -> None:
    binaries = find_binaries()
    assert binaries is not None
    subprocess.run([binaries.path(name), *words], check=True, capture_output=True)


@pytest.mark.faults
def test_a_restored_backup_that_was_parked_sends_nothing_twice(
    short_leases: Callable[..., Stack], ledger: Ledger, tmp_path: Path
):
    stack = short_leases(slots=8)
    [dispatcher] = stack.dispatchers
    stack.vendors.smsplus.setup(latency=0.3)  # slower than the load: at any moment some wait
    load = Load(stack.port, (smsplus_item() for _ in range(600)), rate=60)
    with load.running():
        eventually(lambda: stack.vendors.smsplus.counts()["accepted"] >= 50)
        back_up(stack, tmp_path / "backup")
        eventually(lambda: len(load.accepted()) >= 300)
        load.stop()
    drained(stack)
    dispatcher.kill()
    stack.web.kill()
    restore(stack, tmp_path / "backup")
    waiting = Database(stack.database_url).counts()
    assert waiting["queued"] + waiting["sending"] > 0
    now = datetime.now(UTC).isoformat()
    eventually(lambda: parked(stack, now), timeout=QUIET_SECONDS, because="park goes through")
    stack.vendors.smsplus.setup(latency=0)
    dispatcher.start()
    stack.start_web()
    assert stack.send_sms(smsplus_item().to, smsplus_item().text, x_akinon_request_id="after").status == 201
    drained(stack)
    figures = invariants.count(stack)
    assert figures.doubled == 0
    assert figures.unconfirmed >= waiting["queued"] + waiting["sending"]
    ledger.note("backup taken under load, restored, parked", figures)


def parked(stack: Stack, before: str) -> bool:
    return stack.manage("park", "--before", before, "--reason", "restored a backup", check=False).returncode == 0
