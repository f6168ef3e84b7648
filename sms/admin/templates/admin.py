"""Templates: the text, its versions, and where it is approved."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.admin.common.base import BaseAdmin, ReadOnlyInline
from sms.admin.common.csv_export import streamed
from sms.models import MessageTemplate, TemplateApproval, TemplateVersion
from sms.services.templates import csv_format
from sms.services.templates.approvals import is_in_use

from .approval_form import ApprovalInline
from .approvals import (
    ApprovedAtFilter,
    TemplateApprovalFilter,
    template_approvals_label,
    with_approvals,
)
from .fields import BodyWidget, kinds_in_words
from .template_form import TemplateForm


class VersionInline(ReadOnlyInline):
    model = TemplateVersion
    fk_name = "template"
    fields = ("number", "body", "author", "created_at")
    verbose_name_plural = _("Versions")


@admin.register(MessageTemplate)
class MessageTemplateAdmin(BaseAdmin):
    form = TemplateForm
    list_display = ("name", "body", "approved_at", "version", "updated_at")
    list_filter = (TemplateApprovalFilter, ApprovedAtFilter)
    search_fields = ("name__startswith", "body__startswith")
    fields = ("name", "body", "placeholders", "save_anyway")
    list_before_template = "sms/templates_before.html"
    change_form_template = "templates_editor/change_form.html"
    inlines = (ApprovalInline, VersionInline)

    class Media:
        js = ("sms/template_editor.js",)
        css = {"all": ("sms/template_editor.css",)}

    def get_urls(self) -> list[Any]:
        export = path("export/", self.admin_site.admin_view(self.export), name="sms_messagetemplate_export")
        return [export, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponse:
        """Export all rows, in the format that the import accepts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return streamed(request, "templates.csv", csv_format.COLUMNS, csv_format.rows())

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The page of unmatched texts links here with a text to start from."""
        given = super().get_changeform_initial_data(request)
        if "placeholders" in given:
            try:
                given["placeholders"] = json.loads(given["placeholders"])
            except ValueError:
                del given["placeholders"]
        return given

    def get_fields(self, request: HttpRequest, obj: MessageTemplate | None = None) -> list[str]:
        """Users who may only view it see the kinds as text."""
        if self.has_change_permission(request, obj) or obj is None:
            return list(self.fields or ())
        return ["name", "body", "kinds"]

    def get_readonly_fields(self, request: HttpRequest, obj: MessageTemplate | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "kinds"]

    @display(description=_("Placeholders"))
    def kinds(self, template: MessageTemplate) -> str:
        return kinds_in_words(template.placeholders)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        return with_approvals(
            super().get_queryset(request).select_related("current_version"), TemplateApproval, "version"
        )

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "body":
            field.widget = BodyWidget(attrs={"rows": 6})
        return field

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[Any, Any], set[str], list]:
        """Say why one can't be deleted. Django would list every message that refers to it."""
        needed = [template.name for template in objs if is_in_use(template.pk)]
        if not needed:
            return super().get_deleted_objects(objs, request)
        words = _("Messages and attempts that use %(names)s: they show which text was sent.")
        advice = _("Set its approvals to “ended” instead: then no new message uses it.")
        return [], {}, set(), [f"{words % {'names': ', '.join(needed)}} {advice}"]

    def save_model(self, request: HttpRequest, obj: MessageTemplate, form: forms.ModelForm, change: bool) -> None:
        obj.save(author=request.user)

    @display(description=_("approvals"), label=True)
    def approved_at(self, template: MessageTemplate) -> list[str]:
        return template_approvals_label(template)

    @display(description=_("version"))
    def version(self, template: MessageTemplate) -> Any:
        return template.current_version.number if template.current_version else ""
