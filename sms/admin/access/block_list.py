"""The block list: numbers that must not receive messages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common import privacy
from sms.admin.common.base import BaseAdmin
from sms.admin.common.phone_numbers import NumberField, TypedNumbers
from sms.models import BlockedNumber

from .block_list_import import ImportForm


@admin.register(BlockedNumber)
class BlockedNumberAdmin(TypedNumbers, BaseAdmin):
    list_display = ("shown_phone", "reason", "created_at")
    search_fields = ("=phone",)
    number_search = ("phone",)
    number_fields = {"phone": NumberField}
    search_help_text = _("Number, exact")
    fields = ("phone", "reason")
    list_before_template = "sms/blocked_before.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "import_form": ImportForm()})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only users who see numbers: the error for a number that is already on the list confirms it."""
        return super().has_add_permission(request) and request.user.has_perm(privacy.SEE_NUMBERS)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # numbers are added and removed, never changed

    def get_fields(self, request: HttpRequest, obj: BlockedNumber | None = None) -> tuple[str, ...]:
        return ("shown_phone", "reason", "created_at") if obj else ("phone", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: BlockedNumber | None = None) -> tuple[str, ...]:
        return ("shown_phone", "created_at") if obj else ()

    @display(description=_("number"))
    def shown_phone(self, blocked: BlockedNumber) -> str:
        return privacy.number(blocked.phone)
