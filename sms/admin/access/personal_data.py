"""Requests about a person's data: the list of records, and the form that forgets a number."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from sms.admin.common.base import EscapedCharField, ReadOnlyAdmin
from sms.admin.common.page import page, require_permission
from sms.models import PersonalDataRecord
from sms.services.maintenance.personal_data import forget, read_number
from sms.services.queue.errors import ActionRefused
from sms.translation import translated


class ForgetForm(forms.Form):
    number = EscapedCharField(label=_("Number"), max_length=100, help_text=_("With + or 00, such as +994501234567."))
    reason = EscapedCharField(label=_("Why?"), max_length=500, help_text=_("Kept with the record."))
    confirm = forms.BooleanField(label=_("Erase what is kept of this number. Nobody can bring it back."))

    def clean_number(self) -> str:
        try:
            return read_number(self.cleaned_data["number"])
        except ActionRefused as error:
            raise forms.ValidationError(translated(error)) from None


@admin.register(PersonalDataRecord)
class PersonalDataRecordAdmin(ReadOnlyAdmin):
    list_display = ("kind", "reason", "actor", "created_at")
    fields = ("kind", "digest", "reason", "actor", "rows", "created_at")
    list_before_template = "sms/forget_before.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "forget_form": ForgetForm()})


@require_permission("sms.forget_number")
def act(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = ForgetForm(request.POST)
    if form.is_valid():
        try:
            forget(form.cleaned_data["number"], actor=request.user.username, reason=form.cleaned_data["reason"])
        except ActionRefused as error:
            form.add_error(None, translated(error))
        else:
            messages.success(request, _("The number is forgotten."))
            return redirect("admin:sms_personaldatarecord_changelist")
    return page(request, "forget_number", _("Forget a number"), forget_form=form)
