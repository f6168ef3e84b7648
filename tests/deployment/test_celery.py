"""The worker under Celery: it passes messages, tells the broker nothing, and a kill sends nothing twice."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Process
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .files import ROOT

needs_celery = pytest.mark.skipif(
    importlib.util.find_spec("celery") is None, reason="celery is not installed: install requirements-dev.txt"
)
OTP = "Sizin təsdiq kodunuz: {number:06}. Heç kimə verməyin."
COUNT = 60


@pytest.fixture
def broker(tmp_path: Path) -> Path:
    (tmp_path / "broker-control").mkdir()
    (tmp_path / "broker").mkdir()
    return tmp_path


def worker(stack: Stack, folder: Path, name: str) -> Process:
    """`celery -A config worker -B`, as the interface has it."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-B", "--concurrency", "2", "-n", name]
    environment = stack.environment | {
        "DJANGO_SETTINGS_MODULE": "tests.deployment.celery_settings",
        "TMPDIR": str(folder),
    }
    process = stack.keep(Process(name, command, environment=environment, folder=stack.folder))
    process.start()
    return process


def send(stack: Stack, count: int) -> None:
    for number in range(count):
        assert stack.send_sms(f"+99450123{number:04}", OTP.format(number=number)).status == 201


def statuses(stack: Stack) -> set[str]:
    return {message["status"] for message in stack.messages("limit=200")}


def test_it_is_one_file_of_twenty_lines_that_nothing_else_imports():
    assert len((ROOT / "sms/tasks.py").read_text().splitlines()) <= 20
    importers = [path for path in (ROOT / "sms").rglob("*.py") if "celery" in path.read_text().lower()]
    assert [path.name for path in importers] == ["tasks.py"]


def test_without_celery_the_product_does_not_ask_for_it():
    import config

    with pytest.raises(AttributeError):
        config.anything_else  # noqa: B018
    assert "sms.tasks" not in sys.modules


@needs_celery
def test_messages_go_out_and_the_broker_learns_nothing(stacks: Any, broker: Path):
    stack = stacks(dispatchers=0)
    worker(stack, broker, "celery-1")
    send(stack, 3)
    eventually(lambda: statuses(stack) == {"submitted"}, timeout=60)
    eventually(lambda: stack.call("GET", "/status").status == 200, because="Celery's worker counts as a dispatcher")
    kept = b"".join(path.read_bytes() for path in broker.rglob("*.msg"))
    assert b"994501" not in kept
    assert "004217" not in stack.logs()


@needs_celery
@pytest.mark.faults
@pytest.mark.parametrize("dispatchers", [0, 1], ids=["celery alone", "beside a dispatcher"])
def test_a_kill_sends_nothing_twice_and_loses_nothing(stacks: Any, broker: Path, dispatchers: int):
    stack = stacks(dispatchers=dispatchers)
    stack.vendors.smsplus.fault("none", delay=0.2, times=0)
    first = worker(stack, broker, "celery-1")
    send(stack, COUNT)
    eventually(lambda: len(stack.vendors.smsplus.calls()) >= COUNT // 4, timeout=60)
    first.kill()
    worker(stack, broker, "celery-2")
    eventually(lambda: statuses(stack) <= {"submitted", "unconfirmed"}, timeout=120)
    called = [call.fields["mobile_numbers"][0] for call in stack.vendors.smsplus.calls()]
    assert len(called) == len(set(called))
    messages = stack.messages("limit=200")
    assert len(messages) == COUNT
    sent = {message["to"].removeprefix("+") for message in messages if message["status"] == "submitted"}
    assert sent <= set(called)
