"""How many of a worker's slots one provider may hold, so that a slow one leaves some to the others.

A provider may hold all of them while its calls end within a second. Once one takes longer, it may hold half of them, or
twice the calls that it completed in the last second if those are more. So one that hangs does not keep the worker
full; what begins within its first second may fill it once.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable

_SECONDS = 1.0
_TIMES = 2


class ProviderSlots:
    """The calls of one worker by provider: when those in flight began, and when the last ones ended."""

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._clock = clock
        self._in_flight: dict[int, dict[uuid.UUID, float]] = {}
        self._ended: dict[int, deque[float]] = {}

    def begin(self, provider: int, attempt: uuid.UUID) -> None:
        self._in_flight.setdefault(provider, {})[attempt] = self._clock()

    def end(self, provider: int, attempt: uuid.UUID) -> None:
        self._in_flight.get(provider, {}).pop(attempt, None)
        self._ended.setdefault(provider, deque(maxlen=self._slots)).append(self._clock())

    def free(self, provider: int) -> int:
        """How many more calls to this provider may begin."""
        since = self._clock() - _SECONDS
        begun = self._in_flight.get(provider, {})
        if next(iter(begun.values()), since) >= since:
            return self._slots
        completed = sum(at > since for at in self._ended.get(provider, ()))
        return max(1, self._slots // 2, _TIMES * completed) - len(begun)
