"""The cost of a match must not grow faster than the text, whatever the templates and the text hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from random import Random
from statistics import median

from sms.domain.matching.index import Index, normalise
from tests.sms.domain.matching.test_matching_cost import calls

from .cases import Maker
from .comparison import index_of

SHORT, LONG = 400, 1600
TIMES = LONG // SHORT
"""The growth of a linear cost; that of a quadratic one is TIMES * TIMES."""
MOST_CALLS = 1.25 * TIMES
FIXED_CALLS = 400
MOST_SECONDS = 3 * TIMES
"""With a margin for other work on the machine."""
SHORTEST_SECONDS = 0.001


def compare_calls(seed: int, group: int) -> Iterator[str]:
    """Function calls at two lengths: the same on every machine."""
    for index, unit in _texts(seed, group):
        short, long = (calls(partial(index.match, _repeated(unit, size))) for size in (SHORT, LONG))
        if long > MOST_CALLS * short + FIXED_CALLS:
            yield f"{unit!r}: {short} calls at {SHORT} characters, {long} at {LONG}"


def compare_times(seed: int, group: int) -> Iterator[str]:
    """The medians of processor time, which also measure what no function call shows."""
    for index, unit in _texts(seed, group):
        short, long = (_seconds(index, _repeated(unit, size)) for size in (SHORT, LONG))
        if long > max(MOST_SECONDS * short, SHORTEST_SECONDS):
            yield f"{unit!r}: {short:.6f} s at {SHORT} characters, {long:.6f} s at {LONG}"


def _texts(seed: int, group: int) -> Iterator[tuple[Index[int], str]]:
    random = Random(f"{seed} {group} growth")
    maker = Maker(random)
    made = maker.group()
    index = index_of(made)
    for _ in range(3):
        yield index, maker.near(made)[: random.choice((1, 2, 4, 12))] or " "


def _repeated(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def _seconds(index: Index[int], text: str) -> float:
    """Of a text in NFC: Python's own conversion sorts a run of combining marks in quadratic time.

    It takes 2 ms for 1,600 marks, and no longer text is ever matched.
    """
    text, taken = normalise(text)[0], []
    for _ in range(5):
        begun = time.thread_time()
        index.match(text)
        taken.append(time.thread_time() - begun)
    return median(taken)
