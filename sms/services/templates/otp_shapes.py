"""Masked texts of accepted one-time passwords: counted in this process, written every half minute.

An edit of a template is replayed on them, because the texts themselves are erased once they are sent. They are
statistics: what a process has counted since its last write is lost if it is killed.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from datetime import datetime

import structlog
from django.db import DatabaseError, connection

from sms.domain.masking import example_of, masked_text
from sms.domain.routing import Candidate
from sms.models import HourlyOtpShape
from sms.services.configuration.snapshot import Snapshot
from sms.services.database import clock

log = structlog.get_logger(__name__)

WRITE_SECONDS = 30.0
MOST_SHAPES = 500
"""How many different masked texts a process keeps between two writes; further ones are not counted."""
MOST_READ = 5000
_ADD = """
INSERT INTO sms_hourlyotpshape (hour, digest, shape, count) VALUES (%s, %s, %s, %s)
ON CONFLICT (hour, digest) DO UPDATE SET count = sms_hourlyotpshape.count + excluded.count
"""


class ShapeCounter:
    """What this process has counted and not written yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._begun_at: float | None = None

    def add(self, shape: str) -> bool:
        """Count one; True if it is time to write."""
        with self._lock:
            if shape in self._counts or len(self._counts) < MOST_SHAPES:
                self._counts[shape] += 1
            if self._begun_at is None:
                self._begun_at = time.monotonic()
            return time.monotonic() - self._begun_at >= WRITE_SECONDS

    def take(self) -> Counter[str]:
        with self._lock:
            counts, self._counts, self._begun_at = self._counts, Counter(), None
        return counts


_counter = ShapeCounter()


def record(now: Snapshot, candidate: Candidate | None) -> None:
    """Count an accepted OTP that matched a template. Free text is not counted, because any word may be the code."""
    if candidate is None or candidate.approval is None or candidate.values is None:
        return
    approved = now.template_sets.get(candidate.provider)
    template = approved.templates.get(candidate.approval) if approved else None
    if template is not None and _counter.add(masked_text(template.registered, template.order, candidate.values)):
        write()


def write() -> None:
    """Store the counts. A database error must not fail the request, which is already accepted."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    rows = [
        (connection.ops.adapt_datetimefield_value(hour), hashlib.sha256(shape.encode()).hexdigest(), shape, count)
        for shape, count in sorted(_counter.take().items())
    ]
    try:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, rows)
    except DatabaseError as error:
        log.warning("otp_shapes.lost", count=len(rows), error=type(error).__name__)


def recent(since: datetime) -> Counter[str]:
    """The masked texts counted since then, with their counts: `#` for digits, `a` and `A` for letters."""
    counts: Counter[str] = Counter()
    rows = HourlyOtpShape.objects.filter(hour__gte=since).values_list("shape", "count")
    for shape, count in rows[:MOST_READ]:
        counts[example_of(shape)] += count
    return counts
