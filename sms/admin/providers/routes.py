"""Routes: the providers for each number prefix, in order."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common.base import RowsInline
from sms.admin.common.bulk_links import offer_to_move
from sms.admin.common.filters import ClientFilter, listed, yes_no
from sms.admin.common.history import HistoriedAdmin
from sms.admin.common.phone_numbers import NumberStartField, TypedNumbers, searched_start
from sms.models import Provider, Route, RouteProvider

KINDS = {None: _("both"), True: "OTP", False: _("others")}


class StepInline(RowsInline):
    model = RouteProvider
    fields = ("position", "provider")
    min_num = 1


@admin.register(Route)
class RouteAdmin(TypedNumbers, HistoriedAdmin):
    list_display = ("prefix", "kind", "client", "order", "times", "enabled")
    list_filter = (
        ClientFilter,
        yes_no(_("enabled"), "enabled"),
        listed(_("kind"), "is_otp", lambda: [("1", "OTP"), ("0", str(_("others")))]),
    )
    search_fields = ("prefix__startswith",)
    number_fields = {"prefix": NumberStartField}
    search_help_text = _("Start of the number, such as +994")
    list_select_related = ("client",)
    list_before_template = "sms/routes_before.html"
    inlines = (StepInline,)
    fieldsets = (
        (None, {"fields": ("prefix", ("client", "is_otp"), "enabled")}),
        (_("Time to live"), {"fields": (("otp_ttl", "ttl"),)}),
        (_("Slow, silent or unsuccessful providers"), {"fields": ("share_moves",)}),
        (_("Unconfirmed messages"), {"fields": ("resend_unconfirmed_otp",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        steps = RouteProvider.objects.select_related("provider").defer("provider__credentials").order_by("position")
        return super().get_queryset(request).prefetch_related(Prefetch("steps", queryset=steps))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Messages in the queue stay where they are when the order changes."""
        before = self._order_of(form.instance)
        super().save_related(request, form, formsets, change)
        after = self._order_of(form.instance)
        if change and before and before != after:
            left = [provider for provider in before if not after or provider != after[0]]
            offer_to_move(request, left, **({"target": after[0].pk} if after else {}))

    def _order_of(self, route: Route) -> list[Provider]:
        steps = RouteProvider.objects.filter(route=route).select_related("provider").order_by("position")
        return [step.provider for step in steps.defer("provider__credentials")]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        start = searched_start(request, search_term)
        return (
            queryset.filter(prefix__startswith=start) if start else queryset.none()
        ) if search_term.strip() else queryset, False

    @display(description=_("kind"))
    def kind(self, route: Route) -> str:
        return str(KINDS[route.is_otp])

    @display(description=_("providers, in order"))
    def order(self, route: Route) -> str:
        return " → ".join(step.provider.slug for step in route.steps.all()) or "—"

    @display(description=_("time to live: OTP, others"))
    def times(self, route: Route) -> str:
        return f"{route.otp_ttl} s, {route.ttl} s"
