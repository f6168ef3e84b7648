"""Sequential tests of whether a provider's time, success or receipts have fallen below its own last days.

Each call adds the logarithm of a likelihood ratio: how much better "it has fallen" explains the call than "it is as
usual". The sum never falls below 0 (CUSUM, E. S. Page, "Continuous Inspection Schemes", Biometrika 41, 1954). So it
stays near 0 while the provider is as usual, however long, and rises with each call once it is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import quantiles


class Signal(StrEnum):
    TIME = "time"
    SUCCESS = "success"
    RECEIPT = "receipt"


FEWEST_USUAL = 200
"""With fewer calls in its last days, a provider is not tested."""
SUSPECTED, CERTAIN = 14.0, 20.0
"""Evidence. By chance, calls as usual reach SUSPECTED once in about exp(14), a million, calls."""
RECOVERED = 5.0
"""Evidence of the opposite, from which a provider counts as usual again."""
_MOST = 30.0
_LEAST_SPREAD = 0.3
_SLOW_SPREADS = 3.0
_SLOW_FACTOR = 3.0
_SLOW_SECONDS = 1.0
"""A slow call takes so many spreads, so many times, and so long, at least."""
_FROM_CALL = 2.0
"""What one call can add or take: no single call that took a minute decides."""
_FAILING, _SILENT = 0.3, 0.5
"""Of what was successful, or reported, so much is lost at least."""
_RATE = (0.005, 0.3)
"""Limits of a usual rate of failures: a provider without any in its last days may have one."""
_RECEIPT_SECONDS = (10, 30, 60)
_RECEIPT_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `seconds`: to its end, or until now where `is_open`. None: not known yet, or not expected."""

    seconds: float
    is_open: bool = False
    failed: bool | None = None
    receipt_after: float | None = None
    """Seconds from the answer to the final report."""
    silent_for: float | None = None
    """Seconds from the answer until now, where a report is expected and none has come."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A provider's last days: the median and the spread of the logarithm of its time, and its rates.

    `receipt_seconds`: the time within which most of its reports come; None where it is not tested by them.
    """

    calls: int
    log_seconds: float
    spread: float
    failures: float
    receipt_seconds: int | None = None
    missing: float = 0.0

    @property
    def slow(self) -> float:
        """The logarithm of the time of a slow call."""
        grown = self.log_seconds + max(_SLOW_SPREADS * self.spread, math.log(_SLOW_FACTOR))
        return max(grown, math.log(_SLOW_SECONDS))


def usual_of(calls: Sequence[Call]) -> Usual | None:
    """What is usual, from calls of the last days; None if there are too few."""
    ended = [call for call in calls if not call.is_open]
    if len(ended) < FEWEST_USUAL:
        return None
    low, median, high = (quantiles([_log(call.seconds) for call in ended], n=100)[n] for n in (15, 49, 83))
    failures = sum(call.failed is True for call in ended) / len(ended)
    return Usual(len(ended), median, max((high - low) / 2, _LEAST_SPREAD), failures, *_usual_receipts(ended))


def _usual_receipts(calls: Sequence[Call]) -> tuple[int | None, float]:
    expected = [call for call in calls if call.receipt_after is not None or call.silent_for is not None]
    if len(expected) >= FEWEST_USUAL:
        for seconds in _RECEIPT_SECONDS:
            share = sum(call.receipt_after is not None and call.receipt_after <= seconds for call in expected)
            if share >= _RECEIPT_SHARE * len(expected):
                return seconds, 1 - share / len(expected)
    return None, 0.0


def decline(usual: Usual, calls: Iterable[Call]) -> dict[Signal, float]:
    """The evidence of each signal that the provider has fallen, from its calls, oldest first."""
    return {signal: _cusum(_ratios(signal, usual, calls)) for signal in Signal}


def has_recovered(usual: Usual, calls: Sequence[Call]) -> bool:
    """Whether the calls, oldest first, show that the provider is as usual: by each signal that they say anything of."""
    found = [list(_ratios(signal, usual, calls)) for signal in Signal]
    return any(found) and all(_cusum(-ratio for ratio in ratios) >= RECOVERED for ratios in found if ratios)


def _cusum(ratios: Iterable[float]) -> float:
    total = 0.0
    for ratio in ratios:
        total = min(max(total + ratio, 0.0), _MOST)
    return total


def _ratios(signal: Signal, usual: Usual, calls: Iterable[Call]) -> Iterable[float]:
    found = (_RATIO[signal](usual, call) for call in calls)
    return [ratio for ratio in found if ratio is not None]


def _log(seconds: float) -> float:
    return math.log(max(seconds, 0.001))


def _of_time(usual: Usual, call: Call) -> float | None:
    """Of two normal distributions of the logarithm, of equal spread, which meet at the time of a slow call.

    An open call tells only that it is slow already.
    """
    ratio = 2 * (usual.slow - usual.log_seconds) * (_log(call.seconds) - usual.slow) / usual.spread**2
    return None if call.is_open and ratio <= 0 else min(max(ratio, -_FROM_CALL), _FROM_CALL)


def _of_success(usual: Usual, call: Call) -> float | None:
    return None if call.failed is None else _of_rate(usual.failures, _FAILING, happened=call.failed)


def _of_receipt(usual: Usual, call: Call) -> float | None:
    limit = usual.receipt_seconds
    if limit is None:
        return None
    if call.receipt_after is not None:
        return _of_rate(usual.missing, _SILENT, happened=call.receipt_after > limit)
    is_missing = call.silent_for is not None and call.silent_for > limit
    return _of_rate(usual.missing, _SILENT, happened=True) if is_missing else None


def _of_rate(usual: float, lost: float, *, happened: bool) -> float:
    """Of a failure whose rate has risen by the part `lost` of what is left."""
    before = min(max(usual, _RATE[0]), _RATE[1])
    after = before + (1 - before) * lost
    ratio = math.log(after / before) if happened else math.log((1 - after) / (1 - before))
    return min(ratio, 2 * _FROM_CALL)


_RATIO = {Signal.TIME: _of_time, Signal.SUCCESS: _of_success, Signal.RECEIPT: _of_receipt}
