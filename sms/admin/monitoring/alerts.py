"""Alerts and the workers' heartbeats."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import BaseDialogForm

from sms.admin.common import labels
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.dialogs import dialog_action, has_permission
from sms.admin.common.filters import ListedFilter, ProviderFilter, listed
from sms.models import Alert, Dispatcher
from sms.services.monitoring import alerts


class OpenFilter(ListedFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", str(_("Open"))), ("closed", str(_("Closed")))]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(closed_at__isnull=value == "open")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
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
    actions_detail = ("close",)

    has_close_alert_permission = has_permission("sms.close_alert")

    def page_of(self, object_id: str) -> str:
        return reverse("admin:sms_alert_change", args=(object_id,))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only for an open alert that is not closed automatically."""
        alert = self.get_object(request, str(object_id))
        is_manual = alert is not None and alert.closed_at is None and alert.key.startswith(alerts.CLOSED_BY_HAND)
        return super().get_actions_detail(request, object_id) if is_manual else []

    @dialog_action(
        title=_("Close this alert?"),
        description=_("Close it when its cause is resolved. It opens again if the cause occurs again."),
        button=_("Close"),
        permission="close_alert",
        icon="check",
    )
    def close(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        """Store the reason in the alert's history. The log line names only the user: a reason may contain a number."""
        alert = self.get_object(request, object_id)
        alerts.close_by_hand(alert.pk if alert else 0, actor=request.user.get_username())
        self.log_change(request, alert, f"Closed manually: {form.cleaned_data['reason']}")
        return str(_("The alert is closed."))

    @display(description=_("severity"), label=labels.SEVERITY)
    def shown_severity(self, alert: Alert) -> str:
        return alert.severity


@admin.register(Dispatcher)
class DispatcherAdmin(ReadOnlyAdmin):
    list_display = ("host", "pid", "slots", "in_flight", "started_at", "seen_at", "stopped_at")
    search_fields = ("host__startswith",)
