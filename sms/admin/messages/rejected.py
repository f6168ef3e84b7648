"""Rejected requests, which created no message."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common import privacy
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.filters import ClientFilter, listed, yes_no
from sms.admin.common.phone_numbers import TypedNumbers
from sms.domain.codes import TABLE
from sms.models import RefusalCount, RefusedRequest


@admin.register(RefusedRequest)
class RefusedRequestAdmin(TypedNumbers, ReadOnlyAdmin):
    list_display = ("code", "shown_to", "sender", "client_name", "request_id", "shown_nearest", "created_at")
    list_filter = (
        listed(_("code"), "code", lambda: [(code.name, code.name) for code in TABLE if 400 <= code.status < 500]),
        ClientFilter,
        yes_no("OTP", "is_otp"),
    )
    search_fields = ("to__exact", "request_id__exact")
    number_search = ("to",)
    exact_search = ("request_id",)
    search_help_text = _("Number or request id, exact")
    fields = (
        ("code", "http_status", "field"),
        ("shown_to", "sender"),
        ("client_name", "request_id"),
        "shown_shape",
        "shown_nearest",
        "created_at",
    )
    readonly_fields = ("shown_to", "client_name", "shown_shape", "shown_nearest")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefusedRequest]:
        return super().get_queryset(request).select_related("client")

    @display(description=_("to"))
    def shown_to(self, refused: RefusedRequest) -> str:
        return privacy.number(refused.to)

    @display(description=_("masked text"))
    def shown_shape(self, refused: RefusedRequest) -> str:
        return privacy.shape(refused.shape)

    @display(description=_("nearest template"))
    def shown_nearest(self, refused: RefusedRequest) -> str:
        return privacy.shape(refused.nearest)

    @display(description=_("client"))
    def client_name(self, refused: RefusedRequest) -> str:
        return refused.client.username


@admin.register(RefusalCount)
class RefusalCountAdmin(ReadOnlyAdmin):
    list_display = ("client", "minute", "count")
    list_filter = (ClientFilter,)
    list_select_related = ("client",)
