"""What senders and templates share: approvals per provider, in plain sight and as filters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sms.models import ApprovalStatus, SenderApproval, TemplateApproval

from .filters import Choices, ListedFilter, provider_choices


class ApprovalFilter(ListedFilter):
    title = _("approval")
    parameter_name = "approval"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("none", str(_("none yet"))), *ApprovalStatus.choices]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        if value == "none":
            return queryset.filter(approvals=None)
        return queryset.filter(pk__in=queryset.filter(approvals__status=value).values("pk"))


class ApprovedAtFilter(ListedFilter):
    title = _("approved at")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return provider_choices()

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        approved = queryset.filter(approvals__provider=value, approvals__status=ApprovalStatus.APPROVED)
        return queryset.filter(pk__in=approved.values("pk"))


def approvals_label(approvals: Iterable[SenderApproval | TemplateApproval]) -> list[str]:
    """`main-az: approved` for each provider, the slugs from one small query per list."""
    slugs = dict(provider_choices())
    return [f"{slugs.get(str(a.provider_id), a.provider_id)}: {a.status}" for a in approvals]
