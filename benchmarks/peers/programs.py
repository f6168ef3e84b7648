"""What Jasmin needs: RabbitMQ and Redis of the distribution, and a virtual environment of its own, which is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "0.11.1"
REQUIREMENTS = (f"jasmin=={VERSION}", "setuptools<81")
"""Jasmin imports pkg_resources, which later versions of setuptools do not have."""
PATH = f"/usr/lib/rabbitmq/bin:{os.environ.get('PATH', '')}"
"""Debian's `rabbitmq-server` in PATH changes the user; the one in this folder runs as a child of the benchmark."""
PROGRAMS = {"rabbitmq-server": "rabbitmq-server", "epmd": "erlang-base", "redis-server": "redis-server"}


class Missing(Exception):
    """Jasmin can't be measured here; the message says why, and what to do."""


def require(path: str = PATH) -> None:
    """Raise Missing unless every program is installed."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if absent:
        packages = " ".join(sorted({PROGRAMS[name] for name in absent}))
        raise Missing(f"{', '.join(absent)}: not installed. Install with `apt-get install {packages}`.")


def cache_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "sms-desk" / f"jasmin-{VERSION}"


def find_jasmin() -> Path:
    """The folder of Jasmin's programs. Installs it on the first call; raises Missing if that fails."""
    require()
    folder = cache_folder()
    programs, stamp = folder / "bin", folder / "installed"
    if not stamp.exists():
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _uv("pip", "install", "--quiet", "--python", str(programs / "python"), *REQUIREMENTS)
        stamp.touch()
    return programs


def _uv(*words: str) -> None:
    done = subprocess.run([Path(sys.executable).with_name("uv"), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"Jasmin {VERSION} could not be installed: {done.stderr.strip()[-400:]}")
