"""The editor's live preview of a template, and of what each vendor would send."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import render

from sms.admin.common.base import typed
from sms.admin.common.page import require_permission
from sms.models import Provider, TemplateApproval
from sms.services.templates import preview
from sms.services.templates.vendor_preview import DraftApproval

from .fields import ParameterOrder, PlaceholderTable, resolved

MOST_APPROVALS = 50


@require_permission("sms.view_messagetemplate")
def show(request: HttpRequest) -> HttpResponse:
    """An HTML fragment. A POST request, so that no text is part of a URL; nothing is stored."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    body = typed(request.POST.get("body", ""))
    rows = PlaceholderTable().value_from_datadict(request.POST, None, "placeholders")
    told = preview.preview(
        body,
        {row.name: row.declaration for row in rows},
        {row.name: typed(row.example) for row in rows if row.example},
        template=request.POST.get("template", ""),
        approvals=list(_drafts(request.POST, preview.names_of(body))),
    )
    return render(request, "templates_editor/preview.html", {"told": told})


def _drafts(data: QueryDict, names: list[str]) -> Iterator[DraftApproval]:
    """The approvals of the form that name a provider."""
    providers = {str(each.pk): each for each in Provider.objects.defer("credentials", "options")}
    total = data.get("approvals-TOTAL_FORMS", "")
    count = min(int(total[:9]), MOST_APPROVALS) if total.isdecimal() and total.isascii() else 0
    for prefix in (f"approvals-{place}" for place in range(count)):
        stored = _stored(data.get(f"{prefix}-id", ""))
        provider = stored.provider if stored else providers.get(data.get(f"{prefix}-provider", ""))
        if provider is not None and not data.get(f"{prefix}-DELETE"):
            yield _draft(data, prefix, stored or TemplateApproval(provider=provider), names)


def _stored(pk: str) -> TemplateApproval | None:
    if not (pk.isdecimal() and pk.isascii()):
        return None
    rows = TemplateApproval.objects.select_related("provider", "version")
    return rows.defer("provider__credentials", "provider__options").filter(pk=int(pk[:18])).first()


def _draft(data: QueryDict, prefix: str, row: TemplateApproval, names: list[str]) -> DraftApproval:
    before = (row.text, row.parameters)
    row.status = data.get(f"{prefix}-status", row.status)
    row.vendor_template = typed(data.get(f"{prefix}-vendor_template", row.vendor_template))
    row.text = typed(data.get(f"{prefix}-text", ""))
    pairs = ParameterOrder().value_from_datadict(data, None, f"{prefix}-parameters")
    registered = preview.names_of(row.version.body) if row.version else names
    row.parameters = resolved(pairs, registered)
    is_changed = bool(row.text) and before != (row.text, row.parameters)
    return DraftApproval(row, renewed=is_changed or bool(data.get(f"{prefix}-confirmed")))
