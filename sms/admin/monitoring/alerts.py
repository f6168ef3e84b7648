"""Alerts and the workers' heartbeats."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from sms.admin.common import labels
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.dialogs import ReasonForm, dialog_action, has_permission
from sms.admin.common.filters import ListedFilter, ProviderFilter, listed
from sms.models import Alert, Dispatcher
from sms.services.database import clock
from sms.services.monitoring import alerts

from . import outage_card


class OpenFilter(ListedFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", str(_("Open"))), ("closed", str(_("Closed")))]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(closed_at__isnull=value == "open")


LENGTHS = [
    ("15", _("15 minutes")),
    ("60", _("1 hour")),
    ("240", _("4 hours")),
    ("1440", _("1 day")),
    ("0", _("End the silence")),
]


class SilenceForm(ReasonForm):
    minutes = forms.ChoiceField(label=_("For how long?"), choices=LENGTHS, widget=UnfoldAdminSelectWidget)
    field_order = ("minutes", "reason")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    change_form_outer_before_template = "sms/alert_before.html"
    list_display = ("shown_severity", "shown_title", "shown_advice", "opened_at", "handling", "closed_at")
    list_display_links = ("shown_title",)
    list_filter = (
        OpenFilter,
        listed(_("severity"), "severity", lambda: [("warning", _("warning")), ("critical", _("critical"))]),
        ProviderFilter,
    )
    search_fields = ("key__startswith",)
    fields = (
        ("severity", "shown_title"),
        "shown_advice",
        "key",
        ("opened_at", "closed_at"),
        ("acknowledged_at", "acknowledged_by"),
        ("silenced_until", "silenced_by"),
    )
    readonly_fields = ("shown_title", "shown_advice")
    actions_detail = ("acknowledge", "silence", "close")

    shown_title = labels.translated_field("title")
    shown_advice = labels.translated_field("advice")

    has_close_alert_permission = has_permission("sms.close_alert")
    has_acknowledge_alert_permission = has_permission("sms.acknowledge_alert")

    def page_of(self, object_id: str) -> str:
        return reverse("admin:sms_alert_change", args=(object_id,))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only for an open alert; those that close by themselves are not closed manually."""
        alert = self.get_object(request, str(object_id))
        if alert is None or alert.closed_at is not None:
            return []
        possible = {"sms_alert_silence"}
        possible |= set() if alert.acknowledged_at else {"sms_alert_acknowledge"}
        possible |= {"sms_alert_close"} if alert.key.startswith(alerts.CLOSED_BY_HAND) else set()
        return [each for each in super().get_actions_detail(request, object_id) if each.action_name in possible]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        alert = self.get_object(request, object_id)
        is_shown = alert is not None and alert.closed_at is None and request.user.has_perm("sms.view_message")
        card = outage_card.of_alert(request, alert) if is_shown else None
        return super().change_view(request, object_id, form_url, {"outage": card})

    @dialog_action(
        title=_("Acknowledge this alert?"),
        description=_("Your colleagues see that you work on it. It stays open until its cause has ended."),
        button=_("Acknowledge"),
        permission="acknowledge_alert",
        form=BaseDialogForm,
        icon="person_check",
    )
    def acknowledge(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        alert = self.get_object(request, object_id)
        alerts.acknowledge(alert.pk if alert else 0, actor=request.user.get_username())
        self.log_change(request, alert, "Acknowledged.")
        return str(_("You have acknowledged the alert."))

    @dialog_action(
        title=_("Silence this alert?"),
        description=_("No e-mail and no webhook call until then, also if the alert closes and opens again."),
        button=_("Silence"),
        permission="acknowledge_alert",
        form=SilenceForm,
        icon="notifications_paused",
    )
    def silence(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        """Store the reason in the alert's history."""
        alert = self.get_object(request, object_id)
        length = timedelta(minutes=int(form.cleaned_data["minutes"]))
        until = alerts.silence(alert.pk if alert else 0, length, actor=request.user.get_username())
        self.log_change(request, alert, f"Silenced until {until:%Y-%m-%d %H:%M} UTC: {form.cleaned_data['reason']}")
        return (
            _("Silenced until %(time)s.") % {"time": f"{localtime(until):%Y-%m-%d %H:%M}"}
            if length
            else str(_("The silence is over."))
        )

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

    @display(description=_("handled by"))
    def handling(self, alert: Alert) -> str:
        silenced = alert.silenced_until and alert.silenced_until > clock.now()
        until = (
            _("silenced until %(time)s") % {"time": f"{localtime(alert.silenced_until):%m-%d %H:%M}"}
            if silenced
            else ""
        )
        return ", ".join(filter(None, (alert.acknowledged_by, until)))

    @display(description=_("severity"), label=labels.SEVERITY)
    def shown_severity(self, alert: Alert) -> str:
        return alert.severity


@admin.register(Dispatcher)
class DispatcherAdmin(ReadOnlyAdmin):
    list_display = ("host", "pid", "slots", "in_flight", "started_at", "seen_at", "stopped_at")
    search_fields = ("host__startswith",)
