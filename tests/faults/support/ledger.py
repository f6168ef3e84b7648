"""The figures of the fault tests: a row per fault and database in figures.json, shown in docs/reliability.md."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .evidence import Figures

FILE = Path(__file__).parents[1] / "figures.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault on one database. `runs`: how often it was caused; `recovered`: seconds until the system recovered."""

    fault: str
    database: str
    runs: int
    messages: int
    lost: int
    doubled: int
    unconfirmed: int
    recovered: float | None = None


class Ledger:
    """Gathers the entries of one test run."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.entries: list[Entry] = []

    def note(
        self, fault: str, figures: Figures, *, runs: int = 1, recovered: float | None = None, database: str = ""
    ) -> None:
        """Record the figures of a fault. `database`: if it is another than this run's."""
        rounded = None if recovered is None else round(recovered, 1)
        where = database or self.database
        entry = Entry(fault, where, runs, **asdict(figures), recovered=rounded)
        print(entry)
        self.entries.append(entry)

    def save(self, file: Path = FILE) -> list[dict[str, Any]]:
        """Put the entries in place of the earlier ones of the same fault and database; returns all."""
        with locked(file):
            kept = {(entry["fault"], entry["database"]): entry for entry in load(file)}
            kept |= {(entry.fault, entry.database): asdict(entry) for entry in self.entries}
            rows = [kept[key] for key in sorted(kept)]
            file.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
            return rows


def load(file: Path = FILE) -> list[dict[str, Any]]:
    return json.loads(file.read_text() or "[]") if file.exists() else []


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Both halves of a test run may end at the same moment."""
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
