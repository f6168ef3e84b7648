"""The state of a message whose parts are reported one by one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from providers.base import MessageState

from .lifecycle import BAD_REPORTS, rises

MOST_PARTS = 255
"""What a part's header can count (3GPP TS 23.040)."""


@dataclass(slots=True)
class PartState:
    """What was reported of one part so far; the message has `count` parts."""

    count: int
    state: MessageState = MessageState.UNKNOWN
    is_final: bool = False

    def apply(self, state: MessageState, *, is_final: bool) -> bool:
        """Apply a report on this part. False if it says no more than an earlier one."""
        if not rises(self.state, state) and (self.is_final or not is_final):
            return False
        if rises(self.state, state):
            self.state = state
        self.is_final = is_final
        return True


def whole_state(parts: Collection[PartState]) -> tuple[MessageState, bool]:
    """The message's state and whether it is final, from the parts that are known.

    Delivered when all parts are, undelivered when one finally is. In between it is on its way.
    """
    states = {part.state for part in parts}
    failed = next((part.state for part in parts if part.is_final and part.state in BAD_REPORTS), None)
    if failed is not None:
        return failed, True
    if states == {MessageState.DELIVERED} and len(parts) >= max(part.count for part in parts):
        return MessageState.DELIVERED, True
    if states - {MessageState.ACCEPTED, MessageState.UNKNOWN}:
        return MessageState.SENT, False
    return (MessageState.ACCEPTED if MessageState.ACCEPTED in states else MessageState.UNKNOWN), False


def is_possible(part: tuple[int, int]) -> bool:
    number, count = part
    return 1 <= number <= count <= MOST_PARTS
