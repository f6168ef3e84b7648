"""Destinations: which countries messages may go to."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from sms.admin.common.history import HistoriedAdmin
from sms.domain.destinations import NUMBER_TYPES
from sms.models import Destination


class DestinationForm(forms.ModelForm):
    number_types = forms.MultipleChoiceField(
        label=_("Number types"),
        required=False,
        choices=[(name, name.replace("_", " ")) for name in NUMBER_TYPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None: all but premium rate, shared cost, satellite and personal number."),
    )

    def clean_number_types(self) -> list[str] | None:
        return self.cleaned_data["number_types"] or None


@admin.register(Destination)
class DestinationAdmin(HistoriedAdmin):
    form = DestinationForm
    list_display = ("country", "mode", "types", "daily_limit")
    search_fields = ("country__iexact",)
    search_help_text = _("Country, such as RO")
    fieldsets = ((None, {"fields": ("country", "mode", "number_types", "daily_limit")}),)

    @display(description=_("number types"))
    def types(self, destination: Destination) -> str:
        return ", ".join(destination.number_types or ()) or str(_("all but the costly ones"))
