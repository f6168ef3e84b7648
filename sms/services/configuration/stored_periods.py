"""The retention periods that staff have set, as they are stored."""

from __future__ import annotations

from typing import NamedTuple

from sms.models import RetentionPeriods


class StoredPeriods(NamedTuple):
    """In days. None: the setting's."""

    text_days: int | None = None
    raw_days: int | None = None
    row_days: int | None = None


NO_PERIODS = StoredPeriods()


def read() -> StoredPeriods:
    return StoredPeriods(*(RetentionPeriods.objects.values_list(*StoredPeriods._fields).first() or ()))
