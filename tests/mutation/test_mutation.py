"""Which changes are made, that they reach whoever imported the file, and a whole run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .changes import changes_of
from .children import FAILED, PASSED, end_of_child
from .places import function_of, statement_of
from .placing import NotApplied, Placed

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b < 1", ["b < 1 → b <= 1", "1 → 2", "1 → 0"]),
        (
            "if a and not b: c()",
            ["a and (not b) → True", "a and (not b) → a or not b", "a and (not b) → a", "not b → b"],
        ),
        ("if a and not b: c()", ["a and (not b) → False", "c() → pass"]),
        ("def f(): return g(a, b, key=1)", ["return g(a, b, key=1) → return None", "g(a, b, key=1) → g(b, a, key=1)"]),
        ("def f(): return g(a, b, key=1)", ["g(a, b, key=1) → g(a, b)"]),
        ("TABLE = (a, b)", ["(a, b) → (a,)", "(a, b) → (b,)"]),
        (
            "x = 'SELECT a FROM b WHERE c < 5 AND d'",
            ["'SELECT a FROM b WHERE c < 5 AND d' → 'SELECT a FROM b WHERE c < 5'"],
        ),
        ("x = r'[a-z]+(?:ab|cd){2}'", ["'[a-z]+(?:ab|cd){2}' → '[a-z]+(?:ab){2}'"]),
        ("x = r'[a-z]+(?:ab|cd){2}'", ["'[a-z]+(?:ab|cd){2}' → '[a-z]+(?:ab|cd){3}'"]),
    ],
)
def test_what_is_changed(source, expected):
    found = [f"{change.before} → {change.after}" for change in changes_of(ast.parse(source))]
    assert not set(expected) - set(found)


@pytest.mark.parametrize(
    "source",
    [
        '"""A text."""',
        "a: int | None",
        "from a import b",
        "Pair = tuple[int, str | None]",
        "words = N_('a text')",
        "log.info('a text', key=1)",
        "assert a is not None",
    ],
)
def test_what_is_left_alone(source):
    assert changes_of(ast.parse(source)) == []


EXAMPLE = """
from dataclasses import dataclass
from functools import cached_property, lru_cache

FEW = 8
MORE = (FEW, 1)

@dataclass(frozen=True)
class Slot:
    size: int = 1

    @cached_property
    def double(self):
        return self.size * 2

FREE = Slot()

@lru_cache
def limit(value=3):
    return value + 20
"""
USER = "from sms.example_of_mutation import FEW, MORE, Slot, limit\nSUM = sum(MORE)\n"
VALUES = "user.FEW", "user.SUM", "user.Slot().size", "user.Slot(4).double", "user.limit()", "user.limit(1)"
UNCHANGED = [8, 9, 1, 8, 23, 21]


@pytest.fixture
def example(tmp_path, monkeypatch):
    """A file that is imported, and a module that imported its names."""
    file = tmp_path / "example_of_mutation.py"
    file.write_text(EXAMPLE)
    user = tmp_path / "user_of_mutation.py"
    user.write_text(USER)
    for path in (file, user):
        module = ModuleType(f"sms.{path.stem}")
        module.__file__ = str(path)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(path.read_text(), str(path), "exec", dont_inherit=True), module.__dict__)
    return Placed(file)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("8 → 9", [9, 10, 1, 8, 23, 21]),
        ("(FEW, 1) → (FEW,)", [8, 8, 1, 8, 23, 21]),
        ("1 → 2", [8, 10, 1, 8, 23, 21]),
        ("self.size * 2 → self.size // 2", [8, 9, 1, 2, 23, 21]),
        ("3 → 4", [8, 9, 1, 8, 24, 21]),
        ("20 → 21", [8, 9, 1, 8, 24, 22]),
    ],
)
def test_a_change_is_in_place_wherever_the_file_was_imported(example, change, expected):
    values = after(example, change)
    assert values == expected


def test_a_default_of_a_dataclass_is_in_place(example):
    assert after(example, "1 → 2", line=10) == [8, 9, 2, 8, 23, 21]


def test_nothing_is_different_where_nothing_is_changed(example):
    example.put_unchanged(ast.parse(EXAMPLE))
    assert values() == UNCHANGED


def test_a_change_that_nobody_would_see_is_not_applied(example):
    tree = ast.parse(EXAMPLE)
    with pytest.raises(NotApplied):
        example.put(tree, tree.body[-1], None)


def test_a_child_ends_alone():
    assert end_of_child(lambda write: write(b"..") or PASSED).words == b".."
    assert end_of_child(lambda write: FAILED).code == FAILED
    assert end_of_child(lambda write: exec("raise ValueError")).code not in (PASSED, FAILED)


def after(placed: Placed, words: str, line: int = 0) -> list[object]:
    tree = ast.parse(EXAMPLE)
    change = next(
        each for each in changes_of(tree) if f"{each.before} → {each.after}" == words and line in (0, each.lines[0])
    )
    statement = statement_of(tree, change.lines[0])
    function = function_of(statement, change.old)
    change.apply()
    placed.put(tree, statement, function)
    return values()


def values() -> list[object]:
    return [eval(each, {"user": sys.modules["sms.user_of_mutation"]}) for each in VALUES]


NO_TEST_OF_IT = "tests/mutation/test_mutation.py::test_a_change_that_nobody_would_see_is_not_applied"
"""So that pytest reads tests/conftest.py."""


def mutate(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.mutation", "sms/domain/matching/identifiers.py", *words]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)


def test_a_run_says_which_change_no_test_noticed(tmp_path):
    test = tmp_path / "test_one_name.py"
    test.write_text(
        "from sms.domain.matching.identifiers import placeholder_name\n"
        "def test_a_name():\n    assert placeholder_name('ad', ()) == 'ad'\n"
    )
    done = mutate("--tests", NO_TEST_OF_IT, str(test), "--limit", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 tests pass" in done.stdout
    assert "survived sms/domain/matching/identifiers.py:" in done.stdout
    assert "30 changes in" in done.stdout


def test_a_test_that_fails_anyway_is_refused(tmp_path):
    (tmp_path / "test_broken.py").write_text("def test_it():\n    assert False\n")
    done = mutate("--tests", NO_TEST_OF_IT, str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "refused" in done.stdout
