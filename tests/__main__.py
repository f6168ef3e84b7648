"""`python -m tests [--faults] [--browser] [--all] [pytest's words]`: every test, on SQLite and on PostgreSQL.

Each half, SQLite's and PostgreSQL's, is two pytest processes: one for tests that work by themselves, one for those that
start processes, and mostly wait for them. Where paths are named, it is one. DATABASE_URL tells the halves apart. Tests
that touch no database, that need it only to have something to show, and those in a browser run in the SQLite half
alone. The last lines say what was not run and why, and the counts of all together.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import drop_if_there, is_postgresql
from tests.support.guardian import guard, release
from tests.support.postgres import DatabaseServer, Postgres, PostgresError
from tests.support.selection import LONG

PROJECT = Path(__file__).parents[1]
STOP_SECONDS = 30
NO_TESTS = 5  # pytest's exit code where it selected none
WAITING = ("akinon", "browser", "deployment", "documents", "faults", "journeys")
"""Folders of tests that start processes and wait for them: another pytest can work meanwhile."""


@dataclass
class Part:
    """One of the pytest processes."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path | None
    summary_file: Path

    def summary(self) -> dict[str, dict[str, int]]:
        """What conftest.py wrote; empty where pytest ended before its end."""
        if not self.summary_file.exists():
            return {"counts": {}, "left_out": {}, "skipped": {}}
        return json.loads(self.summary_file.read_text())


def paths(words: list[str]) -> list[list[str]]:
    """What each pytest of a half runs: what the words name, or all folders, those that wait apart from the others."""
    if any(Path(word.partition("::")[0]).exists() for word in words):
        return [[]]
    tests = PROJECT / "tests"
    found = {file.parent.relative_to(tests).parts[:1] or (file.name,) for file in tests.rglob("test_*.py")}
    return [[f"tests/{name}" for (name,) in sorted(found) if (name in WAITING) is waits] for waits in (False, True)]


def start(name: str, database_url: str | None, words: list[str], folder: Path, *, quietly: bool) -> Part:
    """Start pytest on one database; quietly: into a file that is shown later."""
    half = "postgresql" if database_url else "sqlite"
    summary = folder / f"{name}.json"
    output = folder / f"{name}.txt" if quietly else None
    # Compiled modules are kept even for who wishes for none: each of some hundred processes would compile all anew.
    environment = without("DATABASE_URL", "PYTHONDONTWRITEBYTECODE") | (
        {"DATABASE_URL": database_url} if database_url else {}
    )
    command = [sys.executable, "-m", "pytest", f"--half={half}", f"--summary={summary}", *words]
    with contextlib.ExitStack() as files:
        stdout = files.enter_context(output.open("wb")) if output else None
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=stdout, stderr=stdout, start_new_session=True
        )
    guard(process=process.pid, by=signal.SIGINT)
    return Part(name, process, output, summary)


def without(*names: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in names}


@contextlib.contextmanager
def postgresql() -> Iterator[tuple[str | None, str]]:
    """The URL of a server for tests, or None; and where it comes from, or why there is none."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given and not is_postgresql(given):
        raise SystemExit(f"TEST_DATABASE_URL must start with postgres://, not {given.partition(':')[0]}://")
    with contextlib.ExitStack() as stack:
        try:
            server = DatabaseServer(given) if given else stack.enter_context(Postgres())
        except PostgresError as error:
            yield None, str(error)
            return
        origin = "TEST_DATABASE_URL" if given else server.binaries.origin
        yield server.url, f"PostgreSQL from {origin}"


def run(words: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="sms-desk-tests-") as folder, postgresql() as (url, origin):
        guard(folder=Path(folder))
        say("SQLite" + (f"; beside it, shown afterwards: {origin}" if url else ""))
        with databases(url, len(paths(words))) as of_postgresql:
            parts = start_half("SQLite", [None] * len(paths(words)), words, Path(folder))
            parts += start_half("PostgreSQL", of_postgresql, words, Path(folder))
            codes = wait_for_all(parts)
        missing = Counter() if url else Counter({f"every test that needs PostgreSQL: {origin}": 1})
        return close(parts, codes, missing)


@contextlib.contextmanager
def databases(url: str | None, count: int) -> Iterator[list[str]]:
    """A database for each pytest on that server: test databases are named after them."""
    with contextlib.ExitStack() as stack:
        made = [DatabaseServer(url).create_database() for _ in range(count)] if url else []
        for each in made:
            stack.callback(drop_if_there, each)
        yield made


def start_half(half: str, of_parts: Sequence[str | None], words: list[str], folder: Path) -> list[Part]:
    """Start the parts of a half, each on its database; the first of SQLite's half is shown as it goes."""
    return [
        start(f"{half} {number}", database, [*words, *chosen], folder, quietly=bool(database) or number > 1)
        for number, (database, chosen) in enumerate(zip(of_parts, paths(words), strict=False), start=1)
    ]


def wait_for_all(parts: list[Part]) -> list[int]:
    """The exit codes; shows each part's output as soon as its turn comes. Ctrl-C stops them all."""
    try:
        codes = []
        for part in parts:
            codes.append(part.process.wait())
            release(process=part.process.pid)
            show(part)
        return codes
    except KeyboardInterrupt:
        stop(parts)
        raise


def stop(parts: list[Part]) -> None:
    """As Ctrl-C would, so that fixtures are torn down; then by force."""
    for part in parts:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(part.process.pid, signal.SIGINT)
    for part in parts:
        try:
            part.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(part.process.pid, signal.SIGKILL)


def show(part: Part) -> None:
    if part.output is not None:
        say(part.name)
        sys.stdout.write(part.output.read_text(errors="replace"))


def say(words: str) -> None:
    print(f"\n=== {words}", flush=True)


def close(parts: list[Part], codes: list[int], missing: Counter[str]) -> int:
    """Print what was not run and the counts of all parts; returns the exit code."""
    summaries = [part.summary() for part in parts]
    counts: Counter[str] = Counter()
    for summary in summaries:
        counts.update(summary["counts"])
    say("not run")
    for line in not_run(summaries, missing) or ["nothing was left out"]:
        print(line)
    print(f"\n{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    went_wrong = [code for code in codes if code not in (0, NO_TESTS)]
    return went_wrong[0] if went_wrong else int(counts["passed"] == 0)


def not_run(summaries: list[dict[str, dict[str, int]]], missing: Counter[str]) -> list[str]:
    left_out: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for summary in summaries:
        left_out.update(summary["left_out"])
        skipped.update(summary["skipped"])
    lines = list(missing)
    lines += [f"{count} tests marked {name}: run them with {LONG[name]}" for name, count in left_out.items()]
    return lines + [f"{count} skipped: {reason}" for reason, count in skipped.items()]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    for by in (signal.SIGTERM, signal.SIGINT):  # what a shell starts in the background ignores the latter
        signal.signal(by, interrupt)
    try:
        raise SystemExit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        raise SystemExit(130) from None
