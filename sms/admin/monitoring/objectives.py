"""Objectives: what share of a provider's messages must go well."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common.filters import listed
from sms.admin.common.history import HistoriedAdmin
from sms.domain.quality.objectives import DEFAULTS, Measure
from sms.models import Objective


def _defaults() -> Any:
    otp, other = DEFAULTS[True], DEFAULTS[False]
    answer, receipt = otp[Measure.ANSWER], otp[Measure.RECEIPT]
    return _(
        "Without objectives: %(answer)g %% of OTPs are answered by the vendor within %(answer_seconds)s s; "
        "%(receipt)g %% of final delivery reports come within %(receipt_seconds)s s, of other messages within "
        "%(other_seconds)s s; %(success)g %% of calls are successful. Of several objectives the one with a provider "
        "counts most, then the one with a country, then the one with a kind."
    ) % {
        "answer": answer.percent,
        "answer_seconds": answer.seconds,
        "receipt": receipt.percent,
        "receipt_seconds": receipt.seconds,
        "other_seconds": other[Measure.RECEIPT].seconds,
        "success": otp[Measure.SUCCESS].percent,
    }


@admin.register(Objective)
class ObjectiveAdmin(HistoriedAdmin):
    list_display = ("subject", "answer", "receipt", "success")
    list_filter = (listed(_("kind"), "is_otp", lambda: [("1", "OTP"), ("0", str(_("others")))]),)
    list_select_related = ("provider",)
    fieldsets = (
        (None, {"fields": ("provider", ("country", "is_otp")), "description": lazy(_defaults, str)()}),
        (_("The vendor's answer"), {"fields": (("answer_percent", "answer_seconds"),)}),
        (_("Delivery reports"), {"fields": (("receipt_percent", "receipt_seconds"),)}),
        (_("Success"), {"fields": ("success_percent",)}),
    )

    @display(description=_("for"))
    def subject(self, objective: Objective) -> str:
        return str(objective)

    @display(description=_("answered in time"))
    def answer(self, objective: Objective) -> str:
        return _shown(objective.answer_percent, objective.answer_seconds)

    @display(description=_("reported in time"))
    def receipt(self, objective: Objective) -> str:
        return _shown(objective.receipt_percent, objective.receipt_seconds)

    @display(description=_("successful"))
    def success(self, objective: Objective) -> str:
        return _shown(objective.success_percent, None)


def _shown(percent: float | None, seconds: int | None) -> str:
    if percent == 0:
        return str(_("not measured"))
    shares = [f"{percent:g} %"] if percent is not None else []
    return ", ".join(shares + ([f"{seconds} s"] if seconds is not None else [])) or "—"
