"""A message's state from the reports on its parts."""

from __future__ import annotations

from itertools import permutations

import pytest

from providers.base import MessageState
from sms.domain.parts import PartState, is_possible, whole_state

FINAL = {"delivered", "undelivered", "expired", "rejected"}


def parts(*states: str, count: int | None = None) -> list[PartState]:
    """A state with a ! may still change."""
    number = count or len(states)
    return [PartState(number, _state(state), is_final=state in FINAL) for state in states]


def _state(word: str) -> MessageState:
    return MessageState(word.removesuffix("!"))


@pytest.mark.parametrize(
    ("states", "count", "expected"),
    [
        (("delivered", "delivered"), 2, ("delivered", True)),
        (("delivered",), 2, ("sent", False)),
        (("delivered", "delivered"), 3, ("sent", False)),
        (("delivered", "sent"), 2, ("sent", False)),
        (("delivered", "accepted"), 2, ("sent", False)),
        (("accepted", "unknown"), 2, ("accepted", False)),
        (("unknown", "unknown"), 2, ("unknown", False)),
        (("delivered", "undelivered"), 2, ("undelivered", True)),
        (("expired", "sent"), 2, ("expired", True)),
        (("rejected",), 3, ("rejected", True)),
        (("undelivered!", "delivered"), 2, ("sent", False)),
    ],
)
def test_delivered_is_all_parts_and_one_final_failure_is_enough(states, count, expected):
    for order in permutations(states):
        assert whole_state(parts(*order, count=count)) == expected


def test_of_two_numbers_of_parts_the_larger_one_counts():
    delivered = [PartState(count, _state("delivered"), is_final=True) for count in (2, 3)]
    for order in permutations(delivered):
        assert whole_state(order) == ("sent", False)


@pytest.mark.parametrize(
    ("part", "possible"),
    [
        *(((number, count), True) for number, count in ((1, 2), (2, 2), (255, 255))),
        *((part, False) for part in ((0, 2), (3, 2), (-1, 2), (1, 256), (1, 10**9), (0, 0))),
    ],
)
def test_a_part_that_can_not_be_is_known(part, possible):
    assert is_possible(part) == possible


def test_a_part_never_moves_backwards_and_a_final_report_on_the_same_state_counts():
    part = PartState(2)
    assert part.apply(_state("undelivered"), is_final=False)
    assert not part.apply(_state("sent"), is_final=False)
    assert part.apply(_state("undelivered"), is_final=True)
    assert (part.state, part.is_final) == ("undelivered", True)
    assert not part.apply(_state("expired"), is_final=True)
    assert part.apply(_state("delivered"), is_final=True)
