"""Templates: the text, its versions, and where it is approved."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldBooleanSwitchWidget

from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.models import MessageTemplate, TemplateApproval, TemplateVersion
from sms.services import template_csv
from sms.services.approvals import approval_problems, is_in_use
from sms.services.unmatched import recent_texts, replay_of

from .approvals import ApprovalFilter, ApprovedAtFilter, approvals_label, with_approvals
from .base import DeskAdmin, LookOnlyInline, RowsInline
from .export import streamed


class TemplateForm(forms.ModelForm):
    save_anyway = forms.BooleanField(
        label=_("Save although texts would be lost"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Needed only where a change takes texts of the last days away from every template."),
    )

    def clean(self) -> dict[str, Any]:
        """Read the body as the live path will, and say what is wrong with it in the same words."""
        values = super().clean() or self.cleaned_data
        if "body" in values and "placeholders" in values:
            try:
                self.instance.parsed = parse_body(values["body"], parse_kinds(values["placeholders"] or {}))
            except TemplateError as error:
                self.add_error("body", str(error))
            else:
                self._ask_before_texts_are_lost(values)
        return values

    def _ask_before_texts_are_lost(self, values: dict[str, Any]) -> None:
        """Replayed on what came in lately: a change that takes matches away is saved on a second, knowing try."""
        changed = {"body", "placeholders"} & set(self.changed_data)
        if not self.instance.pk or not changed or values.get("save_anyway"):
            return
        told = replay_of(self.instance.pk, self.instance.parsed, recent_texts())
        if told.lost or told.ties:
            words = _("%(lost)d kinds of text of the last days would match no longer, %(ties)d would tie. ")
            advice = _("Look at them beside the text; tick “save although texts would be lost” to save.")
            raise ValidationError(f"{words % {'lost': len(told.lost), 'ties': len(told.ties)}}{advice}")


class ApprovalFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        """An approval that its vendor can never carry is refused with the reason."""
        super().clean()
        body: Body | None = getattr(self.instance, "parsed", None)
        for form in self.forms:
            wanted = getattr(form, "cleaned_data", {})
            if body and wanted.get("provider") and not wanted.get("DELETE"):
                _check(form, body)


def _check(form: forms.ModelForm, body: Body) -> None:
    values = form.cleaned_data
    problems = approval_problems(
        body,
        values["provider"].adapter_class,
        vendor_template=values.get("vendor_template", ""),
        parameters=values.get("parameters") or [],
        status=values.get("status", ""),
    )
    for field, words in problems:
        form.add_error(field, ValidationError(words))


class ApprovalInline(RowsInline):
    model = TemplateApproval
    formset = ApprovalFormSet
    fields = ("provider", "status", "vendor_template", "parameters", "note")

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "parameters":
            field.widget.attrs["rows"] = 1
        return field


class VersionInline(LookOnlyInline):
    model = TemplateVersion
    fk_name = "template"
    fields = ("number", "body", "author", "created_at")
    verbose_name_plural = _("Versions")


@admin.register(MessageTemplate)
class MessageTemplateAdmin(DeskAdmin):
    form = TemplateForm
    list_display = ("name", "body", "approved_at", "version", "updated_at")
    list_filter = (ApprovalFilter, ApprovedAtFilter)
    search_fields = ("name__startswith", "body__startswith")
    fields = ("name", "body", "placeholders", "save_anyway")
    list_before_template = "desk/templates_before.html"
    change_form_template = "desk/template_form.html"
    inlines = (ApprovalInline, VersionInline)

    def get_urls(self) -> list[Any]:
        export = path("export/", self.admin_site.admin_view(self.export), name="sms_messagetemplate_export")
        return [export, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponse:
        """All of them: the file can be taken back by the import."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return streamed("templates.csv", template_csv.COLUMNS, template_csv.rows())

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A text to start from comes from "make a template of these"."""
        given = super().get_changeform_initial_data(request)
        if "placeholders" in given:
            try:
                given["placeholders"] = json.loads(given["placeholders"])
            except ValueError:
                del given["placeholders"]
        return given

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        return with_approvals(super().get_queryset(request).select_related("current_version"), TemplateApproval)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("body", "placeholders"):
            field.widget.attrs["rows"] = 6 if db_field.name == "body" else 2
        return field

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[Any, Any], set[str], list]:
        """In words why one can't go. Django's own way would list every message that needs it."""
        needed = [template.name for template in objs if is_in_use(template.pk)]
        if not needed:
            return super().get_deleted_objects(objs, request)
        words = _("Messages and attempts that were made from %(names)s: they show which text it was. ")
        advice = _("Take its approvals away instead, or set them to “rejected”: then it gives no text any more.")
        return [], {}, set(), [f"{words % {'names': ', '.join(needed)}}{advice}"]

    def save_model(self, request: HttpRequest, obj: MessageTemplate, form: forms.ModelForm, change: bool) -> None:
        obj.save(author=request.user)

    @display(description=_("approvals"), label=True)
    def approved_at(self, template: MessageTemplate) -> list[str]:
        return approvals_label(template.approvals.all())

    @display(description=_("version"))
    def version(self, template: MessageTemplate) -> Any:
        return template.current_version.number if template.current_version else ""
