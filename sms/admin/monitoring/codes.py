"""The page of codes: with which codes messages ended at each provider, by day."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.filters import provider_choices
from sms.admin.common.page import page, require_permission
from sms.services.database import clock
from sms.services.monitoring import dashboard


@require_permission("sms.view_message")
def show(request: HttpRequest) -> HttpResponse:
    choices = dict(provider_choices())
    chosen = request.GET.get("provider", "")
    provider = int(chosen) if chosen in choices else None
    days, lines = dashboard.codes_by_day(clock.now().date(), provider=provider)
    most = dashboard.MOST_LINES if len(lines) == dashboard.MOST_LINES else None
    context = {"days": days, "lines": lines, "most": most, "chosen": chosen, "choices": choices.items()}
    return page(request, "codes_by_day", _("Codes by day"), **context)
