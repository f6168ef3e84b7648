"""Refuses a form if its row was changed since the form was opened. Otherwise it would undo that change silently."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from sms.services.templates.csv_import import CHANGED_MEANWHILE
from sms.translation import translated

SEEN = "seen_values"


def shown_values(form: forms.BaseForm, formsets: Iterable[forms.BaseFormSet]) -> str:
    """Identifies the stored values that the form and its inline rows can change."""
    rows = [form, *(row for formset in formsets for row in formset.initial_forms)]
    values = [[(name, row.initial.get(name)) for name in row.fields] for row in rows]
    return salted_hmac(SEEN, repr(values), algorithm="sha256").hexdigest()


class StaleForms:
    """A mixin for model admins. The page sends back the values that it was opened with."""

    change_form_before_template = "sms/seen_values.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        if obj is None or request.method != "POST":
            return form

        def clean(self: forms.ModelForm) -> Any:
            values = form.clean(self)
            stored = shown_values(self, request.shown_formsets)  # type: ignore[attr-defined]
            if not constant_time_compare(request.POST.get(SEEN, stored), stored):
                self.add_error(None, ValidationError(translated(CHANGED_MEANWHILE)))
            return values

        return type(form.__name__, (form,), {"clean": clean})

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        """Django creates them before it validates the form."""
        formsets, inlines = super()._create_formsets(request, obj, change)  # type: ignore[misc]
        request.shown_formsets = [  # type: ignore[attr-defined]
            formset
            for formset, inline in zip(formsets, inlines, strict=True)
            if inline.has_change_permission(request, obj)
        ]
        return formsets, inlines

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **more: Any) -> HttpResponse:
        seen = {SEEN: shown_values(context["adminform"].form, request.shown_formsets)}  # type: ignore[attr-defined]
        return super().render_change_form(request, {**context, **seen}, **more)  # type: ignore[misc]
