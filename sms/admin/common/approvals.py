"""Approvals per provider, shown in lists and used as filters, for sender names and templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sms.models import ApprovalStatus, MessageTemplate, SenderApproval, TemplateApproval, TemplateApprovalStatus

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


class TemplateApprovalFilter(ApprovalFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        unconfirmed = ("unconfirmed", str(_("not confirmed since the text changed")))
        return [("none", str(_("none yet"))), *TemplateApprovalStatus.choices, unconfirmed]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        if value == "unconfirmed":
            marked = queryset.filter(approvals__needs_confirmation=True, approvals__status=ApprovalStatus.APPROVED)
            return queryset.filter(pk__in=marked.values("pk"))
        return super().narrow(queryset, value)


class ApprovedAtFilter(ListedFilter):
    title = _("approved at")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return provider_choices()

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        approved = queryset.filter(approvals__provider=value, approvals__status=ApprovalStatus.APPROVED)
        return queryset.filter(pk__in=approved.values("pk"))


def with_approvals(rows: QuerySet, approval: type[SenderApproval | TemplateApproval], *beside: str) -> QuerySet:
    """Prefetch each row's approvals with their providers' slugs: two queries for a whole list."""
    approvals = approval.objects.select_related("provider", *beside).defer("provider__credentials", "provider__options")
    return rows.prefetch_related(Prefetch("approvals", queryset=approvals.order_by("provider_id")))


def approvals_label(approvals: Iterable[SenderApproval]) -> list[str]:
    """`main-az: approved` for each provider."""
    return [f"{approval.provider.slug}: {approval.status}" for approval in approvals]


def template_approvals_label(template: MessageTemplate) -> list[str]:
    """`main-az: approved` for each approval that has not ended, with its version where that is not the current one."""
    current = [each for each in template.approvals.all() if each.status != TemplateApprovalStatus.ENDED]
    return [f"{each.provider.slug}: {each.status}{_version_note(template, each)}" for each in current]


def _version_note(template: MessageTemplate, approval: TemplateApproval) -> str:
    if approval.needs_confirmation:
        return str(_(", not confirmed"))
    if approval.version is None or approval.version_id == template.current_version_id:
        return ""
    return str(_(", version %(number)d")) % {"number": approval.version.number}
