"""The demonstration's own settings file: created once, ignored by git, and read like a `.env`."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from urllib.parse import quote

FOLDER = ".demo"


def settings_file(project: Path) -> Path:
    """The demonstration's settings file, which is created with new keys if it does not exist."""
    file = project / FOLDER / "environment"
    if not file.exists():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(_fresh_settings(file.parent))
    file.chmod(0o600)
    return file


def _fresh_settings(folder: Path) -> str:
    fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    lines = [
        "# The demonstration's settings: made by `manage.py demo`, git-ignored. Delete the folder to start anew.",
        f"SECRET_KEY={secrets.token_urlsafe(48)}",
        f"FIELD_ENCRYPTION_KEYS={fernet_key}",
        f"DATABASE_URL=sqlite:///{quote(str(folder / 'db.sqlite3'))}",
        "ALLOW_PRIVATE_PROVIDER_HOSTS=on",
        "ALLOWED_HOSTS=127.0.0.1,localhost",
        "LOG_FORMAT=console",
        "LOG_LEVEL=WARNING",
        "",
    ]
    return "\n".join(lines)
