"""The block list's import."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from sms.admin.base import typed
from sms.services.blocking import block_all

from .page import for_those_who

MOST_NAMED = 20


class ImportForm(forms.Form):
    numbers = forms.CharField(required=False)
    file = forms.FileField(required=False)
    reason = forms.CharField(max_length=200)

    @property
    def lines(self) -> str:
        file = self.cleaned_data["file"]
        return file.read().decode("utf-8-sig", "replace") if file else self.cleaned_data["numbers"]


def _named(lines: tuple[int, ...]) -> str:
    return ", ".join(map(str, lines[:MOST_NAMED]))


@for_those_who("sms.add_blockednumber")
def act(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Say why these numbers are blocked."))
        return redirect("admin:sms_blockednumber_changelist")
    done = block_all(form.lines, reason=typed(form.cleaned_data["reason"]))
    messages.success(request, _("%(a)d added, %(k)d known already.") % {"a": done.added, "k": done.known})
    if done.mistakes:
        messages.error(request, _("No number stands in line %(lines)s.") % {"lines": _named(done.mistakes)})
    if done.without_country:
        words = _("Which country? Write + and the country code before the number in line %(lines)s. Not added.")
        messages.error(request, words % {"lines": _named(done.without_country)})
    return redirect("admin:sms_blockednumber_changelist")
