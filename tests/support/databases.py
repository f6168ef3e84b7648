"""A fresh, migrated database for each stack, copied from one that was migrated once.

`DATABASE_URL` says on which kind: the runner sets it for its PostgreSQL half.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from .environment import process_environment
from .guardian import guard
from .postgres import DatabaseServer
from .processes import run


def is_postgresql(url: str) -> bool:
    return urlsplit(url).scheme.startswith("postgres")


def fresh_database(folder: Path, server: DatabaseServer | None = None) -> str:
    """The URL of a new migrated database: on this server, else on DATABASE_URL's, else an SQLite file in the folder."""
    here = server.url if server else os.environ.get("DATABASE_URL", "")
    if is_postgresql(here):
        return DatabaseServer(here).create_database(template=migrated_template(here))
    target = folder / "stack.sqlite3"
    shutil.copyfile(migrated_file(), target)
    return f"sqlite:///{target}"


def drop_database(url: str) -> None:
    """Give up a fresh database; an SQLite file goes with its folder."""
    if is_postgresql(url):
        # Not while connected to itself: another database of the same server says it.
        parts = urlsplit(url)
        DatabaseServer(parts._replace(path="/postgres").geturl()).drop_database(parts.path.removeprefix("/"))


@cache
def migrated_template(url: str) -> str:
    """The name of a migrated database on this server, made once per test run and dropped by whoever owns the server."""
    name = f"sms_template_{secrets.token_hex(6)}"
    run(["migrate", "-v", "0"], process_environment(DATABASE_URL=DatabaseServer(url).create_database(name)))
    return name


@cache
def migrated_file() -> Path:
    """A migrated SQLite file, made once per test run."""
    folder = Path(tempfile.mkdtemp(prefix="sms-desk-template-"))
    guard(folder=folder)
    file = folder / "template.sqlite3"
    run(["migrate", "-v", "0"], process_environment(DATABASE_URL=f"sqlite:///{file}"))
    return file
