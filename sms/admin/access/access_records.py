"""The list of access records: exports, searches by number, shown texts."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sms.admin.common import privacy
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.filters import listed
from sms.admin.common.phone_numbers import searched
from sms.models import AccessRecord
from sms.services.configuration.digests import number_digests


@admin.register(AccessRecord)
class AccessRecordAdmin(ReadOnlyAdmin):
    list_display = ("kind", "actor", "subject", "detail", "reason", "created_at")
    list_filter = (listed(_("kind"), "kind", lambda: AccessRecord.Kind.choices),)
    search_fields = ("actor",)
    search_help_text = _("User name, exact; or the number that was searched for")
    fields = ("kind", "actor", "subject", "detail", "digest", "reason", "created_at")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        number = searched(term) if privacy.sees_numbers() else ""
        if number:
            return queryset.filter(digest__in=number_digests(number)), False
        return (queryset.filter(actor=term) if term else queryset), False
