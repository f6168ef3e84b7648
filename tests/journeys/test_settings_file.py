"""The running product with its settings in a file."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import ONE_WORKER, Stack


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings"


def lines_of(stack: Stack) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stack.web.output().splitlines() if line.startswith("{")]


@pytest.mark.parametrize(("level", "is_quiet"), [("WARNING", True), ("error", True), ("INFO", False), ("DEBUG", False)])
def test_the_log_level_of_the_file_quiets_gunicorn_and_django(
    stacks: Callable[..., Stack], file: Path, level: str, is_quiet: bool
) -> None:
    file.write_bytes(f"\ufeffLOG_LEVEL={level}\r\n".encode())
    stack = stacks(dispatchers=0, web_words=ONE_WORKER, ENV_FILE=str(file))
    assert stack.call("GET", "/nowhere").status == 404
    assert stack.web.stop() == 0
    said = {line["level"] for line in lines_of(stack)}
    assert said.isdisjoint({"info", "debug"}) if is_quiet else "info" in said
    assert is_quiet or any("Listening at" in line["event"] for line in lines_of(stack))
    assert not [line for line in lines_of(stack) if line["logger"].startswith("django.db")]


def kept(stack: Stack) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    return connection


def test_an_idle_connection_is_kept_for_the_seconds_of_the_file(stacks: Callable[..., Stack], file: Path) -> None:
    file.write_text("KEEP_ALIVE=1\n")
    stack = stacks(dispatchers=0, web_words=ONE_WORKER, ENV_FILE=str(file))
    with closing(kept(stack)) as connection:
        assert connection.sock.recv(1) == b""  # closed by the server


def test_the_connection_idle_for_longest_makes_room_for_new_ones(stacks: Callable[..., Stack]) -> None:
    words = (*ONE_WORKER, "--threads", "2", "--worker-connections", "4")  # two may be idle
    stack = stacks(dispatchers=0, web_words=words, KEEP_ALIVE="3600")
    with ExitStack() as opened:
        connections = [opened.enter_context(closing(kept(stack))) for _ in range(6)]
        assert [connection.sock.recv(1) for connection in connections[:4]] == [b""] * 4
        connections[-1].request("GET", "/healthz")
        assert connections[-1].getresponse().status == 200
