"""Imports templates from a table file: shows what would change, then imports all rows or none."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget

from sms.admin.common.page import page, require_permission
from sms.models import MessageTemplate
from sms.services.queue.errors import ActionRefused
from sms.services.templates import csv_format
from sms.services.templates.csv_import import Plan, apply, plan
from sms.translation import translated

NEEDED = tuple(f"sms.{verb}_{model}" for verb in ("add", "change") for model in ("messagetemplate", "templateapproval"))
SHOWN = ":200"
"""The slice of the lists that the page shows."""


class FileForm(forms.Form):
    """The theme's file field: its script needs an element for the file's name."""

    file = forms.FileField(widget=UnfoldAdminFileFieldWidget(attrs={"id": "file", "accept": ".csv,.txt,.xlsx"}))


@require_permission("sms.change_messagetemplate")
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perms(NEEDED):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request)
    data = _data(request)
    if data is None:
        messages.error(request, _("Choose a CSV file or an Excel workbook."))
        return _page(request)
    return _save(request, data) if "seal" in request.POST else _page(request, data)


def _data(request: HttpRequest) -> bytes | None:
    """The file, or, after the preview, the same file as the page sent it back."""
    if "seal" not in request.POST:
        file = request.FILES.get("file")
        return file.read(csv_format.MOST_BYTES + 1) if file else None
    try:
        return base64.b64decode(request.POST.get("data", ""), validate=True)
    except (binascii.Error, ValueError):
        return None


def _page(request: HttpRequest, data: bytes | None = None) -> HttpResponse:
    context: dict[str, Any] = {"columns": csv_format.COLUMNS, "most_rows": csv_format.MOST_ROWS, "form": FileForm()}
    if data is not None:
        told = plan(data)
        kept = base64.b64encode(data).decode() if told.is_ready else ""
        context |= {"plan": told, "data": kept, "shown": SHOWN}
    return page(request, "template_import", _("Import templates"), **context)


def _save(request: HttpRequest, data: bytes) -> HttpResponse:
    try:
        done = apply(data, seal=request.POST["seal"], author=request.user)
    except ActionRefused as refused:
        messages.error(request, translated(refused))
        return _page(request, data)
    _note(request, done)
    words = _("%(new)d templates are new, %(changed)d are changed.")
    messages.success(request, words % {"new": len(done.new), "changed": len(done.changed)})
    return redirect("admin:sms_messagetemplate_changelist")


def _note(request: HttpRequest, done: Plan) -> None:
    """Add a record to each template's history, with one statement for all."""
    touched = MessageTemplate.objects.filter(pk__in=[each.template.pk for each in (*done.new, *done.changed)])
    LogEntry.objects.log_actions(request.user.pk, touched, CHANGE, change_message="Imported from a file.")
