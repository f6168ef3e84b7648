"""pytest's session: collects the tests once, then tries each change in a child."""

from __future__ import annotations

import ast
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import pytest

from tests.support.selection import touches_database

from .changes import Change, changes_of
from .children import FAILED, NOT_APPLIED, PASSED, call_in_child, end_of_child, limit
from .databases import copied
from .places import function_of, names_of, statement_of
from .placing import NotApplied, Placed, clear_caches
from .recording import Record, Recorder
from .report import Report

PROJECT = str(Path(__file__).parents[2])
TIMES, FEW_SECONDS, MANY_SECONDS = 10, 5, 60
"""A test may take so many times its own time, and these seconds more: few of the processor's, many of the clock's."""


@dataclass
class File:
    placed: Placed
    tree: ast.Module
    changes: list[Change]


@dataclass(frozen=True)
class Trial:
    """A change of a file, as it is reported."""

    file: File
    change: Change

    @property
    def place(self) -> str:
        return f"{os.path.relpath(self.file.placed.file, PROJECT)}:{self.change.lines[0]}"

    def __str__(self) -> str:
        return f"{self.place}: {self.change.before} → {self.change.after}"


@dataclass(eq=False)
class Session:
    """The plugin of pytest that runs the trials instead of the tests."""

    files: Sequence[Path]
    report: Report
    seconds: float
    code: int = 0
    record: Record = field(default_factory=Record)
    items: list[pytest.Item] = field(default_factory=list)
    killers: dict[object, list[int]] = field(default_factory=lambda: defaultdict(list))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """A failing example need not be made small."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutation", hypothesis.settings.get_profile("sms"), phases=phases)
        hypothesis.settings.load_profile("mutation")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not session.items:
            raise pytest.UsageError("the tests could not be collected")
        self.items = session.items
        self.needs_database = any(map(touches_database, self.items))
        if self.needs_database:
            set_up_database(self.items)
        clear_caches()
        files = [read(path) for path in self.files]
        self.begin(files)
        if not self.code:
            self.report.run(self, [Trial(file, change) for file in files for change in file.changes])
        return True

    def begin(self, files: Sequence[File]) -> None:
        """What each test executes and how long it takes; refuses where a test fails without a change."""
        with copied(self.needs_database):
            self.record = call_in_child(lambda: self.recorded(files))
        with copied(self.needs_database):
            untraced = call_in_child(lambda: self.unchanged(files))
        self.record.seconds = untraced.seconds
        if failed := sorted({*self.record.failed, *untraced.failed}):
            self.report.say("refused: these tests fail although nothing is changed")
            self.report.say(*failed)
            self.code = 1

    def recorded(self, files: Sequence[File]) -> Record:
        record = Record()
        self.run_all(record, Recorder({file.placed.file for file in files}, PROJECT, record))
        return record

    def unchanged(self, files: Sequence[File]) -> Record:
        """Each statement is put in place as it is, so that a failure would be the tool's."""
        record = Record()
        for file in files:
            file.placed.put_unchanged(file.tree)
        self.run_all(record, None)
        return record

    def run_all(self, record: Record, recorder: Recorder | None) -> None:
        watch = Watch(record)
        self.items[0].config.pluginmanager.register(watch)
        for number, item in enumerate(self.items):
            begun = time.process_time(), time.monotonic()
            if recorder:
                recorder.begin(number)
            run_test(item, self.items[number + 1] if number + 1 < len(self.items) else item.session)
            if recorder:
                recorder.end()
            record.seconds[number] = time.process_time() - begun[0], time.monotonic() - begun[1]

    def tests_of(self, trial: Trial) -> list[int]:
        """The tests that can notice the change: those that failed at its neighbours first, then the quickest."""
        file, change = trial.file.placed.file, trial.change
        statement = statement_of(trial.file.tree, change.lines[0])
        function = function_of(statement, change.old)
        found: set[int] = set()
        for line in change.lines if function else ():
            found |= self.record.lines.get((file, line), set())
        for line in range(function.lineno, function.end_lineno + 1) if function else ():
            found |= self.record.partly.get((file, line), set())
        if not function:
            for name in names_of(trial.file.tree, statement):
                found |= self.record.names.get(name, set())
        before = self.killers[statement]
        return sorted(found, key=lambda test: (test not in before, self.record.seconds[test]))

    def attempt(self, trial: Trial) -> tuple[str, int, int]:
        """What happened, how many tests were run, and how many could notice the change."""
        tests = self.tests_of(trial)
        with copied(self.needs_database and any(touches_database(self.items[test]) for test in tests)):
            ended = end_of_child(lambda write: self.try_change(trial, tests, write))
        done = len(ended.words)
        if ended.code == FAILED and done:
            self.killers[statement_of(trial.file.tree, trial.change.lines[0])].insert(0, tests[done - 1])
        known = {PASSED: "survived", FAILED: "killed", NOT_APPLIED: "not applied"}
        return known.get(ended.code, "ended early"), done, len(tests)

    def try_change(self, trial: Trial, tests: Sequence[int], write: Callable[[bytes], object]) -> int:
        change, tree = trial.change, trial.file.tree
        statement = statement_of(tree, change.lines[0])
        function = function_of(statement, change.old)
        change.apply()
        try:
            self.limit(0, 0)
            trial.file.placed.put(tree, statement_of(tree, change.lines[0]), function)
        except NotApplied:
            return NOT_APPLIED
        except Exception:
            return FAILED
        return self.run_until_failure(tests, write)

    def limit(self, processor: float, clock: float) -> None:
        limit(FEW_SECONDS + TIMES * processor, MANY_SECONDS + TIMES * clock)

    def run_until_failure(self, tests: Sequence[int], write: Callable[[bytes], object]) -> int:
        self.items[0].config.pluginmanager.register(Watch(None))
        used = 0.0
        for number, test in enumerate(tests):
            used += self.record.seconds[test][0]
            if used > self.seconds and number:
                break
            write(b".")
            self.limit(*self.record.seconds[test])
            item = self.items[test]
            run_test(item, self.items[tests[number + 1]] if number + 1 < len(tests) else item.session)
        return PASSED


@dataclass(eq=False)
class Watch:
    """Notices the first failure: without a record it ends the process."""

    record: Record | None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.record is None:
            os._exit(FAILED)
        if report.failed:
            self.record.failed.append(report.nodeid)


def read(path: Path) -> File:
    placed = Placed(path.resolve())
    assert placed.functions is not None  # they are looked for once, not in each child
    tree = ast.parse(placed.source)
    return File(placed, tree, changes_of(tree))


def run_test(item: pytest.Item, following: pytest.Item | pytest.Session) -> None:
    """Run it, and take down what the following one does not need."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def set_up_database(items: Iterable[pytest.Item]) -> None:
    """Run one test that needs the database: what it sets up for the whole session stays."""
    first = min(filter(touches_database, items), key=lambda item: "transactional_db" in item.fixturenames)
    run_test(first, first.session)
