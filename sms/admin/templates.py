"""Templates: the text, its versions, and where it is approved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.domain.templates import Body, TemplateError, parse_body, parse_kinds
from sms.models import MessageTemplate, TemplateApproval, TemplateVersion
from sms.services.approvals import approval_problems

from .approvals import ApprovalFilter, ApprovedAtFilter, approvals_label
from .base import DeskAdmin, LookOnlyInline, RowsInline


class TemplateForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        """Read the body as the live path will, and say what is wrong with it in the same words."""
        values = super().clean() or self.cleaned_data
        if "body" in values and "placeholders" in values:
            try:
                self.instance.parsed = parse_body(values["body"], parse_kinds(values["placeholders"] or {}))
            except TemplateError as error:
                self.add_error("body", str(error))
        return values


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
    fields = ("name", "body", "placeholders")
    inlines = (ApprovalInline, VersionInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        approvals = Prefetch("approvals", queryset=TemplateApproval.objects.order_by("provider_id"))
        return super().get_queryset(request).select_related("current_version").prefetch_related(approvals)

    def save_model(self, request: HttpRequest, obj: MessageTemplate, form: forms.ModelForm, change: bool) -> None:
        obj.save(author=request.user)

    @display(description=_("approvals"), label=True)
    def approved_at(self, template: MessageTemplate) -> list[str]:
        return approvals_label(template.approvals.all())

    @display(description=_("version"))
    def version(self, template: MessageTemplate) -> Any:
        return template.current_version.number if template.current_version else ""
