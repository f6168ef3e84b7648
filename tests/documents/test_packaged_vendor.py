"""The package of docs/adding-a-vendor.md works as written, and a broken one is named and stops nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.testing.wire import Server, answer, keeping_alive, serving
from tests.support.environment import process_environment
from tests.support.packages import install
from tests.support.stack import ONE_WORKER, Stack
from tests.support.waiting import eventually

from .blocks import ROOT, blocks

PAGE = ROOT / "docs/adding-a-vendor.md"
MARK = "package="
FILES = {
    mark.removeprefix(MARK): block.text
    for block in blocks("docs/adding-a-vendor.md")
    for mark in block.marks
    if mark.startswith(MARK)
}
ADAPTER, TESTS = "sms_telepost.py", "test_sms_telepost.py"
SHOP = """
[[clients]]
username = "akinon"
password = "made-up-caller-password-0123456789"
[[providers]]
slug = "telepost-ro"
vendor = "telepost"
base_url = "{url}"
[providers.credentials]
key = "made-up-key"
[[senders]]
name = "AKINON"
[[routes]]
prefix = "+40"
providers = ["telepost-ro"]
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder in which an installer would have put it."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    install(folder, FILES["pyproject.toml"], {name: FILES[name] for name in (ADAPTER, TESTS)})
    return folder


@pytest.fixture
def telepost() -> Iterator[Server]:
    with serving(keeping_alive(answer(b'{"id": "t-1"}', "202 Accepted"))) as server:
        yield server


@pytest.fixture
def stack(stacks, package: Path, telepost: Server) -> Stack:
    return stacks(web_words=ONE_WORKER, provisioning=SHOP.format(url=telepost.url), PYTHONPATH=str(package))


def test_its_tests_pass_in_its_folder(package: Path) -> None:
    [command] = re.findall(r"^    PYTHONPATH=/srv/sms-desk python (.*)$", PAGE.read_text(), re.MULTILINE)
    run = [sys.executable, *command.split(), "-v", "-p", "no:cacheprovider"]
    environment = process_environment(PYTHONPATH=str(ROOT))
    done = subprocess.run(run, cwd=package, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TestTelepost::test_no_secret_stands_in_any_error PASSED" in done.stdout


@pytest.mark.faults
def test_it_sends_and_once_it_is_broken_it_is_named_and_its_messages_wait(
    stack: Stack, package: Path, telepost: Server
) -> None:
    assert "no issues" in stack.manage("check", "--tag", "adapters").stdout
    assert stack.send_sms("+40712345678", "Salut").status == 201
    eventually(lambda: [each["status"] for each in stack.messages()] == ["submitted"], because="Telepost takes it")
    [request] = telepost.requests
    assert b"x-key: made-up-key" in request.lower()

    (package / ADAPTER).write_text("import no_such_library\n")
    checked = stack.manage("check", "--fail-level", "WARNING", check=False)
    assert checked.returncode == 1
    assert "(sms.W009) The adapter telepost of the package sms-telepost 1.0 can't be used" in checked.stderr
    assert "No module named 'no_such_library'" in checked.stderr
    for process in (stack.web, *stack.dispatchers):
        process.kill()
    stack.start_web()
    stack.add_dispatcher()
    assert stack.send_sms("+40712345678", "Din nou").status == 201
    eventually(lambda: "telepost-ro is not called" in stack.logs(), because="an alert says so")
    assert [each["status"] for each in stack.messages()] == ["queued", "submitted"]
