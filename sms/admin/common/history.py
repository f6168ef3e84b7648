"""Forms that ask for the reason of a change and store it in the history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from .base import BaseAdmin, EscapedCharField
from .inline_history import inline_histories
from .row_ids import guarded

REASON = "change_reason"


class HistoriedAdmin(SimpleHistoryAdmin, BaseAdmin):
    """Each change has a reason. The history is read-only: no version can be restored."""

    object_history_list_template = "sms/history_list.html"

    def get_urls(self) -> list[URLPattern]:
        return guarded(super().get_urls(), self)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        rows = list(inline_histories(self.model, object_id, self.inlines))
        return super().history_view(request, object_id, {**(extra_context or {}), "inline_histories": rows})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None and self.has_change_permission(request, obj):
            reason = EscapedCharField(
                label=_("Reason for the change"),
                max_length=500,
                widget=UnfoldAdminTextInputWidget,
                help_text=_("Stored in the history."),
            )
            kwargs["form"] = type("FormWithReason", (kwargs.get("form", self.form),), {REASON: reason})
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        own = list(super().get_fieldsets(request, obj))
        named = {name for _title, options in own for name in _flat(options["fields"])}
        if obj is None or REASON in named or not self.has_change_permission(request, obj):
            return own
        return [*own, (None, {"fields": [REASON]})]

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        obj._change_reason = form.cleaned_data.get(REASON, "") or ("" if change else str(_("Added.")))
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: forms.ModelForm, formset: Any, change: bool) -> None:
        """Store the form's reason with each of its inline rows."""
        for row in formset.forms:
            row.instance._change_reason = getattr(form.instance, "_change_reason", "")
        super().save_formset(request, form, formset, change)


def _flat(fields: Any) -> list[str]:
    return [name for field in fields for name in (field if isinstance(field, list | tuple) else [field])]
