"""Rejected requests, which created no message."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common import privacy
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.filters import ClientFilter, listed, yes_no
from sms.admin.common.phone_numbers import TypedNumbers
from sms.domain.codes import BY_NAME, TABLE
from sms.models import RefusalCount, RefusedRequest, SenderName

from .rejection_remedies import NOTHING, REMEDIES, StaffRemedy


@admin.register(RefusedRequest)
class RefusedRequestAdmin(TypedNumbers, ReadOnlyAdmin):
    change_form_outer_before_template = "sms/rejected_before.html"
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
        ("shown_to", "sender"),
        ("client_name", "request_id"),
        "shown_shape",
        "created_at",
    )
    readonly_fields = ("shown_to", "client_name", "shown_shape")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefusedRequest]:
        return super().get_queryset(request).select_related("client")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        refused = self.get_object(request, object_id)
        told = explained(request, refused) if refused else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **told})

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


def explained(request: HttpRequest, refused: RefusedRequest) -> dict[str, Any]:
    """The cause, the nearest template, and what staff and the client can do."""
    code, remedy = BY_NAME.get(refused.code), _remedy(refused)
    may_open = remedy.page and request.user.has_perm(remedy.permission)
    return {
        "cause": code.message if code else "",
        "client_action": code.action if code else "",
        "nearest": privacy.shape(refused.nearest),
        "is_unmatched": refused.code == "template_not_matched",
        "remedy": remedy.text,
        "address": reverse(f"admin:{remedy.page}") if may_open else "",
    }


def _remedy(refused: RefusedRequest) -> StaffRemedy:
    """A sender name that does not exist can't be added to a client before a provider has approved it."""
    is_new = refused.code == "unknown_sender" and not SenderName.objects.filter(name=refused.sender).exists()
    return REMEDIES["sender_not_approved"] if is_new else REMEDIES.get(refused.code, NOTHING)


@admin.register(RefusalCount)
class RefusalCountAdmin(ReadOnlyAdmin):
    list_display = ("client", "minute", "count")
    list_filter = (ClientFilter,)
    list_select_related = ("client",)
