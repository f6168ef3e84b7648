"""Providers (accounts at vendors), with a form that depends on the vendor."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from providers.base import ReportChannel
from providers.registry import SENDERS
from sms.admin.common import privacy
from sms.admin.common.addresses import RenewableAddress
from sms.admin.common.base import ReadOnly, StackInline
from sms.admin.common.bulk_links import offer_to_move
from sms.admin.common.filters import listed, yes_no
from sms.admin.common.history import HistoriedAdmin
from sms.models import Provider, ProviderState
from sms.models.provider import vendor_choices
from sms.services.database import clock
from sms.services.dispatch.circuit_breaker import close_by_hand
from sms.services.monitoring import outages
from sms.services.webhooks.urls import registered_url

from .form import fieldsets_for, form_for


class StateInline(ReadOnly, StackInline):
    """The state that the dispatchers write, read-only."""

    model = ProviderState
    verbose_name_plural = _("State")
    fields = (
        ("breaker", "breaker_failure", "breaker_code"),
        "breaker_detail",
        ("opened_at", "probe_at", "retry_at"),
        ("last_success_at", "last_error_at", "last_error_code"),
        "last_error_detail",
        ("last_test_at", "last_test_accepted"),
        "last_test_detail",
        ("first_report_at", "last_report_at"),
    )


@admin.register(Provider)
class ProviderAdmin(RenewableAddress, HistoriedAdmin):
    list_display = ("slug", "vendor_name", "health", "address", "timeout", "max_in_flight", "rate_limit")
    list_filter = (
        listed(_("vendor"), "vendor", vendor_choices),
        yes_no(_("enabled"), "enabled"),
        yes_no(_("paused"), "paused"),
    )
    search_fields = ("slug__startswith",)
    inlines = (StateInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        return super().get_queryset(request).select_related("state")

    def has_address(self, row: Provider) -> bool:
        adapter = SENDERS.get(row.vendor)
        return adapter is not None and ReportChannel.CALLBACK_REGISTERED in adapter.reports

    def get_inlines(self, request: HttpRequest, obj: Provider | None) -> tuple[type, ...]:
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Provider | None = None) -> tuple[str, ...]:
        return ("vendor", "callback_address") if obj else ()

    @display(description=_("callback address"))
    def callback_address(self, provider: Provider) -> str:
        """Only for users who may change the provider: everyone who knows the URL can send reports."""
        return (registered_url(provider) if self.has_address(provider) else None) or str(_("none to register"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = form_for(SENDERS.get(vendor_of(request, obj)), obj)
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None and "vendor" in form.base_fields:
            form.base_fields["vendor"].initial = vendor_of(request, obj)
            form.base_fields["vendor"].widget.attrs["data-admin-reload"] = "vendor"
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Provider | None = None) -> list[Any]:
        own = fieldsets_for(vendor_of(request, obj), is_new=obj is None)
        if obj and self.has_change_permission(request, obj):
            own[-1][1]["fields"].append("callback_address")
        return (
            [*own, (None, {"fields": ["change_reason"]})] if obj and self.has_change_permission(request, obj) else own
        )

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and getattr(obj, "credentials_were_changed", False):
            # New credentials close a circuit breaker that an account failure opened.
            close_by_hand(obj)
        if change and not obj.enabled and "enabled" in form.changed_data:
            offer_to_move(request, [obj])

    @display(description=_("vendor"))
    def vendor_name(self, provider: Provider) -> str:
        adapter = SENDERS.get(provider.vendor)
        return adapter.name if adapter else provider.vendor

    @display(description=_("address"))
    def address(self, provider: Provider) -> str:
        adapter = SENDERS.get(provider.vendor)
        return provider.base_url or (adapter.default_base_url if adapter else "")

    @display(description=_("state"), label=outages.HEALTHS)
    def health(self, provider: Provider) -> str:
        return outages.health_of(provider, recent_calls().get(provider.pk, outages.NO_CALLS)).name


def recent_calls() -> dict[int, outages.RecentCalls]:
    """Read once per request, for all rows of the list."""
    request = privacy.reader.get()
    if not hasattr(request, "recent_calls"):
        request.recent_calls = outages.recent_calls(clock.now())
    return request.recent_calls


def vendor_of(request: HttpRequest, provider: Provider | None) -> str:
    """The vendor whose fields the form shows: the provider's, else the selected one, else the first."""
    if provider is not None:
        return provider.vendor
    chosen = request.POST.get("vendor") or request.GET.get("vendor") or ""
    return chosen if chosen in SENDERS else next(iter(sorted(SENDERS)), "")
