"""Messages: staff look, search and filter; nobody edits one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.domain.lifecycle import Status
from sms.models import Attempt, DeliveryReport, Message, MessageEvent

from . import labels, privacy
from .base import LookOnlyAdmin, LookOnlyInline
from .filters import ClientFilter, PeriodFilter, ProviderFilter, listed, yes_no

StatusFilter = listed(_("status"), "status", lambda: [(s.value, s.value) for s in Status])


class AttemptInline(LookOnlyInline):
    model = Attempt
    fields = ("number", "provider_slug", "shown_outcome", "code", "detail", "http_status", "started_at", "finished_at")
    readonly_fields = ("provider_slug", "shown_outcome")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        return super().get_queryset(request).select_related("provider").defer("provider__credentials")

    @display(description=_("provider"))
    def provider_slug(self, attempt: Attempt) -> str:
        return attempt.provider.slug

    @display(description=_("outcome"), label=labels.OUTCOME)
    def shown_outcome(self, attempt: Attempt) -> str:
        return attempt.outcome or "in flight"


class ReportInline(LookOnlyInline):
    model = DeliveryReport
    fields = ("shown_status", "code", "detail", "received_at", "applied", "reason")
    readonly_fields = ("shown_status",)

    @display(description=_("status"), label=labels.REPORT)
    def shown_status(self, report: DeliveryReport) -> str:
        return report.status


class EventInline(LookOnlyInline):
    model = MessageEvent
    fields = ("at", "kind", "actor", "reason")


@admin.register(Message)
class MessageAdmin(LookOnlyAdmin):
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
    inlines = (AttemptInline, ReportInline, EventInline)
    fieldsets = (
        (None, {"fields": (("shown_status", "code"), "detail", "waiting_for", ("shown_to", "sender"), "shown_text")}),
        (_("Where it came from"), {"fields": (("client_name", "request_id"), ("created_at", "updated_at"), "id")}),
        (
            _("How it goes"),
            {"fields": (("provider_slug", "template"), ("encoding", "segments"), "due_at", "expires_at")},
        ),
    )
    readonly_fields = ("shown_status", "shown_to", "shown_text", "client_name", "provider_slug", "template")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        joined = super().get_queryset(request).select_related("provider", "client", "template_version__template")
        return joined.defer("raw_text", "decision", "provider__credentials", "provider__options")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return (found_by(queryset, search_term) if search_term.strip() else queryset), False

    @display(description=_("status"), label=labels.STATUS)
    def shown_status(self, message: Message) -> str:
        return message.status

    @display(description=_("to"))
    def shown_to(self, message: Message) -> str:
        return privacy.number(message.to)

    @display(description=_("text"))
    def shown_text(self, message: Message) -> str:
        return privacy.text(message)

    @display(description=_("provider"))
    def provider_slug(self, message: Message) -> str:
        return message.provider.slug if message.provider else ""

    @display(description=_("client"))
    def client_name(self, message: Message) -> str:
        return message.client.username

    @display(description=_("template"))
    def template(self, message: Message) -> str:
        return message.template_version.template.name if message.template_version else ""

    @display(description=_("kind"), label=True)
    def kind(self, message: Message) -> str:
        return "test" if message.is_test else "OTP" if message.is_otp else ""


def found_by(messages: QuerySet[Message], term: str) -> QuerySet[Message]:
    """The messages with exactly this number, request id, message id (or its start) or vendor's id: all indexed."""
    term = term.strip()
    number = term if term.startswith("+") else f"+{term}" if term.isascii() and term.isdigit() else ""
    if number and 7 <= len(number) <= 16 and (by_number := messages.filter(to=number)).exists():
        return by_number
    if bounds := id_bounds(term):
        return messages.filter(id__range=bounds)
    if (by_request := messages.filter(request_id=term)).exists():
        return by_request
    return messages.filter(id__in=Attempt.objects.filter(vendor_message_id=term).values("message_id"))


def id_bounds(term: str) -> tuple[UUID, UUID] | None:
    """The first and last id that start with these hexadecimal digits (at least eight), dashes or not."""
    digits = term.replace("-", "").lower()
    if not 8 <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
