"""Bulk operations: the page that checks and starts one, the list of all, and the progress of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import BaseDialogForm

from sms.admin.common.base import EscapedCharField, ReadOnlyAdmin
from sms.admin.common.bulk_links import START, list_address, may_start
from sms.admin.common.dialogs import dialog_action, has_permission
from sms.admin.common.filters import PERIODS, listed, provider_choices
from sms.admin.common.page import page, require_permission
from sms.admin.common.time_range import RangeForm
from sms.models import BulkOperation, Message
from sms.services.database import clock, uuid_range
from sms.services.queue.errors import ActionRefused
from sms.services.staff import bulk_operations
from sms.services.staff.bulk_operations import Kind, Plan
from sms.translation import translated

from .filters import VIEWS

TITLES = {
    Kind.MOVE: _("Move all waiting messages"),
    Kind.RESEND: _("Resend all"),
    Kind.CANCEL: _("Cancel all"),
    Kind.RESOLVE: _("Resolve all"),
}
HELP = {
    Kind.MOVE: _(
        "They are sent by the chosen provider alone. A message that may have been sent already is not moved, so none "
        "is sent twice."
    ),
    Kind.RESEND: _("Each gets a new attempt. One-time passwords and unconfirmed messages are not resent."),
    Kind.CANCEL: _("They are removed from the queue and will not be sent."),
    Kind.RESOLVE: _("Say whether they were sent, and how you know: from the vendor or from the recipients."),
}
OFFERED = {
    "waiting": (Kind.MOVE, Kind.CANCEL),
    "held": (Kind.MOVE, Kind.CANCEL),
    "unconfirmed": (Kind.RESOLVE,),
    "failed": (Kind.RESEND,),
}
"""The operations that make sense for a view of the list of messages."""
STATES = {"waiting": "info", "running": "info", "finished": "success", "stopped": "warning"}
SKIPPED_PARAMETERS = ("kind", "target", "p", "o", "e", "before")


def offered(request: HttpRequest, view: str) -> list[tuple[str, str]]:
    """Links from the list of messages, each with its label, for what this user may start."""
    query = request.GET.copy()
    query.pop("p", None)
    kinds = [kind for kind in OFFERED.get(view, ()) if may_start(request, kind)]
    return [
        (f"{reverse('admin:tools_bulk')}?{urlencode({'kind': kind})}&{query.urlencode()}", TITLES[kind])
        for kind in kinds
    ]


# --- the page that starts an operation --------------------------------------------------------------


class StartForm(forms.Form):
    """`went_out` only where messages are resolved."""

    reason = EscapedCharField(label=_("Reason"), max_length=400, help_text=_("Kept with each message."))

    def __init__(self, kind: str, *args: Any) -> None:
        super().__init__(*args)
        if kind == Kind.RESOLVE:
            choices = [("yes", _("Sent")), ("no", _("Not sent"))]
            self.fields["went_out"] = forms.ChoiceField(
                label=_("Were they sent?"), choices=choices, widget=forms.RadioSelect
            )
            self.order_fields(["went_out", "reason"])


@require_permission(START)
def show(request: HttpRequest) -> HttpResponse:
    """GET checks and shows what would happen; POST starts it. The URL holds the filters."""
    kind = request.GET.get("kind", "")
    if kind not in Kind.values:
        return redirect("admin:sms_bulkoperation_changelist")
    if not may_start(request, kind):
        raise PermissionDenied
    form = StartForm(kind, request.POST or None)
    try:
        plan = _plan(request, kind, form)
        if request.method == "POST" and form.is_valid():
            return _start(request, plan, form)
        preview = bulk_operations.preview(plan)
    except ActionRefused as refused:
        messages.error(request, translated(refused))
        plan = preview = None
    return page(request, "bulk", TITLES[Kind(kind)], **_context(request, kind, form, plan, preview))


def _plan(request: HttpRequest, kind: str, form: StartForm) -> Plan:
    target = request.GET.get("target", "")
    if target and target not in dict(provider_choices()):
        raise ActionRefused(gettext("Choose a provider of the list."))
    answer = form.cleaned_data.get("went_out") if form.is_bound and form.is_valid() else None
    went_out = None if answer is None else answer == "yes"
    return Plan(kind, filters_of(request.GET), int(target) if target else None, went_out)


def _start(request: HttpRequest, plan: Plan, form: StartForm) -> HttpResponse:
    reason = form.cleaned_data["reason"]
    operation = bulk_operations.start(plan, actor=request.user.get_username(), reason=reason)
    return redirect("admin:sms_bulkoperation_change", operation.pk)


def _context(
    request: HttpRequest, kind: str, form: StartForm, plan: Plan | None, preview: bulk_operations.Preview | None
) -> dict[str, Any]:
    filters = dict(plan.filters) if plan else {}
    source = filters.get("provider")
    targets = [choice for choice in provider_choices() if choice[0] != source]
    return {
        "kind": kind,
        "help": HELP[Kind(kind)],
        "form": form,
        "preview": preview,
        "filters": filters,
        "selection": described(filters),
        "list_address": _list_of(filters),
        "targets": [("", _("Use routing rules")), *targets] if kind == Kind.RESEND else targets,
        "takes_target": kind in (Kind.MOVE, Kind.RESEND),
        "target": request.GET.get("target", ""),
        "is_ready": preview is not None and preview.possible and (kind != Kind.MOVE or (plan and plan.provider)),
    }


def filters_of(query: QueryDict) -> dict[str, str]:
    """The filters of the list's URL. A period becomes bounds of the id, which stay as they are."""
    found = {name: value for name, value in query.items() if value and name not in SKIPPED_PARAMETERS}
    if statuses := [status for status in query.getlist("status") if status]:
        found["status"] = ",".join(statuses)
    if (period := found.pop("period", "")) in PERIODS:
        found["first"] = str(uuid_range.min_id(clock.now() - PERIODS[period][1]))
    return found | _range({name: found.pop(name) for name in list(found) if name.startswith("created_at_")})


def _range(data: Mapping[str, str]) -> dict[str, str]:
    if not data:
        return {}
    form = RangeForm("created_at", data)
    if problems := form.problems():
        raise ActionRefused(" ".join(problems))
    bounds = {"first": form.first, "last": form.last}
    return {name: str(uuid_range.min_id(at)) for name, at in bounds.items() if at}


def described(filters: Mapping[str, str]) -> str:
    """The filters as text: “Waiting, provider main-az”."""
    words = [str(VIEWS[filters["view"]])] if filters.get("view") in VIEWS else []
    names = {"provider": dict(provider_choices())}
    titles = admin.site.get_model_admin(Message).filter_titles()
    for name, value in filters.items():
        if name in ("first", "last"):
            end = _("accepted since %(time)s") if name == "first" else _("accepted before %(time)s")
            words.append(end % {"time": f"{_time_of(value):%Y-%m-%d %H:%M} UTC"})
        elif name != "view":
            words.append(f"{titles.get(name, name)} {names.get(name, {}).get(value, value)}")
    return ", ".join(words)


def _time_of(written: str) -> datetime:
    return uuid_range.time_of_id(UUID(written))


def _list_of(filters: Mapping[str, str]) -> str:
    return list_address(**{name: value for name, value in filters.items() if name not in ("first", "last")})


# --- the record ------------------------------------------------------------------------------


@admin.register(BulkOperation)
class BulkOperationAdmin(ReadOnlyAdmin):
    change_form_template = "sms/bulk_operation.html"
    list_display = ("shown_kind", "shown_state", "progress", "skipped", "provider", "actor", "reason", "created_at")
    list_display_links = ("shown_kind",)
    list_filter = (
        listed(_("kind"), "kind", lambda: Kind.choices),
        listed(_("state"), "state", lambda: BulkOperation.State.choices),
    )
    list_select_related = ("provider",)
    fields = ("kind",)
    actions_detail = ("stop",)
    has_stop_permission = has_permission(START)

    def page_of(self, object_id: str) -> str:
        return reverse("admin:sms_bulkoperation_change", args=(object_id,))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("provider__credentials")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        operation = self.get_object(request, str(object_id))
        is_unfinished = operation is not None and operation.is_unfinished
        return super().get_actions_detail(request, object_id) if is_unfinished else []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        operation = self.get_object(request, object_id)
        if operation is None or not self.has_view_permission(request, operation):
            return super().change_view(request, object_id, form_url, extra_context)
        shown = {
            "operation": operation,
            "title": TITLES[Kind(operation.kind)],
            "tone": STATES[operation.state],
            "selection": described(operation.filters),
            "list_address": _list_of(operation.filters),
            "share": min(100, 100 * operation.handled // max(operation.expected, 1)),
            "reasons": sorted(operation.reasons.items(), key=lambda pair: -pair[1]),
        }
        return super().change_view(request, object_id, form_url, shown)

    @dialog_action(
        title=_("Stop this operation?"),
        description=_("Messages that it has handled already stay as they are. Enter why you stop it."),
        button=_("Stop"),
        permission="stop",
        icon="stop_circle",
    )
    def stop(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        bulk_operations.stop(int(object_id), actor=request.user.get_username())
        self.log_change(request, self.get_object(request, object_id), f"Stopped: {form.cleaned_data['reason']}")
        return str(_("The operation is stopped."))

    @display(description=_("operation"))
    def shown_kind(self, operation: BulkOperation) -> str:
        return str(TITLES[Kind(operation.kind)])

    @display(description=_("state"), label=STATES)
    def shown_state(self, operation: BulkOperation) -> str:
        return operation.state

    @display(description=_("done"))
    def progress(self, operation: BulkOperation) -> str:
        return f"{operation.done} / {operation.expected}"
