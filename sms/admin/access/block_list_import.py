"""Imports numbers into the block list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from sms.admin.common import privacy
from sms.admin.common.base import typed
from sms.admin.common.page import page, require_permission
from sms.domain.typed_phone import regions
from sms.services.staff.block_list import MAX_BYTES, MAX_ROWS, ImportResult, block_numbers
from sms.services.table_files.rows import Line, lines_of, lines_of_text
from sms.services.table_files.text import TableFileError
from sms.translation import translated

SHOWN = ":200"
"""The slice of the list that the page shows."""


def countries() -> list[tuple[str, str]]:
    return [("", str(_("Treat such a row as an error"))), *((name, f"+{code} {name}") for name, code in regions())]


class ImportForm(forms.Form):
    numbers = forms.CharField(
        label=_("Numbers, one per line"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    file = forms.FileField(
        label=_("Or a CSV file or Excel workbook: the first cell of each row, or the column “phone”"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx,text/csv"}),
    )
    region = forms.ChoiceField(label=_("Country of numbers without a country code"), required=False, choices=countries)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        given = [name for name in ("numbers", "file") if values.get(name)]
        if not given and not self.errors:
            raise forms.ValidationError(_("Enter numbers or choose a file."))
        if len(given) > 1:
            raise forms.ValidationError(_("Enter numbers or choose a file, not both."))
        return values

    def lines(self) -> list[Line]:
        """The lines to import, at least one. Raises TableFileError."""
        if file := self.cleaned_data["file"]:
            lines = lines_of(file.read(MAX_BYTES + 1), most_bytes=MAX_BYTES, most_rows=MAX_ROWS)
        else:
            lines = lines_of_text(typed(self.cleaned_data["numbers"]), most_rows=MAX_ROWS)
        if not lines:
            raise TableFileError(1, _("There is no row to import."))
        return lines


@require_permission(privacy.SEE_NUMBERS)
@require_permission("sms.add_blockednumber")
def act(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    try:
        lines = form.lines()
    except TableFileError as error:
        form.add_error(
            None,
            _("Nothing was imported. Line %(line)s: %(problem)s")
            % {"line": error.line, "problem": translated(error.message)},
        )
        return _page(request, form)
    values = form.cleaned_data
    reason = typed(values["reason"])
    done = block_numbers(lines, reason=reason, region=values["region"])
    _record(request, f"{done.added} numbers added: {reason}")
    return _result(request, form, done)


def _record(request: HttpRequest, words: str) -> None:
    """One entry for the audit page: the rows themselves are inserted without a history."""
    LogEntry.objects.create(
        user_id=request.user.pk, action_flag=ADDITION, object_repr="blocked number import", change_message=words
    )


def _result(request: HttpRequest, form: ImportForm, done: ImportResult) -> HttpResponse:
    """Redirect to the list, or show a page on which rows that were not imported can be corrected."""
    messages.success(request, _("%(a)d added, %(k)d already on the list.") % {"a": done.added, "k": done.known})
    if not done.mistakes:
        return redirect("admin:sms_blockednumber_changelist")
    again = ImportForm(
        initial={
            "numbers": "\n".join(" ".join(cell.splitlines()) for cell in done.left_out),
            "reason": form.cleaned_data["reason"],
            "region": form.cleaned_data["region"],
        }
    )
    return _page(request, again, done)


def _page(request: HttpRequest, form: ImportForm, done: ImportResult | None = None) -> HttpResponse:
    return page(request, "block_list", _("Import numbers"), import_form=form, done=done, shown=SHOWN)
