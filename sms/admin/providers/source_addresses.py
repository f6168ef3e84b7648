"""Outbound IP addresses, for the allowlists of vendors. The set-up page shows them with each provider."""

from __future__ import annotations

from django.contrib import admin

from sms.admin.common.history import HistoriedAdmin
from sms.models import CallingAddress


@admin.register(CallingAddress)
class CallingAddressAdmin(HistoriedAdmin):
    list_display = ("address", "note", "created_at")
    search_fields = ("address__startswith",)
    fieldsets = ((None, {"fields": ("address", "note")}),)
