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

from sms.admin.common.approvals import (
    ApprovedAtFilter,
    TemplateApprovalFilter,
    template_approvals_label,
    with_approvals,
)
from sms.admin.common.base import BaseAdmin, ReadOnlyInline, RowsInline
from sms.admin.common.csv_export import streamed
from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.models import ConfirmedHow, MessageTemplate, TemplateApproval, TemplateApprovalStatus, TemplateVersion
from sms.services.templates import csv_format
from sms.services.templates.approvals import (
    approval_problems,
    bind,
    compared,
    confirm,
    is_in_use,
    registered_body,
    same_id,
)
from sms.services.templates.unmatched import ApprovedText, approved_texts, recent_texts, replay_of


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
        self.instance.save_anyway = values.get("save_anyway", False)
        return values


class ApprovalForm(forms.ModelForm):
    """One approval. What was approved once keeps its provider and id: another id is another approval."""

    confirmed = forms.BooleanField(
        label=_("The vendor has the text of now"),
        required=False,
        help_text=_("Tick this once the vendor has approved the template's current text under this very id."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.version_id is not None:
            for name in ("provider", "vendor_template"):
                self.fields[name].disabled = True

    @property
    def is_renewed(self) -> bool:
        """Whether this says anew which text the vendor has."""
        says_text = bool(self.instance.text) and bool({"text", "parameters"} & set(self.changed_data))
        return says_text or self.cleaned_data.get("confirmed", False)


class ApprovalFormSet(BaseInlineFormSet):
    user: Any = None

    def clean(self) -> None:
        """An approval that its vendor can never carry is refused with the reason; so is one that would lose texts."""
        super().clean()
        current: Body | None = getattr(self.instance, "parsed", None)
        if current is None:
            return
        for form in self.forms:
            wanted = getattr(form, "cleaned_data", {})
            if wanted.get("DELETE"):
                self._check_deletion(form)
            elif wanted.get("provider"):
                _check(form, current)
        if not any(self.errors) and not self.instance.save_anyway:
            self._ask_before_texts_are_lost()

    def _check_deletion(self, form: ApprovalForm) -> None:
        if form.instance.version_id is not None:
            form.add_error("status", ValidationError(_("It was approved once: set it to “ended” instead.")))
            raise ValidationError(_("An approval that was in use is ended, not deleted: messages were sent with it."))

    def _ask_before_texts_are_lost(self) -> None:
        """Replayed on what came in lately: a change that takes texts away is saved on a second, knowing try."""
        now = approved_texts()
        then = self._approved_then(now)
        if [(each.approval, each.body) for each in then] == [(each.approval, each.body) for each in now]:
            return
        told = replay_of(now, then, recent_texts())
        if told.lost or told.ties:
            words = _("%(lost)d kinds of text of the last days would match no longer, %(ties)d would tie. ")
            advice = _("Tick “save although texts would be lost” to save.")
            raise ValidationError(f"{words % {'lost': len(told.lost), 'ties': len(told.ties)}}{advice}")

    def _approved_then(self, now: list[ApprovedText]) -> list[ApprovedText]:
        """The approved texts as they would be."""
        named = {form.instance.pk for form in self.forms}
        then = [each for each in now if each.approval not in named]
        for form in self.forms:
            body = getattr(form, "registered", None)
            if body is not None and form.instance.status == TemplateApprovalStatus.APPROVED:
                then.append(ApprovedText(form.instance.pk, self.instance.name, body))
        return sorted(then, key=lambda each: (each.approval is None, each.approval))

    def save_new(self, form: ApprovalForm, commit: bool = True) -> TemplateApproval:
        form.instance.template = self.instance
        self._bind(form)
        return super().save_new(form, commit)

    def save_existing(self, form: ApprovalForm, obj: TemplateApproval, commit: bool = True) -> TemplateApproval:
        self._bind(form)
        return super().save_existing(form, obj, commit)

    def _bind(self, form: ApprovalForm) -> None:
        """The template is stored by now, so the approval can name one of its versions."""
        approval = form.instance
        bind(approval, form.registered)
        if approval.status == TemplateApprovalStatus.APPROVED and set(form.changed_data) - {"note"}:
            confirm(approval, by=self.user.get_username(), how=ConfirmedHow.ADMIN)


def _check(form: ApprovalForm, current: Body) -> None:
    approval = form.instance
    try:
        form.registered = registered_body(approval, current, renewed=form.is_renewed)
    except TemplateError as error:
        form.add_error("text", str(error))
        return
    if form.cleaned_data.get("confirmed") and compared(form.registered.source) != compared(current.source):
        form.add_error("text", _("This is not the template's text of now. Correct it, or do not tick the box."))
    problems = approval_problems(
        form.registered,
        approval.provider.adapter_class,
        vendor_template=approval.vendor_template,
        parameters=approval.parameters or [],
        status=approval.status,
    )
    for field, words in problems:
        form.add_error(field, ValidationError(words))
    if not problems and (other := same_id(approval, form.registered)):
        words = _("This id is approved for another text, of template %(name)s. End that approval first.")
        form.add_error("vendor_template", words % {"name": other.template.name})


class ApprovalInline(RowsInline):
    model = TemplateApproval
    form = ApprovalForm
    formset = ApprovalFormSet
    fields = ("provider", "status", "vendor_template", "text", "parameters", "confirmed", "in_use", "note")
    readonly_fields = ("in_use",)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> type[BaseInlineFormSet]:
        formset = super().get_formset(request, obj, **kwargs)
        formset.user = request.user
        return formset

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateApproval]:
        return super().get_queryset(request).select_related("version", "provider", "template")

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("parameters", "text"):
            field.widget.attrs["rows"] = 1 if db_field.name == "parameters" else 2
        return field

    @display(description=_("text in use"))
    def in_use(self, approval: TemplateApproval) -> str:
        """Which text the vendor sends, since when, and who said so."""
        if approval.version is None:
            return "—"
        facts = [
            str(_("version %(number)d: %(body)s")) % {"number": approval.version.number, "body": approval.version.body}
        ]
        if approval.approved_at:
            facts.append(str(_("approved %(day)s")) % {"day": approval.approved_at.date()})
        if approval.needs_confirmation:
            facts.append(str(_("NOT CONFIRMED since the text changed")))
        elif approval.confirmed_at:
            by = approval.confirmed_by or approval.get_confirmed_how_display()
            facts.append(str(_("confirmed %(day)s %(by)s")) % {"day": approval.confirmed_at.date(), "by": by})
        return "; ".join(facts)


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
    change_form_template = "sms/template_form.html"
    inlines = (ApprovalInline, VersionInline)

    def get_urls(self) -> list[Any]:
        export = path("export/", self.admin_site.admin_view(self.export), name="sms_messagetemplate_export")
        return [export, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponse:
        """All of them: the file can be taken back by the import."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return streamed("templates.csv", csv_format.COLUMNS, csv_format.rows())

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
        return with_approvals(
            super().get_queryset(request).select_related("current_version"), TemplateApproval, "version"
        )

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
        advice = _("Set its approvals to “ended” instead: then it gives no text any more.")
        return [], {}, set(), [f"{words % {'names': ', '.join(needed)}}{advice}"]

    def save_model(self, request: HttpRequest, obj: MessageTemplate, form: forms.ModelForm, change: bool) -> None:
        obj.save(author=request.user)

    @display(description=_("approvals"), label=True)
    def approved_at(self, template: MessageTemplate) -> list[str]:
        return template_approvals_label(template)

    @display(description=_("version"))
    def version(self, template: MessageTemplate) -> Any:
        return template.current_version.number if template.current_version else ""
