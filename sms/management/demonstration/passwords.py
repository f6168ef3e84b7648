"""The demonstration's passwords: created once and stored in a file that only this user can read."""

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
    """Sets the file mode before anything is written, also if the file exists with another mode."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        os.fchmod(out.fileno(), 0o600)
        out.truncate()
        out.write(content)
