"""Pairs of versions from git's history: the code before a migration, and the code with it."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.databases import own_folder
from tests.support.processes import PROJECT

MIGRATIONS = "sms/migrations"
FIRST = "0013"
BROKEN = dict.fromkeys(("fcf4df9", "aeaf0fb"), "answers one-time passwords with 500, by an error of its own")
"""Commits between two releases that do not work even alone, by the first digits of their hashes."""


class HistoryError(Exception):
    """There is no such pair; the message says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions. `new` None: the working tree."""

    name: str
    old: str
    new: str | None

    def folders(self) -> tuple[Path, Path]:
        """A folder with the code of each. Those of commits are gone when the run is."""
        return extracted(self.old), extracted(self.new) if self.new else PROJECT


def newest() -> Pair:
    """The newest migration: the last code without it, and the working tree. Raises HistoryError."""
    return Pair(here()[-1], before(here(), "HEAD"), None)


def since(commit: str) -> Pair:
    """A commit and the working tree. Raises HistoryError."""
    if not is_prefix(migrations(commit), here()):
        raise HistoryError(f"the migrations of {commit} are not the first ones of the working tree")
    return Pair(f"{migrations(commit)[-1]} to {here()[-1]}", git("rev-parse", "--short", commit), None)


def each() -> Iterator[Pair | str]:
    """A pair for each commit of the main line that added a migration, or why there is none."""
    done = set()
    for name in here():
        added = git("log", "--first-parent", "-m", "--no-renames", "--diff-filter=A", "--format=%h", "--", path(name))
        commit = added.partition("\n")[0]
        if name < FIRST or commit in done:
            continue
        done.add(commit)
        try:
            names = migrations(commit)
            yield working(Pair(name, before(names[: names.index(name) + 1], commit), commit))
        except HistoryError as error:
            yield f"{name}: {error}"


def working(pair: Pair) -> Pair:
    """The pair, if both of its versions work alone. Raises HistoryError."""
    for commit in (pair.old, pair.new or ""):
        if why := BROKEN.get(commit[:7]):
            raise HistoryError(f"{commit} {why}")
    return pair


def before(names: tuple[str, ...], commit: str) -> str:
    """The last ancestor that has most of these migrations, but not all, and no other. Raises HistoryError.

    On the main line first: the branches of a merge may have numbered their migrations before they knew of others.
    """
    longest: tuple[str, ...] = ()
    for line in (["--first-parent"], []):
        for ancestor in git("rev-list", "--abbrev-commit", *line, commit).split():
            found = migrations(ancestor)
            if len(longest) < len(found) < len(names) and is_prefix(found, names):
                longest, last = found, ancestor
                if len(found) == len(names) - 1:
                    return last
    if longest:
        return last
    raise HistoryError(f"no ancestor of {commit} has the migrations before {names[-1]}")


def is_prefix(some: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return bool(some) and some == names[: len(some)]


def path(name: str) -> str:
    return f"{MIGRATIONS}/{name}.py"


def here() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in (PROJECT / MIGRATIONS).glob("0*.py")))


@cache
def migrations(commit: str) -> tuple[str, ...]:
    files = map(Path, git("ls-tree", "--name-only", commit, f"{MIGRATIONS}/").split())
    return tuple(sorted(file.stem for file in files if file.name.startswith("0")))


def git(*words: str) -> str:
    """What git prints. Raises HistoryError where there is no git, no repository or no such commit."""
    try:
        done = subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=True)
    except OSError as error:
        raise HistoryError(f"git can't be run: {error}") from error
    except subprocess.CalledProcessError as error:
        raise HistoryError(f"git {words[0]}: {error.stderr.strip()}") from error
    return done.stdout.strip()


@cache
def extracted(commit: str) -> Path:
    """The code of a commit in a temporary folder."""
    folder = own_folder()
    git("archive", f"--output={folder / 'code.tar'}", commit)
    with tarfile.open(folder / "code.tar") as archive:
        archive.extractall(folder / "code", filter="data")
    return folder / "code"
