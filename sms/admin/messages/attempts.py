"""Attempts, delivery reports and raw callbacks, each as a list of its own."""

from __future__ import annotations

import contextlib
import uuid

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from providers.base import Failure
from providers.marking import N_
from sms.admin.common import labels, privacy
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.filters import PeriodFilter, ProviderFilter, listed, yes_no
from sms.domain.lifecycle import Outcome, ReportState
from sms.domain.text import masked_digits
from sms.models import Attempt, Callback, DeliveryReport, Message
from sms.services.queue.echoes import echo_of
from sms.translation import translated

MOST_ATTEMPTS = 100
"""The most attempts of one vendor's id. Two vendors may use the same id; more are unlikely."""


def _values(words: type) -> list[tuple[str, str]]:
    return [(word.value, translated(word.value)) for word in words]  # type: ignore[attr-defined]


class OfProvider(ReadOnlyAdmin):
    """Rows of a provider, of which only the slug is read."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("provider").defer("provider__credentials")

    @display(description=_("provider"))
    def provider_slug(self, row: Attempt | DeliveryReport | Callback) -> str:
        return row.provider.slug


class OfMessage(OfProvider):
    """Rows with a vendor's id, which may contain the message's number."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        unread = (f"message__{name}" for name in ("text", "raw_text", "parameters", "decision"))
        return super().get_queryset(request).select_related("message").defer("provider__credentials", *unread)

    @display(description=_("vendor's id"))
    def shown_vendor_id(self, row: Attempt | DeliveryReport) -> str:
        return privacy.vendor_id(row.vendor_message_id, row.message)


@admin.register(Attempt)
class AttemptAdmin(OfMessage):
    list_display = (
        "shown_outcome",
        "provider_slug",
        "failure",
        "code",
        "shown_detail",
        "shown_vendor_id",
        "started_at",
    )
    list_filter = (
        listed(_("outcome"), "outcome", lambda: _values(Outcome)),
        listed(_("failure"), "failure", lambda: _values(Failure)),
        PeriodFilter,
        ProviderFilter,
    )
    search_fields = ("vendor_message_id__exact",)
    search_help_text = _("Vendor's id, exact")
    ordering = ("-id",)
    fields = (
        ("shown_outcome", "failure", "code"),
        "shown_detail",
        ("message", "number", "provider_slug"),
        ("shown_vendor_id", "http_status", "reported"),
        ("started_at", "finished_at"),
    )
    readonly_fields = ("shown_detail", "shown_outcome", "provider_slug", "shown_vendor_id")

    shown_detail = labels.translated_field("detail")

    @display(description=_("outcome"), label=labels.OUTCOME)
    def shown_outcome(self, attempt: Attempt) -> str:
        return attempt.outcome or N_("in flight")


@admin.register(DeliveryReport)
class DeliveryReportAdmin(OfMessage):
    list_display = (
        "shown_status",
        "provider_slug",
        "code",
        "shown_detail",
        "shown_vendor_id",
        "applied",
        "received_at",
    )
    list_filter = (
        listed(_("status"), "status", lambda: _values(ReportState)),
        yes_no(_("applied"), "applied"),
        yes_no(_("waiting for an attempt"), "is_waiting", yes_has_index=True),
        ProviderFilter,
    )
    search_fields = ("vendor_message_id__exact",)
    search_help_text = _("Vendor's id or attempt id, exact")
    ordering = ("-id",)
    fields = (
        ("shown_status", "state", "is_final", "left"),
        ("code", "failure"),
        "shown_detail",
        ("part", "parts", "price", "vendor_at"),
        ("provider_slug", "message", "attempt"),
        ("shown_vendor_id", "shown_reference"),
        ("applied", "shown_reason"),
        ("is_poll", "received_at"),
    )
    readonly_fields = (
        "shown_detail",
        "shown_reason",
        "shown_status",
        "provider_slug",
        "shown_vendor_id",
        "shown_reference",
    )

    shown_detail = labels.translated_field("detail")
    shown_reason = labels.translated_field("reason")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Search through the indexed attempts: a report's id is indexed only while it waits for an attempt."""
        term = search_term.strip()
        if not term:
            return queryset, False
        attempts = list(Attempt.objects.filter(vendor_message_id=term).values_list("pk", flat=True)[:MOST_ATTEMPTS])
        with contextlib.suppress(ValueError):
            attempts.append(uuid.UUID(term))
        return queryset.filter(Q(attempt__in=attempts) | Q(is_waiting=True, vendor_message_id=term)), False

    @display(description=_("reference"))
    def shown_reference(self, report: DeliveryReport) -> str:
        return privacy.vendor_id(report.reference, report.message)

    @display(description=_("status"), label=labels.REPORT)
    def shown_status(self, report: DeliveryReport) -> str:
        return report.status


@admin.register(Callback)
class CallbackAdmin(OfProvider):
    list_display = ("provider_slug", "method", "source", "count", "shown_note", "received_at", "read_at")
    list_filter = (ProviderFilter,)
    fields = (
        ("provider_slug", "attempt"),
        ("method", "content_type", "content_encoding", "source"),
        ("count", "received_at", "last_received_at"),
        ("read_at", "shown_note"),
        "shown_query",
        "shown_headers",
        "shown_body",
    )
    readonly_fields = ("shown_note", "provider_slug", "shown_query", "shown_headers", "shown_body")

    shown_note = labels.translated_field("note")

    @display(description=_("query"))
    def shown_query(self, callback: Callback) -> str:
        return _readable(callback.query, callback)

    @display(description=_("headers"))
    def shown_headers(self, callback: Callback) -> str:
        return _readable(callback.headers.encode(), callback)

    @display(description=_("body"))
    def shown_body(self, callback: Callback) -> str:
        return _readable(callback.body, callback)


def _readable(raw: bytes | memoryview | None, callback: Callback) -> str:
    """A body may repeat a message's text and number. While no message is known, any digits may be a code."""
    text = "" if raw is None else bytes(raw).decode("utf-8", "backslashreplace")
    about = Q(attempts=callback.attempt_id) if callback.attempt_id else Q(reports__callback=callback)
    messages = list(Message.objects.filter(about).distinct()) if text else []
    for message in messages:
        text = echo_of(message).hide(text)
    return text if messages else masked_digits(text)
