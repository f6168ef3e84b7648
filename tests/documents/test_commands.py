"""The documents' commands run, their example vendor works, their units start what we have."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import process_environment
from tests.support.processes import HALF_WRITTEN

from .blocks import ROOT, Block, blocks, documents

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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code, with what was compiled of it, to be changed as the document says."""
    for name in ("providers", "sms", "config", "tests", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(HALF_WRITTEN))
    for name in ("pyproject.toml", "manage.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def carry_out(block: Block, folder: Path) -> None:
    """Write the file that a block stands for, or change it line by line as a diff block says."""
    file = folder / block.file
    if block.language != "diff":
        assert not file.exists(), f"{block.file} is there already"
        file.write_text(block.text)
        return
    text = file.read_text()
    anchor = ""
    for line in block.text.splitlines():
        mark, words = line[0], line[1:]
        if mark != "+":
            assert text.count(f"{words}\n") == 1, f"{block.file} has no single line {words!r}"
            anchor = words
        elif anchor:
            text = text.replace(f"{anchor}\n", f"{anchor}\n{words}\n")
            anchor = words
    for line in block.text.splitlines():
        if line[0] == "-":
            text = text.replace(f"{line[1:]}\n", "")
    file.write_text(text)


def test_the_example_vendor_works_as_written(copy: Path):
    found = [block for block in blocks("docs/adding-a-vendor.md") if block.file]
    assert [block.file for block in found] == [
        "providers/vendors/postcard.py",
        "tests/providers/test_postcard.py",
        "tests/providers/samples.py",
        "providers/registry.py",
    ]
    for block in found:
        carry_out(block, copy)
    environment = process_environment(PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}", PYTHONPATH=str(copy))

    def passes(*command: str) -> str:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    passes(sys.executable, "-m", "pytest", "-q", "tests/providers/test_postcard.py")
    said = passes(
        sys.executable, "-m", "pytest", "-q", "tests/providers/test_contract.py", "-k", "postcard or Postcard"
    )
    assert int(said.split(" passed")[0].split()[-1]) > 20
    passes("lint-imports")
    passes("mypy", "providers/vendors/postcard.py")
    assert "No changes detected" in passes(sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")


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
    server, log_format = [block.text for block in blocks("docs/operations.md") if block.language == "nginx"]
    assert "X-Forwarded-For $remote_addr" in server
    assert "X-Forwarded-Proto $scheme" in server
    assert "proxy_request_buffering on" in server
    assert not any(name in log_format for name in ("$request ", "$request_uri", "$uri", "$args"))
