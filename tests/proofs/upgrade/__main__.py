"""Rolling upgrades: the code before a migration and the code with it, on one database and under load, and back.

Prints the figures and findings of each pair; exits 1 if there is a finding.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from tests.__main__ import postgresql
from tests.support.databases import drop_if_there
from tests.support.postgres import DatabaseServer

from . import history
from .rolling import Upgrade


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="dev.py prove upgrade", description=__doc__)
    parser.add_argument("--from", dest="old", metavar="COMMIT", help="from this commit to the working tree")
    parser.add_argument("--all", action="store_true", help=f"each migration from {history.FIRST} on")
    options = parser.parse_args(words)
    try:
        pairs = history.each() if options.all else [history.since(options.old) if options.old else history.newest()]
        return run(pairs)
    except history.HistoryError as error:
        parser.error(str(error))


def run(pairs: Iterable[history.Pair | str]) -> int:
    """Returns the exit code."""
    with postgresql() as (url, origin):
        if url is None:
            raise SystemExit(origin)
        findings = [words for pair in pairs for words in one(url, pair)]
    return int(bool(findings))


def one(url: str, pair: history.Pair | str) -> list[str]:
    """Prints the figures and findings of a pair; returns the findings."""
    if isinstance(pair, str):
        print(f"skipped: {pair}", flush=True)
        return []
    database = DatabaseServer(url).create_database()
    try:
        result = Upgrade(database, *pair.folders()).run()
    finally:
        drop_if_there(database)
    print(f"{pair.name}, {pair.old} to {pair.new or 'the working tree'}: {result}", flush=True)
    for words in result.findings:
        print(f"  finding: {words}", flush=True)
    return result.findings


if __name__ == "__main__":
    raise SystemExit(main())
