"""The runner behind `dev.py test`, run for real on a few made-up tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Postgres
from tests.support.system import alive
from tests.support.waiting import eventually

PROJECT = Path(__file__).parents[2]
RUN_SECONDS = 120
MADE_UP = """
import pytest
from django.db import connection

def test_plain():
    pass

@pytest.mark.django_db
def test_with_a_database():
    assert connection.vendor in ("sqlite", "postgresql")
    print("vendor", connection.vendor)

@pytest.mark.any_database
@pytest.mark.django_db
def test_with_whatever_database():
    print("any", connection.vendor)

@pytest.mark.faults
def test_of_the_fault_suite():
    pass

@pytest.mark.browser
def test_in_a_browser():
    pass
"""
ODD = """
import pytest

@pytest.mark.skip(reason="made up to be skipped")
def test_skipped():
    pass

def test_failing():
    assert False

@pytest.fixture
def broken():
    raise ValueError("broken fixture")

def test_with_a_broken_fixture(broken):
    pass
"""
WAITING = """
import os, pathlib, signal
def test_that_waits():
    with open(pathlib.Path(__file__).with_name("started"), "a") as started:
        started.write(f"{os.getpid()} ")
    signal.pause()
"""


def command(file: Path, *words: str) -> list[str]:
    # The made-up tests lie outside of tests/, so its conftest.py is named as a plugin.
    ours = ["-c", str(PROJECT / "pyproject.toml"), "-p", "tests.conftest", "-p", "no:randomly"]
    ours += ["--ds", "tests.support.bare_settings"]
    return [sys.executable, "-m", "tests", *ours, str(file), *words]


def run(file: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    whole = {**os.environ, **environment}
    return subprocess.run(
        command(file, *words), cwd=PROJECT, env=whole, capture_output=True, text=True, timeout=RUN_SECONDS
    )


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """A server that is given, for runs that are not about how one is started."""
    with Postgres() as started:
        yield {"TEST_DATABASE_URL": started.url}


@pytest.fixture
def made_up(tmp_path):
    file = tmp_path / "test_made_up.py"
    file.write_text(MADE_UP)
    return file


def test_tests_with_a_database_run_on_both_kinds_and_others_once(made_up):
    done = run(made_up, "-s")
    assert sorted(re.findall("vendor (.+?)[.\n]", done.stdout)) == ["postgresql", "sqlite"]
    assert re.findall("any (.+?)[.\n]", done.stdout) == ["sqlite"]
    assert done.stdout.endswith("\n4 passed, 0 failed, 0 skipped\n")
    assert "1 tests marked faults: run them with --faults\n" in done.stdout
    assert "1 tests marked browser: run them with --browser\n" in done.stdout
    assert done.returncode == 0


def test_all_runs_what_is_left_out_otherwise(made_up, server):
    done = run(made_up, "--all", "-k", "not database", **server)
    assert done.stdout.endswith("nothing was left out\n\n3 passed, 0 failed, 0 skipped\n")


def test_workers_count_like_one_process(made_up, server):
    done = run(made_up, "-n", "2", **server)
    assert done.stdout.endswith("\n4 passed, 0 failed, 0 skipped\n")
    assert "1 tests marked faults: run them with --faults\n" in done.stdout


def test_failures_and_errors_count_and_decide_the_exit_code(tmp_path, server):
    file = tmp_path / "test_odd.py"
    file.write_text(ODD)
    done = run(file, **server)
    assert done.stdout.endswith("\n0 passed, 2 failed, 1 skipped\n")
    assert "1 skipped: Skipped: made up to be skipped\n" in done.stdout
    assert done.returncode == 1


def test_a_run_without_a_test_is_no_success(made_up, server):
    done = run(made_up, "-k", "nothing_is_called_so", **server)
    assert done.stdout.endswith("\n0 passed, 0 failed, 0 skipped\n")
    assert done.returncode == 1


def test_a_server_given_by_its_url_must_be_postgresql(made_up):
    environment = {**os.environ, "TEST_DATABASE_URL": "mysql://somebody@127.0.0.1/x"}
    done = subprocess.run(command(made_up), cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.stderr == "TEST_DATABASE_URL must start with postgres://, not mysql://\n"
    assert done.returncode == 1


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_run(tmp_path, by):
    file = tmp_path / "test_waiting.py"
    file.write_text(WAITING)
    started = tmp_path / "started"
    with subprocess.Popen(command(file), cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        eventually(started.exists, because="the made-up test waits")
        running.send_signal(by)
        assert running.wait(RUN_SECONDS) == 130
    eventually(lambda: not alive(int(started.read_text())), because="the waiting test is gone")
