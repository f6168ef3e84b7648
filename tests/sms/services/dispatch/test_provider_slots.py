"""A provider that hangs leaves slots to the others; one that answers may use them all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from sms.services.queue.provider_slots import ProviderSlots

A, B = 1, 2


class Held:
    """Slots of one worker with a clock that the test holds. It begins as many calls as it may."""

    def __init__(self, slots: int) -> None:
        self.now, self.count = 100.0, slots
        self.slots = ProviderSlots(slots, lambda: self.now)
        self.calls: list[tuple[int, uuid.UUID, float]] = []

    def begin(self, provider: int, wanted: int) -> int:
        free = min(wanted, self.slots.free(provider), self.count - len(self.calls))
        for _ in range(max(free, 0)):
            attempt = uuid.uuid4()
            self.slots.begin(provider, attempt)
            self.calls.append((provider, attempt, self.now))
        return max(free, 0)

    def end(self, took: dict[int, float]) -> None:
        for call in [call for call in self.calls if self.now - call[2] >= took[call[0]]]:
            self.calls.remove(call)
            self.slots.end(*call[:2])

    def holds(self, provider: int) -> int:
        return sum(call[0] == provider for call in self.calls)


def begin_for_two_minutes(held: Held, takes: float) -> Iterator[int]:
    """40 messages a second for a provider that takes so long: how many of four calls begin."""
    for _ in range(1200):
        held.end({A: takes})
        yield held.begin(A, 4)
        held.now += 0.1


@pytest.mark.parametrize("takes", [0.05, 0.5, 0.95])
def test_a_provider_that_answers_within_a_second_gets_every_slot_that_it_needs(takes):
    assert set(begin_for_two_minutes(Held(64), takes)) == {4}


# What begins within the first second is begun.
@pytest.mark.parametrize(("takes", "most"), [(1.5, 48), (3, 48), (20, 48), (10_000, 44)])
def test_how_many_a_slow_provider_may_hold_follows_from_its_speed(takes, most):
    held = Held(64)
    assert max(held.holds(A) for _ in begin_for_two_minutes(held, takes)) == most


def test_beside_a_provider_that_hangs_another_one_gets_its_slots():
    held, begun = Held(64), 0
    for _ in range(600):
        held.end({A: 10_000, B: 0.2})
        held.begin(A, 1)
        begun += held.begin(B, 3)
        held.now += 0.1
    assert begun == 3 * 600
    assert held.holds(A) == 32


def test_a_provider_that_answers_again_may_use_all():
    held = Held(8)
    held.begin(A, 4)
    held.now += 15
    assert held.begin(A, 8) == 0
    held.end({A: 10})
    assert held.begin(A, 8) == 8


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_a_provider_may_hold_half_of_few_slots_and_at_least_one(slots):
    held = Held(slots)
    assert held.begin(A, 1) == 1
    held.now += 2
    assert held.slots.free(A) == max(1, slots // 2) - 1
    assert held.slots.free(B) == slots
