"""The documents' commands run, their example vendor works, their units start what we have."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import process_environment
from tests.support.processes import HALF_WRITTEN

from .blocks import ROOT, blocks, documents

RUNNABLE = [block for name in documents() for block in blocks(name) if block.language == "sh" and "run" in block.marks]
BY_DOCUMENT = {
    name: [b for b in RUNNABLE if b.document == name] for name in dict.fromkeys(b.document for b in RUNNABLE)
}


def test_there_are_commands_to_run():
    assert len(RUNNABLE) >= 3
    assert "docs/operations.md" in BY_DOCUMENT


@pytest.mark.parametrize("document", BY_DOCUMENT)
def test_a_documents_commands_run_in_its_order(document: str, tmp_path: Path):
    environment = process_environment(
        DATABASE_URL=f"sqlite:///{tmp_path / 'db.sqlite3'}",
        PUBLIC_URL="http://127.0.0.1:8000",
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    )
    for block in BY_DOCUMENT[document]:
        script = f"set -euo pipefail\n{block.text}"
        done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"


# --- adding-a-vendor.md -----------------------------------------------------------------------------


VENDORS_PAGE = "docs/adding-a-vendor.md"
WITHOUT_INSTALLING = """
import sys, pathlib, dev
dev.environment, dev.PYTHON = lambda _: None, pathlib.Path(sys.executable)
sys.argv[0] = "dev.py"
dev.main()
"""
"""dev.py as it is once the tools are installed: a copy of the project has no environment of its own."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project, to be changed as the document says; with the linters' caches, if there are any."""
    names = (".venv", ".git", ".demo", ".pytest_cache", "db.sqlite3*", "staticfiles", HALF_WRITTEN)
    left_out = shutil.ignore_patterns(*names)
    return Path(shutil.copytree(ROOT, tmp_path / "project", ignore=left_out))


def commands(document: str) -> list[list[str]]:
    """The indented lines of a document: what its reader types."""
    lines = (ROOT / document).read_text().splitlines()
    return [line.split() for line in lines if line.startswith("    python ")]


def follow(copy: Path) -> None:
    """Do what the document says: write its files, add its line."""
    for block in blocks(VENDORS_PAGE):
        if block.file:
            assert not (copy / block.file).exists()
            (copy / block.file).write_text(block.text)
    text = (ROOT / VENDORS_PAGE).read_text()
    [line] = re.findall(r"a line in `CHANGELOG.md`: \"(.*?)\"", text)
    with (copy / "CHANGELOG.md").open("a") as file:
        file.write(f"- {line}\n")


def test_the_example_vendor_works_as_written(copy: Path):
    files = [block.file for block in blocks(VENDORS_PAGE) if block.file]
    assert files == ["providers/vendors/postcard.py", "tests/providers/test_postcard.py"]
    follow(copy)
    environment = process_environment(PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}", PYTHONPATH=str(copy))

    def passes(*words: str) -> str:
        done = subprocess.run([sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    tests, lint = [words[1:] for words in commands(VENDORS_PAGE)]
    assert "postcard" in passes(*tests, "--collect-only", "-q")
    passes(*tests, "-q")
    assert lint == ["dev.py", "lint"]
    passes("-c", WITHOUT_INSTALLING, "lint")
    assert "No changes detected" in passes("manage.py", "makemigrations", "--check", "--dry-run")


# --- operations.md ------------------------------------------------------------------------------------


UNITS = [block for block in blocks("docs/operations.md") if block.language == "ini"]


def test_the_units_start_the_processes_that_the_procfile_names():
    commands = []
    for block in UNITS:
        unit = configparser.RawConfigParser(strict=True)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(block.text)
        commands.append(unit["Service"]["ExecStart"].removeprefix("/srv/sms-desk/.venv/bin/"))
        assert unit["Service"]["User"] == "sms-desk"
    assert commands == [
        "gunicorn -c config/gunicorn.py -b 127.0.0.1:8000 config.wsgi",
        "python manage.py dispatch --metrics-port 910%i",
    ]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_reads_the_units(tmp_path: Path):
    for name, block in zip(("sms-desk-web.service", "sms-desk-dispatcher@.service"), UNITS, strict=True):
        file = tmp_path / name
        # The user and the programs are those of the machine that is described, not of this one.
        file.write_text(block.text.replace("User=sms-desk\n", "").replace("/srv/sms-desk/.venv/bin/", "/usr/bin/env "))
        done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True)
        assert not [line for line in done.stderr.splitlines() if name in line], done.stderr


def test_the_nginx_example_keeps_the_callers_address_genuine_and_keys_out_of_its_log():
    server, log_format, *_ = [block.text for block in blocks("docs/operations.md") if block.language == "nginx"]
    assert "X-Forwarded-For $remote_addr" in server
    assert "X-Forwarded-Proto $scheme" in server
    assert 'Forwarded "";' in server
    assert "proxy_request_buffering on" in server
    assert not any(name in log_format for name in ("$request ", "$request_uri", "$uri", "$args"))
