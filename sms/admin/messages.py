"""Messages: staff look, search and filter; nobody edits one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.domain.lifecycle import Status
from sms.models import Message

from . import labels, message_page, privacy
from .base import LookOnlyAdmin
from .filters import ClientFilter, PeriodFilter, ProviderFilter, listed, yes_no
from .message_actions import MessageActions
from .message_search import found_by

StatusFilter = listed(_("status"), "status", lambda: [(s.value, s.value) for s in Status])


@admin.register(Message)
class MessageAdmin(MessageActions, LookOnlyAdmin):
    change_form_template = "desk/message.html"
    list_display = ("shown_status", "shown_to", "sender", "template", "provider_slug", "code", "created_at", "kind")
    list_display_links = ("shown_status", "shown_to")
    list_filter = (
        StatusFilter,
        PeriodFilter,
        ProviderFilter,
        ClientFilter,
        yes_no(_("one-time password"), "is_otp"),
        yes_no(_("test"), "is_test"),
    )
    search_fields = ("id",)
    search_help_text = _("Number, request id, message id or vendor's id")
    fields = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        joined = super().get_queryset(request).select_related("provider", "client", "template_version__template")
        return joined.defer("provider__credentials", "provider__options")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        light = queryset.defer(
            "raw_text", "text", "decision", "parameters", "provider__credentials", "provider__options"
        )
        return (found_by(light, search_term) if search_term.strip() else light), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        if message is None or not self.has_view_permission(request, message):
            return super().change_view(request, object_id, form_url, extra_context)
        return super().change_view(request, object_id, form_url, message_page.context(message))

    @display(description=_("status"), label=labels.STATUS)
    def shown_status(self, message: Message) -> str:
        return message.status

    @display(description=_("to"))
    def shown_to(self, message: Message) -> str:
        return privacy.number(message.to, message)

    @display(description=_("provider"))
    def provider_slug(self, message: Message) -> str:
        return message.provider.slug if message.provider else ""

    @display(description=_("template"))
    def template(self, message: Message) -> str:
        return message.template_version.template.name if message.template_version else ""

    @display(description=_("kind"), label=True)
    def kind(self, message: Message) -> str:
        return "test" if message.is_test else "OTP" if message.is_otp else ""
