"""The filters of the list of messages. Those without an index search a bounded number of rows for each page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import CheckboxFilter, TextFilter

from sms.admin.common.filters import Choices, ListedFilter, listed
from sms.admin.common.time_range import TimeRangeFilter
from sms.domain.lifecycle import Status
from sms.models import MessageTemplate, SenderName
from sms.models.message import NEEDS_ATTENTION
from sms.services.database import uuid_range
from sms.services.staff import message_filters
from sms.translation import translated

INDEXED = frozenset((*NEEDS_ATTENTION, Status.QUEUED, Status.SENDING))
"""The statuses with an index of their messages."""


class StatusFilter(CheckboxFilter):
    """Filters by one or several statuses: `status=failed&status=expired` or `status=failed,expired`."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(status.value, translated(status.value)) for status in Status]

    def value(self) -> list[str]:
        written = {status for value in super().value() or () for status in value.split(",")}
        return [status.value for status in Status if status in written]

    @property
    def index_rank(self) -> int | None:
        return 2 if INDEXED.issuperset(self.value()) else None

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value()
        return message_filters.with_statuses(queryset, map(Status, chosen)) if chosen else queryset


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
    title = _("error code")
    parameter_name = "code"
    index_rank = 1

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        code = (self.value() or "").strip()
        return message_filters.with_code(queryset, code) if code else queryset


class AcceptedFilter(TimeRangeFilter):
    """Filters by a time range with the time in the id: the time column has no index."""

    title = _("accepted at")

    def narrow(self, queryset: QuerySet, first: datetime | None, last: datetime | None) -> QuerySet:
        if first:
            queryset = queryset.filter(id__gte=uuid_range.min_id(first))
        return queryset.filter(id__lt=uuid_range.min_id(last)) if last else queryset


VIEWS = {
    "failed": _("Failed"),
    "unconfirmed": _("Unconfirmed"),
    "waiting": _("Waiting"),
    "held": _("Held"),
    "no-report": _("No report"),
    "otp": _("OTP"),
}
"""The labels of the predefined views."""


class ViewFilter(ListedFilter):
    title = _("view")
    parameter_name = "view"

    @property
    def index_rank(self) -> int | None:  # type: ignore[override]
        return None if self.value() in ("no-report", "otp") else 2

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(key, str(label)) for key, label in VIEWS.items()]

    def narrow(self, queryset: QuerySet, value: str) -> QuerySet:
        return message_filters.VIEWS[value](queryset)
