"""Makes the database file, which contains credentials, numbers and texts, readable only to its owner."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base

OWNER_ONLY = 0o600
OTHERS = 0o007


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if self.is_in_memory_db():
            return super().get_new_connection(conn_params)
        file = Path(self.settings_dict["NAME"])
        create(file)
        connection = super().get_new_connection(conn_params)
        protect(file)
        return connection


def create(file: Path) -> None:
    """Create a new file that only its owner can read. SQLite gives its other files (-wal, -shm) the same mode."""
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))


def protect(file: Path) -> None:
    """A database that all users can access becomes its owner's.

    The mode of a file that only the owner and a group can access is kept. Called once SQLite has read the file: a
    mistyped DATABASE_URL may name a folder or another file, which must keep its mode.
    """
    for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))):
        with suppress(OSError):  # it does not exist, or belongs to another user
            if each.stat().st_mode & OTHERS:
                each.chmod(OWNER_ONLY)
