"""Imports a vendor's list as approved templates: pasted or uploaded, shown for correction, then saved."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget

from providers.base import Carries
from sms.admin.common.base import typed
from sms.admin.common.page import page, require_permission
from sms.domain.matching.vendor_text import NOTATIONS
from sms.models import Provider
from sms.services.queue.errors import ActionRefused
from sms.services.table_files.text import TableFileError
from sms.services.templates import vendor_list
from sms.services.templates.vendor_list import Correction, Proposal
from sms.services.templates.vendor_rows import MOST_BYTES, MOST_ROWS, ROLES, VendorRow, VendorRows, of_file, of_pasted
from sms.translation import translated

from .fields import KINDS

NEEDED = tuple(f"sms.{verb}_{model}" for verb in ("add", "change") for model in ("messagetemplate", "templateapproval"))
AT_ONCE = 50
"""Texts on one page: a form may have 5,000 fields, and each placeholder has two."""


class SourceForm(forms.Form):
    """The source of the list: a text or a file."""

    provider = forms.ChoiceField()
    pasted = forms.CharField(required=False, strip=False)
    is_one = forms.BooleanField(required=False)
    file = forms.FileField(
        required=False, widget=UnfoldAdminFileFieldWidget(attrs={"id": "file", "accept": ".csv,.txt,.xlsx"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"].choices = [(str(each.pk), each.slug) for each in providers()]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not values.get("file") and not (values.get("pasted") or "").strip():
            raise forms.ValidationError(_("Paste the vendor's texts, or choose a file."))
        return values


@dataclass(frozen=True, slots=True)
class Source:
    """The list as received. The page sends it back: nothing is stored before staff save it."""

    provider: Provider
    kind: str
    data: bytes

    def rows(self) -> VendorRows:
        """Raises TableFileError."""
        if self.kind == "file":
            return of_file(self.data)
        return of_pasted(self.data.decode("utf-8", "replace"), is_one=self.kind == "one")

    @property
    def kept(self) -> str:
        return base64.b64encode(self.data).decode()


def providers() -> list[Provider]:
    """The providers whose vendors send only approved templates."""
    rows = Provider.objects.defer("credentials", "options").order_by("slug")
    return [each for each in rows if each.adapter_class.carries != Carries.TEXT]


@require_permission("sms.change_messagetemplate")
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perms(NEEDED):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, SourceForm(initial={"provider": request.GET.get("provider", "")}))
    if "data" not in request.POST:
        form = SourceForm(request.POST, request.FILES)
        source = _given(form) if form.is_valid() else None
        return _shown(request, source) if source else _page(request, form)
    source = _kept(request.POST)
    if source is None:
        messages.error(request, _("The list is missing from the request. Paste it again."))
        return _page(request, SourceForm())
    return _shown(request, source)


def _given(form: SourceForm) -> Source:
    values = form.cleaned_data
    provider = next(each for each in providers() if str(each.pk) == values["provider"])
    if values["file"]:
        return Source(provider, "file", values["file"].read(MOST_BYTES + 1))
    return Source(provider, "one" if values["is_one"] else "pasted", typed(values["pasted"]).encode("utf-8", "replace"))


def _kept(data: QueryDict) -> Source | None:
    provider = next((each for each in providers() if str(each.pk) == data.get("provider", "")), None)
    try:
        kept = base64.b64decode(data.get("data", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = data.get("kind", "")
    return Source(provider, kind, kept) if provider and kept and kind in ("file", "one", "pasted") else None


def _shown(request: HttpRequest, source: Source) -> HttpResponse:
    """Show how the list was read; save it if staff ask for it and no text has an error."""
    try:
        table = source.rows()
    except TableFileError as error:
        messages.error(
            request, _("Line %(line)d: %(words)s") % {"line": error.line, "words": translated(error.message)}
        )
        return _page(request, SourceForm(initial={"provider": source.provider.pk}))
    action = request.POST.get("action", "")
    _choose_columns(table, request.POST)
    rows = table.rows()
    start = _number(request.POST.get("start", ""), 0)
    part = rows[start : start + AT_ONCE]
    proposals = vendor_list.propose(part, source.provider)
    if action in ("check", "save"):
        vendor_list.correct(
            proposals, [_correction(request.POST, n, p) for n, p in enumerate(proposals)], source.provider
        )
    if action == "save" and _is_saved(request, source, proposals):
        if start + AT_ONCE >= len(rows):
            return redirect("admin:sms_messagetemplate_changelist")
        start += AT_ONCE
        proposals = vendor_list.propose(rows[start : start + AT_ONCE], source.provider)
    vendor_list.check(proposals, source.provider)
    return _list_page(request, source, table, rows, start, proposals)


def _choose_columns(table: VendorRows, data: QueryDict) -> None:
    if "column-text" in data:
        table.has_head = bool(data.get("has_head"))
        table.columns = {role: _number(data.get(f"column-{role}", ""), -1) for role in ROLES}


def _number(typed_in: str, otherwise: int) -> int:
    return int(typed_in) if typed_in.isdecimal() and typed_in.isascii() and len(typed_in) < 6 else otherwise


def _correction(data: QueryDict, number: int, proposal: Proposal) -> Correction:
    """The page's fields of one text; the proposal itself if the page has none."""
    field = f"text-{number}"
    if f"{field}-notation" not in data:
        return _unchanged(proposal)
    pairs = zip_longest(data.getlist(f"{field}-placeholder"), data.getlist(f"{field}-kind"), fillvalue="")
    return Correction(
        take=f"{field}-take" in data,
        notation=data.get(f"{field}-notation", ""),
        vendor_template=typed(data.get(f"{field}-id", "")).strip(),
        name=typed(data.get(f"{field}-name", "")).strip(),
        placeholders=[(typed(name).strip(), kind) for name, kind in pairs],
    )


def _unchanged(proposal: Proposal) -> Correction:
    placeholders = [(each.name, each.kind) for each in proposal.placeholders]
    return Correction(proposal.take, proposal.notation, proposal.vendor_template, proposal.name, placeholders)


def _is_saved(request: HttpRequest, source: Source, proposals: Sequence[Proposal]) -> bool:
    if not any(each.take for each in proposals):
        messages.warning(request, _("No text is selected, so nothing was saved."))
        return False
    try:
        done = vendor_list.take(proposals, source.provider, author=request.user)
    except ActionRefused as refused:
        messages.error(request, translated(refused))
        return False
    LogEntry.objects.log_actions(request.user.pk, done, CHANGE, change_message="Imported from a vendor's list.")
    words = _("%(count)d texts are approved at %(provider)s now.")
    messages.success(request, words % {"count": len(done), "provider": source.provider.slug})
    return True


def _page(request: HttpRequest, form: SourceForm) -> HttpResponse:
    context = {
        "form": form,
        "most_rows": MOST_ROWS,
        "providers": form.fields["provider"].choices,
        "notations": [notation.example for notation in NOTATIONS],
    }
    return page(request, "templates_editor/vendor_import", _("Import a vendor's texts"), **context)


def _list_page(
    request: HttpRequest,
    source: Source,
    table: VendorRows,
    rows: Sequence[VendorRow],
    start: int,
    proposals: Sequence[Proposal],
) -> HttpResponse:
    context = {
        "source": source,
        "table": table,
        "columns": list(enumerate(table.head)),
        "roles": [(role, words, table.columns.get(role, -1)) for role, words in zip(ROLES, ROLE_WORDS, strict=True)],
        "proposals": proposals,
        "count": len(rows),
        "first": start + 1,
        "last": min(start + AT_ONCE, len(rows)),
        "start": start,
        "kinds": KINDS,
        "effect": vendor_list.effect_of(proposals),
    }
    return page(request, "templates_editor/vendor_list", _("Texts at %s") % source.provider.slug, **context)


ROLE_WORDS = (_("The text"), _("The vendor's id"), _("A name"), _("The state"))
