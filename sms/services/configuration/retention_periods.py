"""The retention periods: those that staff have set in the admin, else the RETENTION_* settings."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from sms.models import RetentionPeriods


@dataclass(frozen=True, slots=True)
class Periods:
    """Days after which texts, raw exchanges and rows are erased."""

    text: int
    raw: int
    row: int


def of_environment() -> Periods:
    return Periods(settings.RETENTION_TEXT_DAYS, settings.RETENTION_RAW_DAYS, settings.RETENTION_ROW_DAYS)


def current() -> Periods:
    """The periods that hold now. One query."""
    return with_defaults(RetentionPeriods.objects.first() or RetentionPeriods())


def with_defaults(periods: RetentionPeriods) -> Periods:
    default = of_environment()
    return Periods(periods.text_days or default.text, periods.raw_days or default.raw, periods.row_days or default.row)
