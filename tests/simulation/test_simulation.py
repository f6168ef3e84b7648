"""No seed breaks a promise, each seed can be replayed, and bugs put in on purpose are found."""

from __future__ import annotations

from collections import Counter

import pytest

from .bugs import BUGS
from .chance import CALL_FAULTS, STATEMENT_FAULTS
from .figures import MAX_SEEDS, find, load
from .simulation import simulate

pytestmark = pytest.mark.any_database
OTHERS = ("backup restored", "frozen between two statements", "reference repeated")
SEEDS = range(1, MAX_SEEDS + 1)
QUICK = {"claim_that_takes_nothing": 5, "repeated_with_a_new_reference": 33}
"""Tried before all others, as the recorded seed of each other bug is: each finds its bug in less than a second."""


def test_no_seed_breaks_a_promise_and_every_kind_of_fault_happens(prepared):
    outcomes = [simulate(seed, prepared) for seed in SEEDS]
    assert {outcome.seed: outcome.violations for outcome in outcomes if outcome.violations} == {}
    happened = sum((outcome.faults for outcome in outcomes), Counter())
    assert {*STATEMENT_FAULTS, *CALL_FAULTS, *OTHERS} <= set(happened)


@pytest.mark.parametrize("seed", [3, 7])
def test_a_seed_is_replayed_exactly(prepared, seed):
    assert simulate(seed, prepared) == simulate(seed, prepared)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_bug_put_in_on_purpose_is_found(prepared, bug):
    first = QUICK.get(bug.__name__) or load()["bugs"][bug.__name__]
    assert find(bug, prepared, [first, *SEEDS]) is not None


def test_the_bugs_of_the_recorded_run_are_those_of_the_simulation():
    recorded = load()["bugs"]
    assert set(recorded) == {bug.__name__ for bug in BUGS}
    assert None not in recorded.values()
