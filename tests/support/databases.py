"""A fresh database for each stack: copied from one that was provisioned once, as was that from one migrated once.

`DATABASE_URL` says on which kind: the runner sets it for its PostgreSQL half.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from .environment import process_environment
from .guardian import guard
from .postgres import DatabaseServer
from .processes import run

BESIDE = ("LOG_LEVEL", "TMPDIR", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET")
"""Variables that do not affect a stack's database: stacks that differ only in these share a template."""

MIGRATED_FILE = "TEST_MIGRATED_FILE"
MIGRATED_DATABASE = "TEST_MIGRATED_DATABASE"
"""The runner's migrated databases, from which its pytest processes copy: a path, and a URL on its PostgreSQL."""

MEMORY = Path("/dev/shm")
ROOM_BYTES = 512 * 1024 * 1024


def is_postgresql(url: str) -> bool:
    return urlsplit(url).scheme.startswith("postgres")


def fresh_database(
    folder: Path, server: DatabaseServer | None, provisioning: str, environment: Mapping[str, str]
) -> str:
    """The URL of a new database: on this server, else on DATABASE_URL's, else an SQLite file in the folder."""
    here = server.url if server else os.environ.get("DATABASE_URL", "")
    how = (provisioning, tuple((name, value) for name, value in sorted(environment.items()) if name not in BESIDE))
    if is_postgresql(here):
        return DatabaseServer(here).create_database(template=template_database(here, *how))
    target = folder / "stack.sqlite3"
    shutil.copyfile(template_file(*how), target)
    return f"sqlite:///{target}"


def drop_database(url: str) -> None:
    """Drop a fresh database; an SQLite file is removed with its folder."""
    if is_postgresql(url):
        # A connection can't drop its own database, so another one of the same server is used.
        parts = urlsplit(url)
        DatabaseServer(parts._replace(path="/postgres").geturl()).drop_database(parts.path.removeprefix("/"))


@cache
def migrated_database(url: str) -> str:
    """The name of a database on this server that is migrated and holds nothing else."""
    given = urlsplit(os.environ.get(MIGRATED_DATABASE, ""))
    if given.netloc == urlsplit(url).netloc:
        return given.path.removeprefix("/")
    name = f"sms_template_{secrets.token_hex(6)}"
    made = DatabaseServer(url).create_database(name)
    atexit.register(drop_if_there, made)
    migrate(made)
    return name


@cache
def template_database(url: str, provisioning: str, environment: tuple[tuple[str, str], ...]) -> str:
    """The name of a prepared database on this server, made once per test run and dropped at its end."""
    name = f"sms_template_{secrets.token_hex(6)}"
    made = DatabaseServer(url).create_database(name, template=migrated_database(url))
    atexit.register(drop_if_there, made)
    provision(made, provisioning, dict(environment))
    return name


def drop_if_there(url: str) -> None:
    """Drop a database, unless its server has already ended."""
    with contextlib.suppress(psycopg.OperationalError):
        drop_database(url)


@cache
def template_file(provisioning: str, environment: tuple[tuple[str, str], ...]) -> Path:
    """A prepared SQLite file, made once per test run."""
    file = own_folder() / "template.sqlite3"
    shutil.copyfile(migrated_file(), file)
    provision(f"sqlite:///{file}", provisioning, dict(environment))
    return file


@cache
def migrated_file() -> Path:
    """An SQLite file that is migrated and holds nothing else."""
    if given := os.environ.get(MIGRATED_FILE):
        return Path(given)
    file = own_folder() / "migrated.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


def place_copy(settings: dict[str, Any]) -> None:
    """Put a copy of the runner's migrated database where Django's tests look for theirs: TEST's NAME."""
    here = os.environ.get("DATABASE_URL", "")
    if is_postgresql(here):
        made = DatabaseServer(here).create_database(template=migrated_database(here))
        atexit.register(drop_if_there, made)
        settings["TEST"]["NAME"] = urlsplit(made).path.removeprefix("/")
    else:
        shutil.copyfile(migrated_file(), settings["TEST"]["NAME"])


def migrate(url: str) -> None:
    """Raises ProcessError."""
    run(["migrate", "-v", "0"], process_environment(DATABASE_URL=url))


def provision(url: str, toml: str, environment: dict[str, str]) -> None:
    """Raises ProcessError."""
    file = own_folder() / "provisioning.toml"
    file.write_text(toml)
    run(["provision", str(file)], process_environment(**environment, DATABASE_URL=url))


def own_folder(place: Path | None = None) -> Path:
    """A temporary folder that is gone when the test run is."""
    folder = Path(tempfile.mkdtemp(prefix="sms-desk-stack-", dir=place))
    guard(folder=folder)
    return folder


def folder_in_memory() -> Path:
    """A folder in memory, where no commit waits for a disk, if there is one. Its files need not survive a crash.

    On a disk that others use, a commit may take longer than the second within which some things must happen.
    """
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return own_folder(MEMORY if has_room else None)
