"""Sender names and where they are approved."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common.base import RowsInline
from sms.admin.common.history import HistoriedAdmin
from sms.domain.text import forbidden_in_sender
from sms.models import SenderApproval, SenderName

from .approvals import ApprovalFilter, ApprovedAtFilter, approvals_label, doubt_words, with_approvals


class SenderApprovalInline(RowsInline):
    model = SenderApproval
    fields = ("provider", "vendor_name", "status", "in_doubt")
    readonly_fields = ("in_doubt",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SenderApproval]:
        return super().get_queryset(request).select_related("doubt")

    @display(description=_("doubt"))
    def in_doubt(self, approval: SenderApproval) -> str:
        return doubt_words(approval) or "—"


@admin.register(SenderName)
class SenderNameAdmin(HistoriedAdmin):
    list_display = ("name", "approved_at", "created_at")
    list_filter = (ApprovalFilter, ApprovedAtFilter)
    search_fields = ("name__startswith",)
    fieldsets = ((None, {"fields": ("name",)}),)
    inlines = (SenderApprovalInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SenderName]:
        return with_approvals(super().get_queryset(request), SenderApproval)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "name" in form.base_fields:
            form.base_fields["name"].validators.append(_no_hidden_characters)
        return form

    @display(description=_("approvals"), label=True)
    def approved_at(self, sender: SenderName) -> list[str]:
        return approvals_label(sender.approvals.all())


def _no_hidden_characters(value: str) -> None:
    if forbidden_in_sender(value):
        raise ValidationError(_("A sender name can't contain control characters."))
