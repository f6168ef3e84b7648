"""The demonstration's passwords: made once, kept where only this user may read, so that every start prints the same."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

STAFF = "admin"
NAME = "passwords.json"


def passwords(folder: Path, usernames: list[str]) -> dict[str, str]:
    """The password of each of these users."""
    file = folder / NAME
    kept: dict[str, str] = {}
    if file.exists():
        file.chmod(0o600)
        kept = json.loads(file.read_text())
    missing = [username for username in usernames if username not in kept]
    if missing:
        kept |= {username: secrets.token_urlsafe(18) for username in missing}
        _write(file, json.dumps(kept, indent=1))
    return kept


def _write(file: Path, content: str) -> None:
    """The mode comes before the file's first byte, also where an older file had another one."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        os.fchmod(out.fileno(), 0o600)
        out.truncate()
        out.write(content)
