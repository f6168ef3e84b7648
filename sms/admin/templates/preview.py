"""The editor's preview of a template: asked by the page while somebody types."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

from sms.admin.common.base import typed
from sms.admin.common.page import require_permission
from sms.services.templates import preview


@require_permission("sms.view_messagetemplate")
def show(request: HttpRequest) -> HttpResponse:
    """A piece of a page. POST, because a text does not belong into an address; nothing is stored."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    told = preview.preview(
        typed(request.POST.get("body", "")),
        _table(request.POST.get("placeholders", "")),
        {key.removeprefix("sample_"): typed(v) for key, v in request.POST.items() if key.startswith("sample_")},
        template=request.POST.get("template", ""),
    )
    return render(request, "sms/template_preview.html", {"told": told})


def _table(typed_in: str) -> Any:
    try:
        return json.loads(typed_in or "{}")
    except ValueError:
        return typed_in
