"""Alerts and the workers' heartbeats."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.models import Alert, Dispatcher

from . import labels
from .base import LookOnlyAdmin
from .filters import ListedFilter, ProviderFilter, listed


class OpenFilter(ListedFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", str(_("Open"))), ("closed", str(_("Closed")))]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(closed_at__isnull=value == "open")


@admin.register(Alert)
class AlertAdmin(LookOnlyAdmin):
    list_display = ("shown_severity", "title", "advice", "opened_at", "closed_at")
    list_display_links = ("title",)
    list_filter = (
        OpenFilter,
        listed(_("severity"), "severity", lambda: [("warning", "warning"), ("critical", "critical")]),
        ProviderFilter,
    )
    search_fields = ("key__startswith",)
    fields = (("shown_severity", "title"), "advice", "key", ("opened_at", "closed_at"))
    readonly_fields = ("shown_severity",)

    @display(description=_("severity"), label=labels.SEVERITY)
    def shown_severity(self, alert: Alert) -> str:
        return alert.severity


@admin.register(Dispatcher)
class DispatcherAdmin(LookOnlyAdmin):
    list_display = ("host", "pid", "slots", "in_flight", "started_at", "seen_at", "stopped_at")
    search_fields = ("host__startswith",)
