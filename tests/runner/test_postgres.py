"""Our PostgreSQL for tests: each way to its programs, its signals, and that nothing stays behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support import binaries as programs
from tests.support.binaries import Binaries, find_binaries, in_the_wheel, on_the_machine
from tests.support.postgres import Postgres
from tests.support.system import alive
from tests.support.waiting import eventually

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found() -> Binaries:
    binaries = find_binaries()
    assert binaries is not None, "requirements-dev.txt has a wheel with PostgreSQL's programs; it is not installed"
    return binaries


def query(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def test_the_wheels_programs_serve():
    wheel = in_the_wheel()
    assert wheel is not None
    with Postgres(binaries=wheel) as server:
        assert query(server.url, "SHOW fsync") == "off"
        folder = server.folder
    assert not folder.exists()


def test_the_machines_programs_serve():
    machine = on_the_machine()
    if machine is None:
        pytest.skip("this machine has no PostgreSQL of its own")
    with Postgres(binaries=machine, durable=True) as server:
        assert query(server.url, "SHOW fsync") == "on"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has an account of less right to run a server as")
def test_programs_that_the_servers_account_cannot_reach_are_copied(found, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    shutil.copytree(Path(in_the_wheel().folder).parents[1], locked / programs.WHEEL, symlinks=True)
    libraries = Path(in_the_wheel().folder).parents[2] / f"{programs.WHEEL}.libs"
    shutil.copytree(libraries, locked / libraries.name)
    unreachable = Binaries(locked / programs.WHEEL / in_the_wheel().folder.parent.name / "bin", "a locked folder's")
    with Postgres(binaries=unreachable) as server:
        assert server.binaries.folder.is_relative_to(server.folder)
        assert query(server.url, "SELECT 1") == 1
    assert locked.stat().st_mode & 0o777 == 0o700


def test_a_database_can_be_a_copy_of_another(found):
    with Postgres() as server:
        original = server.create_database("original")
        with psycopg.connect(original) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        copy = server.create_database(template="original")
        assert query(copy, "SELECT answer FROM kept") == 42
        server.drop_database("original")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            query(original, "SELECT 1")


@pytest.mark.parametrize("how", ["restart_immediate", "kill"])
def test_committed_rows_survive_a_crash_of_a_durable_server(found, how):
    with Postgres(durable=True) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        before = server.port
        getattr(server, how)()
        if how == "kill":
            with pytest.raises(psycopg.OperationalError):
                query(server.url, "SELECT 1")
            server.start()
        assert (query(server.url, "SELECT answer FROM kept"), server.port) == (42, before)


HELD = """
import signal
from tests.support.postgres import Postgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
with Postgres() as server:
    print(server.process.pid, server.folder, flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_behind_when_the_test_run_is_ended(found, by):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", HELD]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=PROJECT, env=environment
    ) as run:
        assert run.stdout is not None
        number, folder = run.stdout.readline().split()
        run.send_signal(by)
        run.wait(30)
    eventually(lambda: not alive(int(number)) and not Path(folder).exists(), because="server and folder are gone")
