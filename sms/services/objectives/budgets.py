"""How each objective was reached in the last 30 days, and how much of its error budget is used, for staff."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum as SumOf
from django.utils.translation import gettext as _

from sms.domain.quality.objectives import BUDGET_PERIOD, Measure, Sum, Target, targets_of
from sms.models import ObjectiveSum
from sms.services.database import clock

from .measuring import Subject
from .roll_up import HOUR
from .targets import read_objectives


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """An objective of a provider, with its figures."""

    subject: Subject
    target: Target
    sum: Sum

    @property
    def title(self) -> str:
        percent, seconds = f"{self.target.percent:g}", self.target.seconds
        if self.subject.measure is Measure.ANSWER:
            return _("%(percent)s %% answered within %(seconds)s s") % {"percent": percent, "seconds": seconds}
        if self.subject.measure is Measure.RECEIPT:
            return _("%(percent)s %% reported within %(seconds)s s") % {"percent": percent, "seconds": seconds}
        return _("%(percent)s %% successful") % {"percent": percent}

    @property
    def used(self) -> int | None:
        """Percentage of the error budget."""
        return self.sum.budget_used(self.target)

    @property
    def tone(self) -> str:
        if self.used is None:
            return ""
        return "danger" if self.used > 100 else "warning" if self.used > 50 else "success"


def budgets() -> dict[int, list[BudgetLine]]:
    """By provider; the objective with the most of its budget used is first."""
    objectives = read_objectives()
    since = clock.now() - BUDGET_PERIOD
    rows = ObjectiveSum.objects.filter(period__seconds=HOUR.total_seconds(), period__start__gte=since)
    by = rows.order_by().values_list("provider", "country", "is_otp", "measure")
    found: dict[int, list[BudgetLine]] = {}
    for provider, country, is_otp, measure, total, good in by.annotate(all=SumOf("total"), well=SumOf("good")):
        subject = Subject(provider, country, is_otp, Measure(measure))
        target = targets_of(objectives, *subject[:3])[subject.measure]
        if target.percent:
            found.setdefault(provider, []).append(BudgetLine(subject, target, Sum(total, good)))
    return {provider: sorted(lines, key=_order) for provider, lines in found.items()}


def _order(line: BudgetLine) -> tuple[int, Subject]:
    return -(-1 if line.used is None else line.used), line.subject
