"""How many calls an inbound address takes a minute, in one process: a flood never reaches the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

from sms.domain.codes import refuse

SECONDS = 60


class CallRate:
    """Counts the calls of each gateway and provider in the present minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[Hashable, int] = {}

    def take(self, key: Hashable, most: int) -> None:
        """Count one call. Raises Refusal (rate_limited) past `most` a minute."""
        now = time.time()
        with self._lock:
            if self._minute != (minute := int(now) // SECONDS):
                self._minute, self._counts = minute, {}
            count = self._counts[key] = self._counts.get(key, 0) + 1
        if count > most:
            message = f"More than {most:,} calls a minute at this address."
            raise refuse("rate_limited", message=message, retry_after=SECONDS - int(now) % SECONDS)

    def reset(self) -> None:
        self._counts = {}


call_rate = CallRate()
"""This process's."""
