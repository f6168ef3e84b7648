"""`pytest tests/akinon --url …`: usable at any address, and able to fail."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.simulators.receiver import Receiver
from tests.support.processes import PROJECT
from tests.support.stack import ONE_WORKER, PASSWORD, USER


def conformance(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "tests/akinon", *words]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.any_database
def test_the_product_passes_at_its_address_and_nothing_is_sent_that_was_not_named(stacks: Any):
    stack = stacks(dispatchers=0, web_words=ONE_WORKER)
    done = conformance("--url", stack.url, "--user", f"{USER}:{PASSWORD}")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "9 skipped" in last_line(done)
    assert stack.messages() == []
    words = ["--from", "AKINON", "--to", "+40712345678", "--text", "Salut"]
    done = conformance("--url", stack.url, "--user", f"{USER}:{PASSWORD}", *words)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "skipped" not in last_line(done)
    assert stack.messages()
    assert PASSWORD not in done.stdout + done.stderr


def test_something_else_at_an_address_fails():
    with Receiver() as other:  # it answers 200 to everything
        done = conformance("--url", other.url, "--user", "akinon:made-up")
    assert done.returncode == 1
    assert " failed" in last_line(done)


def test_an_address_needs_a_caller():
    done = conformance("--url", "http://127.0.0.1:9")
    assert done.returncode != 0
    assert "--url needs --user NAME:PASSWORD" in done.stdout + done.stderr
