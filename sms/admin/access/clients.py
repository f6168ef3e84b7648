"""Clients of the API. Their secrets are generated, shown once, and stored as digests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from sms.admin.common.filters import listed, yes_no
from sms.admin.common.history import HistoriedAdmin
from sms.models import ApiClient, OnNoTemplate
from sms.services.database.clock import now


class RotateForm(BaseDialogForm):
    hours = forms.IntegerField(
        label=_("Hours for which the old secret stays valid"),
        min_value=0,
        max_value=24 * 30,
        initial=24,
        widget=UnfoldAdminIntegerFieldWidget,
    )


class ApiClientForm(forms.ModelForm):
    def clean_country_limits(self) -> dict[str, int]:
        return self.cleaned_data["country_limits"] or {}


@admin.register(ApiClient)
class ApiClientAdmin(HistoriedAdmin):
    form = ApiClientForm
    list_display = ("username", "enabled", "sender_names", "rate_limit", "daily_budget", "on_no_template", "rotation")
    list_filter = (
        yes_no(_("enabled"), "enabled"),
        listed(_("if no template matches"), "on_no_template", lambda: list(OnNoTemplate.choices)),
    )
    search_fields = ("username__startswith",)
    actions_detail = ("rotate",)
    fieldsets = (
        (None, {"fields": ("username", "enabled", "read_messages")}),
        (_("Senders"), {"fields": ("all_senders", "senders")}),
        (_("Texts"), {"fields": (("newline_escape", "on_no_template"),)}),
        (
            _("Limits"),
            {
                "fields": (
                    ("rate_limit", "daily_budget"),
                    ("otp_per_number", "otp_per_range"),
                    ("slot_share", "country_limits"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("senders")

    @display(description=_("senders"))
    def sender_names(self, client: ApiClient) -> str:
        return str(_("all")) if client.all_senders else ", ".join(s.name for s in client.senders.all())

    @display(description=_("old secret valid until"))
    def rotation(self, client: ApiClient) -> Any:
        return client.previous_valid_until or ""

    def save_model(self, request: HttpRequest, obj: ApiClient, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.shown_once = obj.generate_secret()
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiClient, post_url_continue: str | None = None) -> HttpResponse:
        """Show the new secret in the response itself, so that no cookie, session or log contains it."""
        context = {"client": obj, "secret": obj.shown_once, "title": _("The client's secret"), "opts": self.opts}
        return TemplateResponse(
            request, "sms/secret.html", {**self.admin_site.each_context(request), **context}, headers=NO_STORE
        )

    @action(
        description=_("New secret"),
        icon="key",
        permissions=["change"],
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Create a new secret for this client?"),
            "description": _(
                "Both secrets are valid until the old one expires, so the client can change without an interruption."
            ),
            "form_class": RotateForm,
            "form_submit_text": _("Create secret"),
        },
    )
    def rotate(self, request: HttpRequest, form: RotateForm, object_id: str) -> HttpResponse:
        client = ApiClient.objects.get(pk=object_id)
        until = now() + timedelta(hours=form.cleaned_data["hours"])
        secret = client.rotate_secret(previous_valid_until=until)
        client._change_reason = f"New secret; the old one is valid until {until:%Y-%m-%d %H:%M} UTC."
        client.save(update_fields=["secret_digest", "previous_digest", "previous_valid_until"])
        self.log_change(request, client, client._change_reason)
        context = {"client": client, "secret": secret, "until": until}
        return TemplateResponse(request, "sms/secret_dialog.html", context, headers={**NO_STORE, **IN_DIALOG})


NO_STORE = {"Cache-Control": "no-store"}
IN_DIALOG = {"HX-Retarget": "#modal-content", "HX-Reselect": "#dialog", "HX-Reswap": "innerHTML"}
"""Replaces the dialog's form with the response."""
