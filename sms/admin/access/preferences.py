"""The page on which staff choose the language and the time zone of the admin for themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from sms.admin.common.page import page
from sms.models import StaffPreferences
from sms.services.access.preferences import preferences_of, time_zones


def _languages() -> list[tuple[str, Any]]:
    return [("", _("The browser's language")), *settings.LANGUAGES]


def _time_zones() -> list[tuple[str, Any]]:
    default = _("The installation's time zone: %(zone)s") % {"zone": settings.TIME_ZONE}
    return [("", default), *((zone, zone) for zone in time_zones())]


class PreferencesForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"), choices=_languages, required=False, widget=UnfoldAdminSelectWidget
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=_time_zones,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Times on pages are shown in it. All times are stored in UTC."),
    )

    class Meta:
        model = StaffPreferences
        fields = ("language", "time_zone")


def show(request: HttpRequest) -> HttpResponse:
    stored = preferences_of(request)
    form = PreferencesForm(request.POST or None, instance=stored)
    if request.method == "POST" and form.is_valid():
        form.save()
        with override(stored.language or get_language_from_request(request)):
            messages.success(request, str(_("Saved.")))
        return redirect("admin:tools_preferences")
    return page(request, "preferences", _("Language and time zone"), form=form)
