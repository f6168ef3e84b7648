"""The rules of a provider's circuit breaker: when it opens, when it is probed, and when it closes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from providers.base import Failure

BAD_CALLS_TO_OPEN = 5
FIRST_PROBE = 15
LONGEST_PROBE = 300
"""Seconds. The time to the first probe is FIRST_PROBE; it doubles after each failed probe, up to this."""

_OPENS_AT_ONCE = (Failure.ACCOUNT, Failure.BALANCE)
_COUNTS_AS_BAD = (Failure.TRANSIENT, Failure.AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """The state of a breaker. `probe_in`: seconds until the next probe, or None if staff must act first."""

    is_open: bool = False
    failure: Failure | None = None
    bad_calls: int = 0
    probe_interval: int = 0
    probe_in: int | None = None


def after_call(state: BreakerState, failure: Failure | None, *, blocks_callers: bool, was_probe: bool) -> BreakerState:
    """The breaker after one call with this failure; None stands for a success."""
    if state.is_open and not was_probe and (failure not in _OPENS_AT_ONCE or state.failure in _OPENS_AT_ONCE):
        return state  # the call began before the breaker opened
    if failure in _OPENS_AT_ONCE:
        return _open(state, failure, waits_for_staff=blocks_callers and failure == Failure.ACCOUNT)
    if failure in _COUNTS_AS_BAD:
        return _after_bad_call(state, failure, was_probe)
    return BreakerState()


def _after_bad_call(state: BreakerState, failure: Failure, was_probe: bool) -> BreakerState:
    counted = replace(state, bad_calls=state.bad_calls + 1)
    if was_probe or counted.bad_calls >= BAD_CALLS_TO_OPEN:
        return _open(counted, failure, waits_for_staff=False)
    return counted


def next_interval(interval: int) -> int:
    """The time to the next probe, after this interval; 0 if there was no probe yet."""
    return min(interval * 2, LONGEST_PROBE) if interval else FIRST_PROBE


def _open(state: BreakerState, failure: Failure, *, waits_for_staff: bool) -> BreakerState:
    interval = next_interval(state.probe_interval if state.is_open else 0)
    return BreakerState(True, failure, state.bad_calls, interval, None if waits_for_staff else interval)
