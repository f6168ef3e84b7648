"""Which tests execute which lines and functions."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

PATIENCE = 50  # calls of a function in one test without a new line, after which its lines are no longer recorded


@dataclass
class Record:
    """Tests, by their number.

    Those that execute a line; those whose lines were recorded in part, by the function's first line; those that use a
    name; their seconds on the processor and on the clock.
    """

    lines: dict[tuple[str, int], set[int]] = field(default_factory=lambda: defaultdict(set))
    partly: dict[tuple[str, int], set[int]] = field(default_factory=lambda: defaultdict(set))
    names: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[int, tuple[float, float]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    """The tests that fail with the unchanged code."""


class Recorder:
    """A trace function. It follows the lines of these files, and the calls of the whole project."""

    def __init__(self, files: set[str], project: str, record: Record) -> None:
        self.files, self.project, self.record = files, project, record
        self.test = -1
        self.calls: dict[CodeType, int] = {}
        self.kinds: dict[CodeType, int] = {}

    def begin(self, test: int) -> None:
        self.test, self.calls = test, {}
        threading.settrace(self.call)
        sys.settrace(self.call)

    def end(self) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def call(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        kind = self.kinds.get(code)
        if kind is None:
            kind = self.kinds[code] = self.kind_of(code)
        if kind == 0:
            return None
        left = self.calls.get(code)
        if left is None:
            left = PATIENCE
            for name in code.co_names:
                self.record.names[name].add(self.test)
        self.calls[code] = left - 1
        if kind == 1:
            return None
        if left > 0:
            return self.line
        self.record.partly[code.co_filename, code.co_firstlineno].add(self.test)
        return None

    def kind_of(self, code: CodeType) -> int:
        """2 for a function whose lines are followed, 1 for others of the project, 0 for libraries."""
        if code.co_filename in self.files:
            return 2
        return int(code.co_filename.startswith(self.project) and "/.venv/" not in code.co_filename)

    def line(self, frame: FrameType, event: str, argument: Any) -> Any:
        tests = self.record.lines[frame.f_code.co_filename, frame.f_lineno]
        if self.test not in tests:
            tests.add(self.test)
            self.calls[frame.f_code] = PATIENCE
        return self.line
