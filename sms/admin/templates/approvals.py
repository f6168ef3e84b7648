"""Approvals per provider, shown in lists and used as filters, for sender names and templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from sms.admin.common.filters import Choices, ListedFilter, provider_choices
from sms.models import (
    ApprovalDoubt,
    ApprovalStatus,
    MessageTemplate,
    SenderApproval,
    TemplateApproval,
    TemplateApprovalStatus,
)
from sms.services.templates.approvals import unconfirmed_days, unconfirmed_for_long
from sms.translation import translated


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
        long_ago = ("long", str(_("approved over a year ago, never confirmed since")))
        return [("none", str(_("none yet"))), *TemplateApprovalStatus.choices, unconfirmed, long_ago]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        if value == "unconfirmed":
            marked = queryset.filter(approvals__needs_confirmation=True, approvals__status=ApprovalStatus.APPROVED)
            return queryset.filter(pk__in=marked.values("pk"))
        if value == "long":
            old = TemplateApproval.objects.filter(unconfirmed_for_long())
            return queryset.filter(pk__in=old.values("template"))
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
    approvals = approval.objects.select_related("provider", "doubt", *beside).defer(
        "provider__credentials", "provider__options"
    )
    return rows.prefetch_related(Prefetch("approvals", queryset=approvals.order_by("provider_id")))


def approvals_label(approvals: Iterable[SenderApproval]) -> list[str]:
    """`main-az: approved` for each provider."""
    return [f"{each.provider.slug}: {each.status}{_doubt(each)}" for each in approvals]


def template_approvals_label(template: MessageTemplate) -> list[str]:
    """`main-az: approved` for each approval that has not ended, with its version where that is not the current one."""
    current = [each for each in template.approvals.all() if each.status != TemplateApprovalStatus.ENDED]
    return [f"{each.provider.slug}: {each.status}{_version_note(template, each)}{_doubt(each)}" for each in current]


def _version_note(template: MessageTemplate, approval: TemplateApproval) -> str:
    if approval.needs_confirmation:
        return str(_(", not confirmed"))
    if (days := unconfirmed_days(approval)) is not None:
        return (
            str(_(", not confirmed for %(days)d days")) % {"days": days} if days >= 0 else str(_(", never confirmed"))
        )
    if approval.version is None or approval.version_id == template.current_version_id:
        return ""
    return str(_(", version %(number)d")) % {"number": approval.version.number}


def doubt_about(approval: SenderApproval | TemplateApproval) -> ApprovalDoubt | None:
    """The doubt about this approval, where there is one. Select `doubt` with the approvals."""
    doubt: ApprovalDoubt | None = getattr(approval, "doubt", None)
    return doubt if doubt is not None and doubt.is_in_force else None


def doubt_words(approval: SenderApproval | TemplateApproval) -> str:
    """What is in doubt, since when and why, with a link to the page that ends it; empty where nothing is."""
    doubt = doubt_about(approval)
    if doubt is None:
        return ""
    words = _("IN DOUBT since %(day)s: the vendor answered %(code)s. %(detail)s")
    begun = localtime(doubt.begun_at)
    facts = {"day": f"{begun:%Y-%m-%d %H:%M}", "code": doubt.code, "detail": translated(doubt.detail)}
    page = reverse("admin:sms_approvaldoubt_change", args=(doubt.pk,))
    return format_html('<a href="{}">{}</a>', page, str(words) % facts)


def _doubt(approval: SenderApproval | TemplateApproval) -> str:
    return str(_(", in doubt")) if doubt_about(approval) is not None else ""
