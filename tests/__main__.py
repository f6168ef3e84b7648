"""`python -m tests [--faults] [--browser] [--all] [pytest's words]`: every test, on SQLite and on PostgreSQL.

Two pytest processes run side by side, a core each; DATABASE_URL tells them apart. Tests
that touch no database run in the SQLite half alone. The last lines say what was not
run and why, and the counts of both halves together.
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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import is_postgresql
from tests.support.guardian import guard, release
from tests.support.postgres import DatabaseServer, Postgres, PostgresError
from tests.support.selection import LONG

PROJECT = Path(__file__).parents[1]
STOP_SECONDS = 30
NO_TESTS = 5  # pytest's exit code where it selected none


@dataclass
class Half:
    """One of the two pytest processes."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path | None
    summary_file: Path

    def summary(self) -> dict[str, dict[str, int]]:
        """What conftest.py wrote; empty where pytest ended before its end."""
        if not self.summary_file.exists():
            return {"counts": {}, "left_out": {}, "skipped": {}}
        return json.loads(self.summary_file.read_text())


def start(name: str, database_url: str | None, words: list[str], folder: Path, *, quietly: bool) -> Half:
    """Start pytest on one database; quietly: into a file that is shown later."""
    summary = folder / f"{name}.json"
    output = folder / f"{name}.txt" if quietly else None
    environment = {**os.environ, "DATABASE_URL": database_url} if database_url else without("DATABASE_URL")
    command = [sys.executable, "-m", "pytest", f"--half={name}", f"--summary={summary}", *words]
    with contextlib.ExitStack() as files:
        stdout = files.enter_context(output.open("wb")) if output else None
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=stdout, stderr=stdout, start_new_session=True
        )
    guard(process=process.pid, by=signal.SIGINT)
    return Half(name, process, output, summary)


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != name}


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
        halves = [start("sqlite", None, words, Path(folder), quietly=False)]
        if url:
            halves.append(start("postgresql", url, words, Path(folder), quietly=True))
        codes = wait_for_all(halves)
        missing = Counter() if url else Counter({f"every test that needs PostgreSQL: {origin}": 1})
        return close(halves, codes, missing)


def wait_for_all(halves: list[Half]) -> list[int]:
    """The exit codes; shows each half's output as soon as its turn comes. Ctrl-C stops both halves."""
    try:
        codes = []
        for half in halves:
            codes.append(half.process.wait())
            release(process=half.process.pid)
            show(half)
        return codes
    except KeyboardInterrupt:
        stop(halves)
        raise


def stop(halves: list[Half]) -> None:
    """As Ctrl-C would, so that fixtures are torn down; then by force."""
    for half in halves:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(half.process.pid, signal.SIGINT)
    for half in halves:
        try:
            half.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(half.process.pid, signal.SIGKILL)


def show(half: Half) -> None:
    if half.output is not None:
        say("PostgreSQL")
        sys.stdout.write(half.output.read_text(errors="replace"))


def say(words: str) -> None:
    print(f"\n=== {words}", flush=True)


def close(halves: list[Half], codes: list[int], missing: Counter[str]) -> int:
    """Print what was not run and the counts of all halves; returns the exit code."""
    summaries = [half.summary() for half in halves]
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
    signal.signal(signal.SIGTERM, interrupt)
    try:
        raise SystemExit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        raise SystemExit(130) from None
