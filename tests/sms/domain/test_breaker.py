"""The breaker's rules, as sentences."""

import pytest

from providers.base import Failure
from sms.domain.breaker import BAD_CALLS_TO_OPEN, BreakerState, after_call


def run(*failures, state=None, probe=False, blocks=False):
    state = state or BreakerState()
    for failure in failures:
        state = after_call(state, failure, blocks_callers=blocks, was_probe=probe)
    return state


@pytest.mark.parametrize("failure", [Failure.ACCOUNT, Failure.BALANCE])
def test_an_account_fault_opens_it_at_once(failure):
    state = run(failure)
    assert (state.is_open, state.probe_in) == (True, 15)


@pytest.mark.parametrize("failure", [Failure.TRANSIENT, Failure.AMBIGUOUS])
def test_five_bad_calls_in_a_row_open_it(failure):
    assert not run(*[failure] * (BAD_CALLS_TO_OPEN - 1)).is_open
    assert run(*[failure] * BAD_CALLS_TO_OPEN).is_open


@pytest.mark.parametrize("good", [None, Failure.RECIPIENT, Failure.CONTENT, Failure.CONFIG])
def test_any_answer_of_the_vendor_breaks_the_row(good):
    bad = [Failure.TRANSIENT] * (BAD_CALLS_TO_OPEN - 1)
    assert not run(*bad, good, *bad).is_open


def test_probes_that_fail_double_their_interval_up_to_five_minutes():
    state, waits = run(Failure.BALANCE), []
    for _ in range(7):
        state = run(Failure.BALANCE, state=state, probe=True)
        waits.append(state.probe_in)
    assert waits == [30, 60, 120, 240, 300, 300, 300]


def test_a_probe_that_is_answered_closes_it():
    assert run(None, state=run(Failure.ACCOUNT), probe=True) == BreakerState()


def test_calls_from_before_it_opened_change_nothing():
    state = run(Failure.ACCOUNT)
    assert run(None, Failure.TRANSIENT, Failure.ACCOUNT, state=state) == state


def test_a_vendor_that_blocks_callers_is_not_probed_after_an_account_fault():
    assert run(Failure.ACCOUNT, blocks=True).probe_in is None
    assert run(Failure.BALANCE, blocks=True).probe_in == 15


def test_an_account_fault_that_shows_while_it_is_open_for_less_is_taken_in():
    state = run(*[Failure.TRANSIENT] * BAD_CALLS_TO_OPEN)
    assert run(Failure.ACCOUNT, state=state, blocks=True).probe_in is None
