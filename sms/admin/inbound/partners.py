"""Partners, their rented numbers, and the gateways that deliver the SMS to these numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from simple_history.template_utils import HistoricalRecordContextHelper
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from providers.base import Pushed
from providers.marking import N_
from providers.registry import FORWARDERS
from sms.admin.common import privacy
from sms.admin.common.addresses import RenewableAddress, is_old_valid
from sms.admin.common.base import DefaultsForm
from sms.admin.common.filters import listed, yes_no
from sms.admin.common.history import HistoriedAdmin
from sms.admin.common.phone_numbers import NumberField, TypedNumbers
from sms.admin.providers.adapter_fields import StringsField
from sms.admin.providers.form import ProviderForm, form_for, setting_fieldsets
from sms.domain.text import visible
from sms.models import InboundGateway, InboundPushAttempt, Partner, PushStatus, RentedNumber
from sms.models.partner import partner_choices
from sms.services.database import uuid_range
from sms.services.database.clock import now
from sms.services.webhooks.urls import gateway_url

RATE_OVER = timedelta(days=7)
LAST_ERRORS = 5


class PartnerForm(ProviderForm):
    """The form of a provider, with the partner's own URL."""

    def clean_url(self) -> str:
        return self.checked_address(self.cleaned_data["url"])


@admin.register(Partner)
class PartnerAdmin(HistoriedAdmin):
    list_display = ("slug", "kind", "url", "success_rate")
    list_filter = (listed(_("kind"), "vendor", partner_choices),)
    search_fields = ("slug__startswith",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        recent = Q(pushes__id__gte=uuid_range.min_id(now() - RATE_OVER))
        counts = {status.value: Count("pushes", filter=recent & Q(pushes__status=status)) for status in PushStatus}
        return super().get_queryset(request).annotate(**counts)

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> tuple[str, ...]:
        return ("vendor", "success_rate", "last_errors") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = form_for(FORWARDERS.get(kind_of(request, obj)), obj, PartnerForm)
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None and "vendor" in form.base_fields:
            form.base_fields["vendor"].initial = kind_of(request, obj)
            form.base_fields["vendor"].widget.attrs["data-admin-reload"] = "vendor"
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Partner | None = None) -> list[Any]:
        own = [(None, {"fields": ["slug", "vendor", "url"]}), *setting_fieldsets(FORWARDERS.get(kind_of(request, obj)))]
        if obj is None:
            return own
        own.insert(0, (_("Delivery"), {"fields": ["success_rate", "last_errors"]}))
        return [*own, (None, {"fields": ["change_reason"]})] if self.has_change_permission(request, obj) else own

    @display(description=_("kind"))
    def kind(self, partner: Partner) -> str:
        adapter = FORWARDERS.get(partner.vendor)
        return adapter.name if adapter else partner.vendor

    @display(description=_("delivered, 7 days"))
    def success_rate(self, partner: Partner) -> str:
        """The share of delivered forwards among the finished ones; refused forwards are not delivered."""
        delivered, refused, failed = (getattr(partner, s) for s in ("delivered", "refused", "failed"))
        over = delivered + refused + failed
        if not over:
            return str(_("no forward is finished"))
        return _("%(share)s (%(delivered)s delivered, %(refused)s refused, %(failed)s failed)") % {
            "share": f"{delivered / over:.0%}",
            "delivered": delivered,
            "refused": refused,
            "failed": failed,
        }

    @display(description=_("last errors"))
    def last_errors(self, partner: Partner) -> str:
        tries = InboundPushAttempt.objects.filter(push__partner=partner).exclude(outcome__in=["", Pushed.DELIVERED])
        rows = [
            (f"{localtime(attempt.started_at):%Y-%m-%d %H:%M:%S}", visible(attempt.code), visible(attempt.detail)[:200])
            for attempt in tries.order_by("-pk")[:LAST_ERRORS]
        ]
        return format_html_join("", "<div>{} {} {}</div>", rows) or str(_("none"))


def kind_of(request: HttpRequest, partner: Partner | None) -> str:
    """The kind whose fields the form shows: the partner's, else the selected one, else the first."""
    if partner is not None:
        return partner.vendor
    chosen = request.POST.get("vendor") or request.GET.get("vendor") or ""
    return chosen if chosen in FORWARDERS else next(iter(sorted(FORWARDERS)), "")


def _partner_slugs() -> list[tuple[str, str]]:
    return [(str(pk), slug) for pk, slug in Partner.objects.values_list("pk", "slug")]


PartnerFilter = listed(_("partner"), "partner", _partner_slugs)


class NumberHistory(HistoricalRecordContextHelper):
    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        return privacy.number(value) if change.field == "phone" else super().prepare_delta_change_value(change, value)


@admin.register(RentedNumber)
class RentedNumberAdmin(TypedNumbers, HistoriedAdmin):
    list_display = ("shown_phone", "partner_slug", "operation_id", "state", "valid_from", "valid_until")
    list_filter = (PartnerFilter, yes_no(_("active"), "active"))
    search_fields = ("phone__exact",)
    number_search = ("phone",)
    number_fields = {"phone": NumberField}
    search_help_text = _("The whole number, with its country code")
    readonly_fields = ("shown_phone",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only users who see numbers: the form of others has no field for the number."""
        return super().has_add_permission(request) and request.user.has_perm(privacy.SEE_NUMBERS)

    def get_fieldsets(self, request: HttpRequest, obj: RentedNumber | None = None) -> list[Any]:
        phone = "phone" if request.user.has_perm(privacy.SEE_NUMBERS) else "shown_phone"
        own = {"fields": [phone, "partner", "operation_id", "active", "valid_from", "valid_until"]}
        reason = [(None, {"fields": ["change_reason"]})] if obj and self.has_change_permission(request, obj) else []
        return [(None, own), *reason]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RentedNumber]:
        return super().get_queryset(request).select_related("partner").defer("partner__credentials")

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> NumberHistory:
        return NumberHistory(self.model, historical_record)

    @display(description=_("phone"))
    def shown_phone(self, number: RentedNumber) -> str:
        return privacy.number(number.phone)

    @display(description=_("partner"))
    def partner_slug(self, number: RentedNumber) -> str:
        return number.partner.slug

    @display(description=_("state"), label={"active": "success", "not active": ""})
    def state(self, number: RentedNumber) -> str:
        return N_("active") if number.is_active_at(now()) else N_("not active")


class InboundGatewayForm(DefaultsForm):
    defaults = ("repeat_seconds", "calls_per_minute")
    networks = StringsField(
        label=_("Networks"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=InboundGateway._meta.get_field("networks").help_text,
    )


@admin.register(InboundGateway)
class InboundGatewayAdmin(RenewableAddress, HistoriedAdmin):
    form = InboundGatewayForm
    list_display = ("slug", "fields", "repeat_seconds", "networks", "calls_per_minute", "created_at")
    search_fields = ("slug__startswith",)

    def get_fieldsets(self, request: HttpRequest, obj: InboundGateway | None = None) -> list[Any]:
        may_change = obj is not None and self.has_change_permission(request, obj)
        addresses = ["address", "old_address"] if may_change else []
        names = ["slug", "fields", "repeat_seconds", "networks", "calls_per_minute", *addresses]
        reason = [(None, {"fields": ["change_reason"]})] if may_change else []
        return [(None, {"fields": names}), *reason]

    def get_readonly_fields(self, request: HttpRequest, obj: InboundGateway | None = None) -> tuple[str, ...]:
        return ("address", "old_address") if obj else ()

    @display(description=_("old address"))
    def old_address(self, gateway: InboundGateway) -> str:
        until = gateway.old_address_until if is_old_valid(gateway) else None
        return str(_("valid until %(time)s UTC")) % {"time": f"{until:%Y-%m-%d %H:%M}"} if until else str(_("none"))

    @display(description=_("address"))
    def address(self, gateway: InboundGateway) -> str:
        """The URL that the gateway calls. Everyone who knows it can deliver messages."""
        return gateway_url(gateway) or str(_("PUBLIC_URL is not set."))
