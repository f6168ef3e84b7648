"""The demonstration's child processes: a death is noticed, and nobody is left behind."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path

import pytest

from sms.management.demonstration import supervisor as module
from sms.management.demonstration.supervisor import Child, Died, Stopped, Supervisor
from tests.support.waiting import eventually

SECONDS = 30


@pytest.fixture
def out():
    return io.StringIO()


@pytest.fixture
def supervisor(out):
    with Supervisor(folder=Path.cwd(), out=out) as supervisor:
        yield supervisor


def python(supervisor: Supervisor, code: str, name: str = "child") -> Child:
    return supervisor.start(name, [sys.executable, "-u", "-c", code], {})


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z" if Path("/proc").is_dir() else True


def test_a_child_that_ends_by_itself_is_reported_with_its_last_lines(supervisor):
    python(supervisor, "print('the reason'); raise SystemExit(3)", name="worker")
    with pytest.raises(Died, match=r"(?s)worker ended with code 3.*the reason"):
        supervisor.watch()


def test_only_the_last_lines_are_kept(supervisor):
    python(supervisor, "[print('line', n) for n in range(100)]")
    with pytest.raises(Died) as died:
        supervisor.watch()
    lines = str(died.value).splitlines()
    assert lines[1:] == [f"line {n}" for n in range(80, 100)]


def test_lines_are_shown_with_the_childs_name(supervisor, out):
    python(supervisor, "print('hello'); print('ready {}')", name="web")
    with pytest.raises(Died):
        supervisor.watch()
    assert out.getvalue() == "       web | hello\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_watch(supervisor, number):
    python(supervisor, "import time; time.sleep(600)")
    os.kill(os.getpid(), number)
    with pytest.raises(Stopped):
        supervisor.watch()


def test_leaving_stops_every_child_and_restores_the_signals(out):
    before = signal.getsignal(signal.SIGTERM)
    with Supervisor(folder=Path.cwd(), out=out) as supervisor:
        children = [python(supervisor, "import time; time.sleep(600)") for _ in range(2)]
    assert [child.process.poll() for child in children] == [-signal.SIGTERM, -signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_child_that_ignores_the_request_is_killed(out, monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(600)"
    with Supervisor(folder=Path.cwd(), out=out) as supervisor:
        child = python(supervisor, code)
        supervisor.until(lambda: "up" in child.lines, seconds=SECONDS, what="the child")
    assert child.process.returncode == -signal.SIGKILL
    assert "it is killed" in out.getvalue()


def test_a_childs_own_children_go_with_it(out):
    code = (
        "import subprocess, sys, time\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)\n"
        "time.sleep(600)"
    )
    with Supervisor(folder=Path.cwd(), out=out) as supervisor:
        child = python(supervisor, code)
        grandchild = int(supervisor.until(lambda: child.lines and child.lines[0], seconds=SECONDS, what="its pid"))
        assert is_alive(grandchild)
    eventually(lambda: not is_alive(grandchild), because="the grandchild is gone")


def test_a_condition_that_never_comes_is_a_timeout_in_words(supervisor):
    with pytest.raises(TimeoutError, match="the web side: not within 0 seconds"):
        supervisor.until(lambda: None, seconds=0, what="the web side")


def test_a_death_ends_the_wait_for_a_condition(supervisor):
    python(supervisor, "raise SystemExit(1)")
    with pytest.raises(Died):
        supervisor.until(lambda: None, seconds=SECONDS, what="the web side")
