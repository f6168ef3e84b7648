"""Waits for conditions, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 30.0  # how long a busy machine may take; a test that passes never waits so long
LOOK_EVERY_SECONDS = 0.02
SELDOM_SECONDS = 0.1
"""Checking a condition slows the process that it depends on, so a long wait checks less and less often."""


def eventually(condition: Callable[[], T], timeout: float = PATIENCE_SECONDS, *, because: str = "") -> T:
    """The condition's first true value. AssertionErrors inside count as "not yet"; raises AssertionError in the end."""
    begun = time.monotonic()
    end = begun + timeout
    while True:
        last: object = None
        try:
            value = condition()
            if value:
                return value
            last = value
        except AssertionError as error:
            last = error
        now = time.monotonic()
        if now >= end:
            raise AssertionError(f"not within {timeout:g} s: {because or 'the condition'}; last seen: {last!r}")
        time.sleep(min(max((now - begun) / 20, LOOK_EVERY_SECONDS), SELDOM_SECONDS))
