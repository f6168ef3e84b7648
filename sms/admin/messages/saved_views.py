"""Saves and deletes a person's own views of the list of messages."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from sms.admin.common.base import typed
from sms.admin.common.page import require_permission
from sms.models import Message
from sms.services.access.preferences import preferences_of

MOST = 20
"""Views of one person."""


class SaveForm(forms.Form):
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=2000, required=False)

    def clean_name(self) -> str:
        return typed(self.cleaned_data["name"])

    def clean_query(self) -> str:
        """The filters alone: a search may hold a number."""
        names = set(admin.site.get_model_admin(Message).filter_parameters())
        kept = QueryDict(mutable=True)
        for name, values in QueryDict(self.cleaned_data["query"]).lists():
            if name in names and any(values):
                kept.setlist(name, values)
        if not kept:
            raise forms.ValidationError(_("No filter is set. A search is not saved."))
        return kept.urlencode()


@require_permission("sms.view_message")
def act(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if "delete" in request.POST:
        return _delete(request)
    form = SaveForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect(_list())
    return _save(request, form.cleaned_data["name"], form.cleaned_data["query"])


def _save(request: HttpRequest, name: str, query: str) -> HttpResponse:
    stored = preferences_of(request)
    views = {**stored.saved_views, name: query}
    if len(views) > MOST:
        messages.error(request, _("You can save at most %(most)d views. Delete one first.") % {"most": MOST})
    else:
        stored.saved_views = views
        stored.save()
        messages.success(request, _("The view is saved."))
    return redirect(f"{_list()}?{query}")


def _delete(request: HttpRequest) -> HttpResponse:
    stored = preferences_of(request)
    if stored.saved_views.pop(typed(request.POST["delete"]), None):
        stored.save()
        messages.success(request, _("The view is deleted."))
    return redirect(_list())


def _list() -> str:
    return reverse("admin:sms_message_changelist")
