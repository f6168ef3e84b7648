"""The list of messages. Staff view, search and filter them; nobody changes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from sms.admin.common import privacy
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.csv_export import streamed
from sms.admin.common.dialogs import has_permission
from sms.admin.common.filters import ClientFilter, PeriodFilter, ProviderFilter, yes_no
from sms.admin.common.phone_numbers import ask_for_country, record_search
from sms.admin.common.row_ids import guarded
from sms.admin.common.time_range import problems_of
from sms.domain.phone import masked
from sms.models import Message
from sms.services.access.preferences import preferences_of
from sms.services.staff.explanation import Rows

from . import bulk, detail
from .actions import MessageActions
from .columns import MessageColumns
from .filters import VIEWS, AcceptedFilter, CodeFilter, SenderFilter, StatusFilter, TemplateFilter, ViewFilter
from .search import found_by, rejected_by

EXPORT = "sms.export_messages"


@admin.register(Message)
class MessageAdmin(MessageColumns, MessageActions, ReadOnlyAdmin):
    change_form_template = "sms/message.html"
    list_display = (
        "shown_status",
        "shown_to",
        "shown_sender",
        "shown_text",
        "shown_provider",
        "segments",
        "created_at",
        "kind",
    )
    list_display_links = ("shown_status", "shown_to")
    list_filter = (
        ViewFilter,
        StatusFilter,
        PeriodFilter,
        ("created_at", AcceptedFilter),
        ProviderFilter,
        SenderFilter,
        TemplateFilter,
        ClientFilter,
        CodeFilter,
        yes_no(_("one-time password"), "is_otp"),
        yes_no(_("test"), "is_test", yes_has_index=True),
    )
    list_before_template = "sms/messages_before.html"
    actions = ("export_ticked",)
    search_fields = ("id",)
    search_help_text = _("Number, request id, message id or vendor's id")
    fields = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        joined = super().get_queryset(request).select_related("provider", "client", "template_version__template")
        return joined.defer("provider__credentials", "provider__options")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        unread = ["raw_text", "decision", "parameters", *([] if privacy.shows_texts() else ["text"])]
        light = queryset.defer(*unread, "provider__credentials", "provider__options")
        if not search_term.strip():
            return light, False
        found = found_by(light, search_term)
        record_search(request, self.opts, search_term)
        ask_for_country(request, search_term, found)
        return found, False

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export), name="sms_message_export")
        at = "<path:object_id>/explained.json"
        explained = path(at, self.admin_site.admin_view(self.explained), name="sms_message_explained")
        return [export, *guarded([explained], self), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        chosen = request.GET.get("view", "")
        more = {
            "views": [(key, label, key == chosen) for key, label in VIEWS.items()],
            "refused": rejected_by(request.GET.get("q", "")),
            "bulk": bulk.offered(request, chosen),
            "saved_views": sorted(preferences_of(request).saved_views.items()),
            "may_export": request.user.has_perm(EXPORT),
            "export_query": request.GET.urlencode(),
        }
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def export(self, request: HttpRequest) -> HttpResponse:
        """Export the filtered list, all of its pages, as CSV. Other filters are rejected as in the list."""
        if not request.user.has_perm(EXPORT):
            raise PermissionDenied
        request.GET = request.GET.copy()
        request.GET.pop(PAGE_VAR, None)
        found = self.get_changelist_instance(request)
        if problems := problems_of(found.filter_specs):
            raise BadRequest(" ".join(problems))
        return _exported(request, found.queryset)

    def explained(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The values behind the message's page, with the same parts hidden."""
        message = self.get_object(request, object_id)
        if message is None:
            raise Http404
        if not self.has_view_permission(request, message):
            raise PermissionDenied
        return JsonResponse(detail.explained(message, Rows.of(message)), json_dumps_params={"indent": 2})

    @admin.action(description=_("Export selected messages as CSV"), permissions=["export"])
    def export_ticked(self, request: HttpRequest, queryset: QuerySet[Message]) -> HttpResponse:
        return _exported(request, queryset)

    has_export_permission = has_permission(EXPORT)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        if message is None or not self.has_view_permission(request, message):
            return super().change_view(request, object_id, form_url, extra_context)
        return super().change_view(request, object_id, form_url, detail.context(message))


EXPORTED = {
    "id": "id",
    "created_at": "accepted",
    "status": "status",
    "to": "to",
    "sender": "from",
    "client__username": "client",
    "request_id": "request id",
    "provider__slug": "provider",
    "template_version__template__name": "template",
    "encoding": "encoding",
    "segments": "segments",
    "is_otp": "OTP",
    "code": "code",
    "detail": "detail",
}

EXPORT_PAGE = 1000


def _exported(request: HttpRequest, messages: QuerySet[Message]) -> HttpResponse:
    """Without texts, because nothing records who reads a file. Numbers are masked as in the list."""
    # Read now: the rows are read after the view has returned.
    shows_numbers = privacy.sees_numbers()
    place = list(EXPORTED).index("to")
    rows = _page_by_page(messages.order_by("-id").values_list(*EXPORTED))
    shown = (row if shows_numbers else (*row[:place], masked(row[place]), *row[place + 1 :]) for row in rows)
    return streamed(request, "messages.csv", EXPORTED.values(), shown)


def _page_by_page(rows: QuerySet) -> Iterator[tuple[Any, ...]]:
    """One query per page: with a cursor, PostgreSQL would materialise the whole result before the first row."""
    page = list(rows[:EXPORT_PAGE])
    while page:
        yield from page
        page = list(rows.filter(id__lt=page[-1][0])[:EXPORT_PAGE])
