"""The retention periods: those that staff have set in the admin, else the RETENTION_* settings."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings

from . import snapshot, stored_periods
from .stored_periods import StoredPeriods


class Periods(NamedTuple):
    """Days after which texts, raw exchanges and rows are erased."""

    text: int
    raw: int
    row: int


def of_environment() -> Periods:
    return Periods(settings.RETENTION_TEXT_DAYS, settings.RETENTION_RAW_DAYS, settings.RETENTION_ROW_DAYS)


def current() -> Periods:
    """The periods that hold now: those of the process's snapshot, if it has one.

    It builds none: in the transaction of a change, that would have what is not committed.
    """
    known = snapshot.cached()
    return with_defaults(known.periods) if known else latest()


def latest() -> Periods:
    """The periods that are stored now. One query."""
    return with_defaults(stored_periods.read())


def with_defaults(stored: StoredPeriods) -> Periods:
    return Periods(*(own or other for own, other in zip(stored, of_environment(), strict=True)))
