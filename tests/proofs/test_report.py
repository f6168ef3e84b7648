"""The tests that docs/reliability.md names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .report import PROMISES

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise[0])
def test_the_tests_of_a_promise_exist(promise):
    named = re.findall(r"`(tests/[^`]+)`", promise[2])
    assert [path for path in named if not (PROJECT / path).exists()] == []
    assert named or "`prove" in promise[2]
