"""The filters of the list of messages. Each uses an index or reads only the newest page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import TextFilter

from providers.registry import SENDERS
from sms.admin.common.filters import Choices, ListedFilter, listed
from sms.admin.common.time_range import TimeRangeFilter
from sms.domain.lifecycle import Status
from sms.models import Message, MessageTemplate, Provider, SenderName
from sms.models.message import NEEDS_ATTENTION
from sms.services.database import uuid_range
from sms.services.database.clock import now

StatusFilter = listed(_("status"), "status", lambda: [(s.value, s.value) for s in Status])
SenderFilter = listed(
    _("sender"), "sender", lambda: [(name, name) for name in SenderName.objects.values_list("name", flat=True)]
)
TemplateFilter = listed(
    _("template"),
    "template",
    lambda: [(str(pk), name) for pk, name in MessageTemplate.objects.values_list("pk", "name")],
    field="template_version__template",
)


class CodeFilter(TextFilter):
    """Filters failed and unconfirmed messages by exact code: they are few, and indexed."""

    title = _("error code")
    parameter_name = "code"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        code = (self.value() or "").strip()
        return queryset.filter(status__in=NEEDS_ATTENTION, code=code) if code else queryset


class AcceptedFilter(TimeRangeFilter):
    """Filters by a time range with the time in the id: the time column has no index."""

    title = _("accepted at")

    def narrow(self, queryset: QuerySet, first: datetime | None, last: datetime | None) -> QuerySet:
        if first:
            queryset = queryset.filter(id__gte=uuid_range.min_id(first))
        return queryset.filter(id__lt=uuid_range.min_id(last)) if last else queryset


# --- predefined views ------------------------------------------------------------------

NO_REPORT_AFTER = timedelta(minutes=10)
NO_REPORT_WITHIN = timedelta(hours=72)
"""The oldest messages of the view "no report": no vendor reports later."""


def _no_report(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Messages whose vendor accepted them and has not sent the delivery report that it could send."""
    at = now()
    stronger = Q()
    for pk, vendor in Provider.objects.values_list("pk", "vendor"):
        strongest = SENDERS[vendor].strongest if vendor in SENDERS else "submitted"
        expected = {"submitted": [], "sent": ["submitted"], "delivered": ["submitted", "sent"]}[strongest]
        if expected:
            stronger |= Q(provider=pk, status__in=expected)
    recent = messages.filter(
        id__gte=uuid_range.min_id(at - NO_REPORT_WITHIN), id__lt=uuid_range.min_id(at - NO_REPORT_AFTER)
    )
    return recent.filter(stronger) if stronger else recent.none()


def _in(*statuses: Status) -> Callable[[QuerySet[Message]], QuerySet[Message]]:
    return lambda messages: messages.filter(status__in=statuses)


def _waiting(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Uses OR, because each of the two statuses has a partial index, which IN would not use."""
    return messages.filter(Q(status=Status.QUEUED) | Q(status=Status.SENDING))


VIEWS: dict[str, tuple[Any, Callable[[QuerySet[Message]], QuerySet[Message]]]] = {
    "failed": (_("Failed"), _in(Status.FAILED, Status.UNDELIVERED, Status.EXPIRED)),
    "unconfirmed": (_("Unconfirmed"), _in(Status.UNCONFIRMED)),
    "waiting": (_("Waiting"), _waiting),
    "held": (_("Held"), _in(Status.HELD)),
    "no-report": (_("No report"), _no_report),
    "otp": (_("OTP"), lambda messages: messages.filter(is_otp=True)),
}


class ViewFilter(ListedFilter):
    title = _("view")
    parameter_name = "view"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(key, str(label)) for key, (label, _narrow) in VIEWS.items()]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        return VIEWS[value][1](queryset)
