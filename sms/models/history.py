"""The change history of the configuration: who changed what, when and why. It contains no secrets."""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords


def change_history(*, without: tuple[str, ...] = (), **more: Any) -> HistoricalRecords:
    """The history of a model, with a reason of any length and without the fields of `without`."""
    return HistoricalRecords(
        excluded_fields=list(without), history_change_reason_field=models.TextField(null=True), **more
    )
