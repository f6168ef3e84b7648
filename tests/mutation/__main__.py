"""Mutation: each change of the files, tried with the tests that execute its line.

Prints each change that no test noticed, with the number of tests that were run, and the counts. `not applied` are
changes that can't be put in place without importing the file anew; they say nothing. Exits 1 if a test fails without
a change.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FIXED = {"PYTHONHASHSEED": "0"}


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py mutate", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--tests", nargs="+", metavar="PATH", help="pytest's paths (default: those of the file's folder)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the order (default: 1)")
    parser.add_argument("--share", default="1/1", metavar="K/N", help="the K-th of N parts, in a random order")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many changes")
    parser.add_argument("--only", type=Path, metavar="REPORT", help="the changes that an earlier output lists")
    parser.add_argument("--seconds", type=float, default=60, metavar="T", help="of tests per change (default: 60)")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own instead of SQLite")
    options = parser.parse_args(words)
    if not options.postgresql:
        return run(options)
    from tests.support.postgres import Postgres

    with Postgres() as server:
        os.environ["DATABASE_URL"] = server.create_database()
        return run(options)


def run(options: argparse.Namespace) -> int:
    import pytest

    from .report import Report
    from .session import Session

    report = Report(options.seed, options.share, options.limit, options.only)
    session = Session(options.files, report, options.seconds)
    quiet = ["-q", "-q", "-s", "--no-header", "--no-summary", "--assert=plain", "--tb=line", "-p", "no:xdist"]
    code = pytest.main([*quiet, *(options.tests or tests_of(options.files))], plugins=[session])
    return session.code or int(code)


def tests_of(files: Sequence[Path]) -> list[str]:
    """The test of the same name, else the tests of the same folder."""
    found = []
    for file in files:
        folder = Path("tests") / file.resolve().relative_to(PROJECT).parent
        named = folder / f"test_{file.stem}.py"
        found.append(str(named if named.exists() else folder))
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in FIXED.items()):
        os.execve(sys.executable, [sys.executable, "-m", "tests.mutation", *sys.argv[1:]], os.environ | FIXED)
    raise SystemExit(main(sys.argv[1:]))
