"""Who changed what, when and why: for what staff set up. Secrets are never in it."""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords


def kept(*, without: tuple[str, ...] = (), **more: Any) -> HistoricalRecords:
    """The history of a model, with a reason of any length, without these fields."""
    return HistoricalRecords(
        excluded_fields=list(without), history_change_reason_field=models.TextField(null=True), **more
    )
