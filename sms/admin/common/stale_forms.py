"""Refuses a form if its row was changed since the form was opened. Otherwise it would undo that change silently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def noted(formset: type[forms.BaseFormSet], made: list[forms.BaseFormSet]) -> type[forms.BaseFormSet]:
    """The class, with each of its formsets added to `made`."""

    def make(self: forms.BaseFormSet, *args: Any, **kwargs: Any) -> None:
        formset.__init__(self, *args, **kwargs)
        made.append(self)

    return type(formset.__name__, (formset,), {"__init__": make})


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

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[tuple[Any, Any]]:
        """Django makes the formsets from these classes before it validates the form."""
        request.shown_formsets = []  # type: ignore[attr-defined]
        for formset, inline in super().get_formsets_with_inlines(request, obj):  # type: ignore[misc]
            is_noted = inline.has_change_permission(request, obj)
            yield (noted(formset, request.shown_formsets) if is_noted else formset), inline  # type: ignore[attr-defined]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **more: Any) -> HttpResponse:
        seen = {SEEN: shown_values(context["adminform"].form, request.shown_formsets)}  # type: ignore[attr-defined]
        return super().render_change_form(request, {**context, **seen}, **more)  # type: ignore[misc]
