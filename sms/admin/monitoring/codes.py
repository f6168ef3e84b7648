"""The page of codes: with which codes messages ended at each provider, by day."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.filters import provider_choices
from sms.admin.common.page import page, require_permission
from sms.services.database import clock
from sms.services.monitoring.dashboard import codes_by_day


@require_permission("sms.view_message")
def show(request: HttpRequest) -> HttpResponse:
    days, lines = codes_by_day(clock.now().date())
    chosen = request.GET.get("provider", "")
    shown = [line for line in lines if not chosen or str(line.provider) == chosen]
    return page(
        request, "codes_by_day", _("Codes by day"), days=days, lines=shown, chosen=chosen, choices=provider_choices()
    )
