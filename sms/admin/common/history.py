"""Forms that ask for the reason of a change and store it in the history, which also has the changes of inline rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from .base import BaseAdmin, EscapedCharField
from .row_ids import guarded

REASON = "change_reason"
MOST = 100
"""The newest records of a kind of inline row that are shown."""


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

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The library would save what is posted here, also for somebody who may only view the row."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return super().history_form_view(request, object_id, version_id, extra_context)

    def render_history_view(
        self, request: HttpRequest, template: str, context: dict[str, Any], **more: Any
    ) -> HttpResponse:
        """The library shows the fields of an old version to everybody: as on the row's page, some may only view it."""
        row = context.get("original")
        if row is not None and not self.has_change_permission(request, row):
            sets = self.get_fieldsets(request, row)
            form = self.get_form(request, row, change=True)(instance=row)
            context["adminform"] = AdminForm(form, sets, {}, flatten_fieldsets(sets), model_admin=self)
        return super().render_history_view(request, template, context, **more)

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


# --- inline rows: the providers of a route, the approvals of a sender name --------------------


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    old: Any
    new: Any


def inline_histories(parent: type[Model], object_id: object, inlines: Any) -> Iterator[tuple[str, list[Any]]]:
    """The title and the newest records of each kind of inline row with a history, with the values that changed."""
    for inline in inlines:
        if not hasattr(inline.model, "history"):
            continue
        fields = inline.model._meta.fields
        link = next(field for field in fields if field.related_model is parent)
        found = inline.model.history.filter(**{link.attname: object_id}).select_related("history_user")
        records = list(found.order_by("-history_date", "-history_id")[:MOST])
        _add_changes([field for field in fields if field.name in inline.fields], records)
        yield str(inline.model._meta.verbose_name_plural), records


def _add_changes(fields: list[Any], records: list[Any]) -> None:
    words = {field: _words(field, records) for field in fields}
    before: dict[Any, Any] = {}
    for record in reversed(records):
        is_deleted = record.history_type == "-"
        old = _values(words, record if is_deleted else before.get(record.id))
        new = _values(words, None if is_deleted else record)
        before[record.id] = record
        record.history_delta_changes = [
            Change(capfirst(field.verbose_name), old.get(field), new.get(field))
            for field in fields
            if old.get(field) != new.get(field)
        ]


def _words(field: Any, records: list[Any]) -> dict[Any, Any]:
    """What is shown for the values of a field: the name of the other row, where it still exists, or the choice."""
    if field.is_relation:
        return field.related_model._base_manager.in_bulk({getattr(record, field.attname) for record in records})
    return dict(field.flatchoices)


def _values(words: dict[Any, dict[Any, Any]], record: Any) -> dict[Any, str]:
    """None without a record."""
    if record is None:
        return {}
    stored = {field: getattr(record, field.attname) for field in words}
    return {field: str(words[field].get(value, value)) for field, value in stored.items()}
