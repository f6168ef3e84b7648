"""Selects the tests of a run, and reports the others."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.test import TransactionTestCase

from tests.support.databases import is_postgresql

# Who asks for one of these touches the database of DATABASE_URL, so it runs once per kind of database.
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_setup", "live_server", "stacks"}
# Who asks for one of these brings a PostgreSQL of its own, whatever DATABASE_URL says.
POSTGRESQL_FIXTURES = {"durable_postgres"}
SQLITE_IS_ENOUGH = ("browser", "any_database")
FOLDERS_OF_SHORT_TESTS = {"providers", "sms"}
"""Their files run last, so that all processes of a run end at about the same time."""
LONG = {"faults": "--faults", "browser": "--browser", "smpp": "--smpp"}


class Selection:
    """Selects the tests of this run, and counts their results and the tests that were left out."""

    def __init__(self, config: pytest.Config) -> None:
        self.half = config.getoption("--half")
        self.has_postgresql = is_postgresql(os.environ.get("DATABASE_URL", ""))
        self.summary: Path | None = config.getoption("--summary")
        self.wanted = {name for name, option in LONG.items() if config.getoption(option) or config.getoption("--all")}
        self.left_out: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.outcomes: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        taken, left = [], []
        for item in items:
            why = self.why_not(item)
            (left if why else taken).append(item)
            if why and why != "the other half":
                self.left_out[why] += 1
        items[:] = sorted(taken, key=is_short)
        if left:
            config.hook.pytest_deselected(items=left)

    def why_not(self, item: pytest.Item) -> str | None:
        """Why this run leaves the test out; None if it runs the test."""
        own_postgresql = bool(POSTGRESQL_FIXTURES & fixtures_of(item))
        if self.half == "sqlite" and own_postgresql:
            return "the other half"
        if item.get_closest_marker("postgresql_alone") and not self.has_postgresql:
            return "the other half"
        if self.half == "postgresql" and not own_postgresql and not runs_on_both(item):
            return "the other half"
        return next((name for name in LONG if item.get_closest_marker(name) and name not in self.wanted), None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = "failed"
        elif report.skipped:
            self.outcomes.setdefault(report.nodeid, "skipped")
            self.skipped[reason_of(report)] += 1
        elif report.when == "call":
            self.outcomes.setdefault(report.nodeid, "passed")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = "failed"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """pytest-xdist's workers select the tests, all the same; the process that started them writes the file."""
        self.left_out.update(Counter(getattr(node, "workeroutput", {}).get("left_out", {})) - self.left_out)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["left_out"] = dict(self.left_out)
        elif self.summary is not None:
            counts = Counter(self.outcomes.values())
            value = {"counts": counts, "left_out": self.left_out, "skipped": self.skipped}
            self.summary.write_text(json.dumps(value))


def is_short(item: pytest.Item) -> bool:
    return bool(FOLDERS_OF_SHORT_TESTS & set(item.nodeid.split("/")[1:2]))


def fixtures_of(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def runs_on_both(item: pytest.Item) -> bool:
    """A page looks the same on both databases, and what its view does is tested without a browser."""
    return touches_database(item) and not any(map(item.get_closest_marker, SQLITE_IS_ENOUGH))


def touches_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("django_db") or DATABASE_FIXTURES & fixtures_of(item):
        return True
    return issubclass(getattr(item, "cls", None) or object, TransactionTestCase)


def reason_of(report: pytest.TestReport) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
