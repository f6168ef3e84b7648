"""A worker's heartbeat: the row by which alerts and the admin know that the worker runs."""

from __future__ import annotations

import os
import platform

from sms.models import Dispatcher
from sms.services.database import clock
from sms.services.dispatch import rescue


class Heartbeat:
    """The heartbeat of one process. Its first beat inserts the row."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._row: Dispatcher | None = None

    def beat(self, in_flight: int) -> None:
        """Record that this worker runs, and how many calls it has in flight."""
        if self._row is None or self._row.pid != os.getpid():  # a forked process is a worker of its own
            now, host = clock.now(), platform.node()[:100]
            self._row = Dispatcher(
                id=clock.new_id(), host=host, pid=os.getpid(), slots=self._slots, started_at=now, seen_at=now
            )
        rescue.beat(self._row, in_flight)

    def mark_stopped(self) -> None:
        if self._row is not None:
            Dispatcher.objects.filter(pk=self._row.pk).update(stopped_at=clock.now())
