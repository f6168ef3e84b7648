"""A newcomer's first minutes: `manage.py demo` in a clean checkout, lines pasted, Ctrl-C, and again."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests.support.processes import HALF_WRITTEN
from tests.support.waiting import eventually

# With the compiled modules: nothing here is about them, and each process of each demonstration would compile all anew.
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", ".demo", ".*_cache", "db.sqlite3*", "staticfiles", HALF_WRITTEN)
LAST_WORDS = "Ctrl-C stops everything."
END_SECONDS = 60


class Demonstration:
    """`manage.py demo` as a person starts it: without any setting of ours in the environment."""

    def __init__(self, checkout: Path, *options: str, **environment: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *options],
            cwd=checkout,
            env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.printed = ""

    def read_until(self, words: str) -> None:
        for line in self.process.stdout:
            self.printed += line
            if words in line:
                return
        raise AssertionError(f"it ended without saying {words!r}:\n{self.printed}")

    def curl_lines(self) -> list[str]:
        return [line for line in self.printed.splitlines() if line.startswith("curl ")]

    def passwords(self) -> list[str]:
        return [line for line in self.printed.splitlines() if "password" in line]

    def descendants(self) -> dict[int, str]:
        """Every process below this one, by pid."""
        parents = {int(p.name): p for p in Path("/proc").iterdir() if p.name.isdigit()}
        found: dict[int, str] = {self.process.pid: "demo"}
        for pid, folder in sorted(parents.items()):
            if _parent(folder) in found:
                found[pid] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.printed += self.process.communicate(timeout=END_SECONDS)[0]
        assert "it is killed" not in self.printed
        return self.process.returncode

    def __enter__(self) -> Demonstration:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
        self.process.stdout.close()


def _parent(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rpartition(") ")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def paste(line: str) -> tuple[int, bytes]:
    """What the shell and curl would make of a printed line: status and body."""
    words = iter(shlex.split(line)[1:])
    headers, body, url = {}, None, ""
    for word in words:
        if word == "-u":
            headers["Authorization"] = "Basic " + base64.b64encode(next(words).encode()).decode()
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words).encode()
        elif word != "-i":
            url = word
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=END_SECONDS)
    try:
        connection.request("POST" if body else "GET", parts.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def statuses(line: str) -> dict[str, str]:
    """The status of each message by its number, as the printed GET line shows it."""
    status, body = paste(line)
    assert status == 200
    return {message["to"]: message["status"] for message in json.loads(body)["results"]}


def pushes(checkout: Path) -> list[str]:
    """The status of each push of a received message."""
    with closing(sqlite3.connect(checkout / ".demo/db.sqlite3")) as database:
        return [status for (status,) in database.execute("SELECT status FROM sms_inboundpush")]


@pytest.fixture
def checkout(tmp_path):
    return Path(shutil.copytree(settings.BASE_DIR, tmp_path / "checkout", ignore=LEFT_OUT))


def files(checkout: Path) -> set[Path]:
    return {path.relative_to(checkout) for path in checkout.rglob("*") if path.is_file()}


def test_the_printed_lines_send_messages_that_arrive_and_ctrl_c_leaves_nothing_behind(checkout):
    before = files(checkout)
    with Demonstration(checkout) as demo:
        demo.read_until(LAST_WORDS)
        assert "DEMONSTRATION" in demo.printed
        *posts, get, modem = demo.curl_lines()
        assert [paste(line) for line in posts] == [(201, b"")] * 3
        arrived = {"+994501234567": "submitted", "+40712345678": "sent", "+84901234567": "delivered"}
        eventually(lambda: statuses(get) == arrived, because=f"all have arrived: {arrived}")
        assert paste(modem) == (200, b"")
        eventually(lambda: pushes(checkout) == ["delivered"], because="the partner has the received message")
        processes = demo.descendants()
        assert len(processes) >= 5  # itself, simulators, gunicorn with a worker, dispatcher
        assert demo.end(signal.SIGINT) == 0
        left = [command for pid, command in processes.items() if Path(f"/proc/{pid}").exists()]
        assert left == []
        # The address of the modem is printed once, to be pasted; no log line holds it or a vendor's.
        assert (demo.printed.count("/inbound/"), demo.printed.count("/webhooks/")) == (1, 0)
    assert {path.parts[0] for path in files(checkout) - before} == {".demo"}


def test_a_second_start_keeps_the_messages_and_prints_the_same_passwords(checkout):
    with Demonstration(checkout) as first:
        first.read_until(LAST_WORDS)
        assert paste(first.curl_lines()[0])[0] == 201
        assert first.end(signal.SIGTERM) == 0
    with Demonstration(checkout) as second:
        second.read_until(LAST_WORDS)
        assert [words.split("password")[1] for words in second.passwords()] == [
            words.split("password")[1] for words in first.passwords()
        ]
        assert set(statuses(second.curl_lines()[3])) == {"+994501234567"}


def test_a_child_that_dies_ends_the_demonstration(checkout):
    with Demonstration(checkout) as demo:
        demo.read_until(LAST_WORDS)
        (dispatcher,) = (pid for pid, command in demo.descendants().items() if "manage.py dispatch" in command)
        os.kill(dispatcher, signal.SIGKILL)
        demo.printed += demo.process.communicate(timeout=END_SECONDS)[0]
        assert demo.process.returncode == 1
        assert "dispatcher ended with code -9" in demo.printed


def test_a_port_that_is_taken_is_passed_over_and_a_second_demonstration_is_refused(checkout):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with Demonstration(checkout, "--port", str(port)) as demo:
            demo.read_until(LAST_WORDS)
            assert urlsplit(shlex.split(demo.curl_lines()[-1])[-1]).port > port
            with Demonstration(checkout) as second:
                second.read_until("runs already")
                assert second.process.wait(END_SECONDS) == 1


def test_a_named_database_is_refused_without_a_trace(checkout, tmp_path):
    database = tmp_path / "precious.sqlite3"
    with Demonstration(checkout, DATABASE_URL=f"sqlite:///{database}") as demo:
        output, _ = demo.process.communicate(timeout=END_SECONDS)
    assert demo.process.returncode == 1
    assert "--yes" in output
    assert not database.exists()
