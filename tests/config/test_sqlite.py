"""The SQLite file is its owner's alone."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import BASE_DIR
from config.sqlite3.base import create, protect
from sms.management.demonstration.passwords import passwords
from tests.support.environment import process_environment

WRITE = "import django; django.setup(); from django.db import connection as c; c.cursor().execute('CREATE TABLE t (x)')"


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def connect(file: Path) -> None:
    environment = process_environment(DATABASE_URL=f"sqlite:///{file}", DJANGO_SETTINGS_MODULE="config.settings")
    words = [sys.executable, "-c", f"import os; os.umask(0); {WRITE}"]
    subprocess.run(words, cwd=BASE_DIR, env=environment, check=True)


def test_a_new_file_is_readable_to_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    connect(tmp_path / "db.sqlite3")
    assert {file.name: mode(file) for file in tmp_path.iterdir()} == {"db.sqlite3": 0o600}


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o666, 0o600), (0o660, 0o660), (0o600, 0o600)])
def test_an_older_file_loses_what_everybody_may_read(tmp_path: Path, before: int, after: int) -> None:
    file = tmp_path / "db.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        for each in tmp_path.iterdir():
            each.chmod(before)
        protect(file)
        assert {mode(each) for each in tmp_path.iterdir()} == {after}
    connection.close()


def test_a_folder_that_takes_no_file_is_not_our_fault(tmp_path: Path) -> None:
    create(tmp_path / "missing" / "db.sqlite3")
    assert not list(tmp_path.iterdir())


def test_a_path_that_is_no_database_keeps_its_mode(tmp_path: Path) -> None:
    folder, text, link = tmp_path / "folder", tmp_path / "text", tmp_path / "link"
    folder.mkdir()
    text.write_text("a text that is no database " * 50)
    link.symlink_to(folder)
    for each in (folder, text):
        each.chmod(0o755)
    for each in (folder, text, link):
        with pytest.raises(subprocess.CalledProcessError):
            connect(each)
    assert {mode(folder), mode(text)} == {0o755}


def test_a_connection_protects_an_older_file(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    file.touch(0o644)
    connect(file)
    assert mode(file) == 0o600


@pytest.mark.parametrize("before", [None, 0o644])
def test_the_demonstrations_passwords_are_too(tmp_path: Path, before: int | None) -> None:
    file = tmp_path / "passwords.json"
    if before:
        file.write_text("{}")
        file.chmod(before)
    umask = os.umask(0)
    try:
        kept = passwords(tmp_path, ["admin"])
    finally:
        os.umask(umask)
    assert mode(file) == 0o600
    assert passwords(tmp_path, ["admin"]) == kept
