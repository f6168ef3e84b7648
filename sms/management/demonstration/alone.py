"""Allows one demonstration at a time in a checkout: two would use the same data and simulator addresses."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The operating system releases it when the process ends. Raises CommandError."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("The demonstration runs already in this folder; Ctrl-C ends it there.") from None
        yield
