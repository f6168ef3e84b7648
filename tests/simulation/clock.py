"""The simulation's clock: every clock that the product reads, moved by the scheduler alone."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from unittest import mock

import providers.connection
import providers.wire
from sms.domain.ids import uuid7
from sms.services.database import clock as database_clock

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Clock:
    """Seconds since the start. `offset` is the time that the call at hand has taken so far, in its own thread."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.seconds = 1000.0
        self.offset = 0.0

    def monotonic(self) -> float:
        return self.seconds + self.offset

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def time(self) -> float:
        return self.now().timestamp()

    def new_id(self) -> uuid.UUID:
        """As the product makes ids, from the seed; the low bits of the time are random, too."""
        return uuid7(int(self.time() * 1000), self.random.getrandbits(74))

    def sleep(self, seconds: float) -> None:
        """A pause of a dispatcher after an error. The others go on: see Scheduler."""

    @contextmanager
    def installed(self) -> Iterator[None]:
        with ExitStack() as stack:
            for name in ("monotonic", "time", "sleep"):
                stack.enter_context(mock.patch.object(time, name, getattr(self, name)))
            for name in ("now", "new_id"):
                stack.enter_context(mock.patch.object(database_clock, name, getattr(self, name)))
            for module in (providers.connection, providers.wire):
                stack.enter_context(mock.patch.object(module, "monotonic", self.monotonic))
            yield
