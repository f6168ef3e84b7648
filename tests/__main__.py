"""`python -m tests [--faults] [--browser] [--smpp] [--all] [pytest's options]`: on SQLite and then on PostgreSQL.

Each run is one pytest with pytest-xdist; where paths are named, it is one process. DATABASE_URL tells the runs apart.
Tests that touch no database, that need it only to have something to show, and those in a browser run on SQLite alone.
The last lines say what was not run and why, and the counts of both runs together.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.databases import MIGRATED_DATABASE, MIGRATED_FILE, drop_if_there, is_postgresql, migrate
from tests.support.guardian import guard, release
from tests.support.postgres import DatabaseServer, Postgres, PostgresError
from tests.support.selection import LONG

PROJECT = Path(__file__).parents[1]
STOP_SECONDS = 30
NO_TESTS = 5  # pytest's exit code where it selected none
WORKERS = max(4, os.cpu_count() or 1)
"""More than two cores need: many tests start processes and wait for them."""

Summary = dict[str, dict[str, int]]


@contextlib.contextmanager
def postgresql() -> Iterator[tuple[str | None, str]]:
    """The URL of a database for tests, or None; and where it comes from, or why there is none."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given and not is_postgresql(given):
        raise SystemExit(f"TEST_DATABASE_URL must start with postgres://, not {given.partition(':')[0]}://")
    with contextlib.ExitStack() as stack:
        try:
            server = DatabaseServer(given) if given else stack.enter_context(Postgres())
        except PostgresError as error:
            yield None, str(error)
            return
        database = server.create_database()
        stack.callback(drop_if_there, database)
        yield database, f"PostgreSQL from {'TEST_DATABASE_URL' if given else server.binaries.origin}"


def run(options: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="sms-desk-tests-") as folder, postgresql() as (url, origin):
        guard(folder=Path(folder))
        summaries = {name: Path(folder, f"{name}.json") for name in ("sqlite", "postgresql")}
        if parallel(options):
            migrate_once(Path(folder, "migrated.sqlite3"), url)
        say("SQLite")
        codes = [pytest("sqlite", None, options, summaries["sqlite"])]
        if url:
            say(origin)
            codes.append(pytest("postgresql", url, options, summaries["postgresql"]))
        missing = [] if url else [f"every test that needs PostgreSQL: {origin}"]
        return close([read(path) for path in summaries.values()], codes, missing)


def migrate_once(file: Path, url: str | None) -> None:
    """A migrated database of each kind for all processes of pytest: each would take seconds for its own."""
    os.environ[MIGRATED_FILE] = str(file)
    migrate(f"sqlite:///{file}")
    if url:
        os.environ[MIGRATED_DATABASE] = DatabaseServer(url).create_database()
        atexit.register(drop_if_there, os.environ[MIGRATED_DATABASE])
        migrate(os.environ[MIGRATED_DATABASE])


def pytest(half: str, database_url: str | None, options: list[str], summary: Path) -> int:
    """Run pytest on one database; returns its exit code. Ctrl-C stops it as it would stop pytest alone."""
    # Compiled modules are kept even where PYTHONDONTWRITEBYTECODE is set: some hundred processes would compile them.
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "PYTHONDONTWRITEBYTECODE")}
    environment = kept | ({"DATABASE_URL": database_url} if database_url else {})
    command = [sys.executable, "-m", "pytest", f"--half={half}", f"--summary={summary}", *parallel(options), *options]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, start_new_session=True) as process:
        guard(process=process.pid, by=signal.SIGINT)
        try:
            return process.wait()
        except KeyboardInterrupt:
            stop(process)
            raise
        finally:
            release(process=process.pid)


def parallel(options: list[str]) -> list[str]:
    """Where paths are named, starting several workers takes longer than the tests.

    The files stay in the order of tests/support/selection.py: pytest-xdist would begin with those of the most tests.
    """
    if any(Path(option.partition("::")[0]).exists() for option in options):
        return []
    return ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]


def stop(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C would, so that fixtures are torn down; then by force."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def read(path: Path) -> Summary:
    """What conftest.py wrote; empty where pytest ended before its end."""
    return json.loads(path.read_text()) if path.exists() else {"counts": {}, "left_out": {}, "skipped": {}}


def say(title: str) -> None:
    print(f"\n=== {title}", flush=True)


def close(summaries: list[Summary], codes: list[int], missing: list[str]) -> int:
    """Print what was not run and the counts of all runs; returns the exit code."""
    counts: Counter[str] = Counter()
    for summary in summaries:
        counts.update(summary["counts"])
    say("not run")
    for line in not_run(summaries, missing) or ["nothing was left out"]:
        print(line)
    print(f"\n{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    went_wrong = [code for code in codes if code not in (0, NO_TESTS)]
    return went_wrong[0] if went_wrong else int(counts["passed"] == 0)


def not_run(summaries: list[Summary], missing: list[str]) -> list[str]:
    left_out: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for summary in summaries:
        left_out.update(summary["left_out"])
        skipped.update(summary["skipped"])
    lines = [*missing, *(f"{n} tests marked {name}: run them with {LONG[name]}" for name, n in left_out.items())]
    return lines + [f"{count} skipped: {reason}" for reason, count in skipped.items()]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    for by in (signal.SIGTERM, signal.SIGINT):  # a shell's background process ignores the latter
        signal.signal(by, interrupt)
    try:
        raise SystemExit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        raise SystemExit(130) from None
