"""The newest migration lets the previous version work on. Each way in which a migration can break it is noticed."""

from __future__ import annotations

import pytest

from tests.support.postgres import Postgres

from . import history, schema
from .rolling import Upgrade, exceptions

COLUMN = {"type": "integer", "length": 20, "takes_null": True, "has_default": False}
NOT_NULL = COLUMN | {"takes_null": False}
HAS_DEFAULT = NOT_NULL | {"has_default": True}
BEFORE = {("t", "nullable"): COLUMN, ("t", "default"): HAS_DEFAULT}
KEPT = [
    {("t", "new"): COLUMN},
    {("t", "new"): HAS_DEFAULT},
    {("new", "column"): NOT_NULL},
    {("new", "rule"): {"columns": ["column"]}},
    {("t", "new"): COLUMN, ("t", "rule"): {"columns": ["new"]}},
    {("t", "nullable"): COLUMN | {"length": 21}},
]
BROKEN = {
    "t.new is new, not null, and has no default": {("t", "new"): NOT_NULL},
    "t.nullable no longer takes null": {("t", "nullable"): HAS_DEFAULT},
    "t.default lost its default": {("t", "default"): NOT_NULL},
    "t.nullable has another type": {("t", "nullable"): COLUMN | {"type": "text"}},
    "t.default has another type": {("t", "default"): HAS_DEFAULT | {"length": 19}},
    "t.rule is a new rule": {("t", "rule"): {"columns": ["default", "new"]}},
}


@pytest.mark.parametrize("change", KEPT, ids=str)
def test_what_the_previous_version_can_live_with_is_no_problem(change):
    assert list(schema.problems(BEFORE, BEFORE | change)) == []


@pytest.mark.parametrize("words", BROKEN)
def test_what_breaks_the_previous_version_is_a_problem(words):
    [problem] = schema.problems(BEFORE, BEFORE | BROKEN[words])
    assert problem.startswith(words)


def test_a_removed_column_is_a_problem():
    assert list(schema.problems(BEFORE, {("t", "default"): HAS_DEFAULT})) == ["t.nullable is gone"]


def test_a_removed_rule_is_no_problem():
    assert list(schema.problems(BEFORE | {("t", "rule"): {"columns": ["default"]}}, BEFORE)) == []


def test_equal_exceptions_of_two_versions_are_counted_together():
    lines = [
        f'{{"event": "failed", "exception": "  /{place}/a.py:1 f\\\\nKeyError"}}' for place in ("one", "two/three")
    ]
    assert list(exceptions("\n".join(["a line", *lines])).values()) == [2]
    assert exceptions("a line\nTraceback (most recent call last):\n").total() == 1


@pytest.mark.parametrize(
    ("some", "names", "is_prefix"),
    [(("a",), ("a", "b"), True), ((), ("a",), False), (("b",), ("a", "b"), False), (("a", "c"), ("a", "b"), False)],
)
def test_an_older_version_has_the_first_migrations(some, names, is_prefix):
    assert history.is_prefix(some, names) is is_prefix


@pytest.mark.faults
def test_the_version_before_the_newest_migration_works_on_beside_it_and_after_it(durable_postgres: Postgres):
    try:
        pair = history.newest()
    except history.HistoryError as error:
        pytest.skip(f"no earlier version: {error}")
    result = Upgrade(durable_postgres.create_database(), *pair.folders()).run()
    print(pair, result)
    assert result.findings == []
    assert result.figures is not None
    assert result.figures.messages > 100
