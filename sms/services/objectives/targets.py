"""Reads the objectives that staff set up."""

from __future__ import annotations

from sms.domain.quality.objectives import Measure, ObjectiveFacts
from sms.models import Objective


def read_objectives() -> list[ObjectiveFacts]:
    return [_facts(row) for row in Objective.objects.all()]


def _facts(row: Objective) -> ObjectiveFacts:
    percents = {measure: getattr(row, f"{measure}_percent") for measure in Measure}
    seconds = {Measure.ANSWER: row.answer_seconds, Measure.RECEIPT: row.receipt_seconds}
    return ObjectiveFacts(
        row.provider_id,
        row.country,
        row.is_otp,
        {measure: value for measure, value in percents.items() if value is not None},
        {measure: value for measure, value in seconds.items() if value is not None},
    )
