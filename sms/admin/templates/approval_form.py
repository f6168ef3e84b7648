"""The approvals on a template's page: one card for each text that a vendor has registered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from providers.registry import SENDERS
from sms.admin.common.base import StackInline
from sms.domain.matching.templates import Body, TemplateError
from sms.models import ConfirmedHow, MessageTemplate, Provider, TemplateApproval, TemplateApprovalStatus
from sms.services.templates.approvals import (
    approval_problems,
    bind,
    compared,
    confirm,
    registered_body,
    same_id,
    unconfirmed_days,
)
from sms.services.templates.effect import effect
from sms.services.templates.preview import names_of
from sms.services.templates.unmatched import ApprovedText, approved_texts
from sms.translation import translated

from .approvals import doubt_words
from .fields import PARAMETERS_HELP, ParametersField, parameters_in_words, resolved


class ApprovalForm(forms.ModelForm):
    """One approval. Once it was approved, its provider and id can't change: another id is another approval."""

    parameters = ParametersField(label=_("Parameters"), required=False, help_text=PARAMETERS_HELP)
    confirmed = forms.BooleanField(
        label=_("The vendor has approved the current text"),
        required=False,
        help_text=_("Tick this once the vendor has approved the template's current text under this id."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.version_id is not None:
            for name in ("provider", "vendor_template"):
                self.fields[name].disabled = True
        self._show_parameters()

    def _show_parameters(self) -> None:
        """A row for each parameter of the text that the approval stands for."""
        if "parameters" not in self.fields:
            return
        widget: Any = self.fields["parameters"].widget
        current, registered = self.current_names(), self.registered_names()
        widget.names = list(dict.fromkeys([*registered, *current]))
        widget.usual = max((registered, current), key=len) if self.is_bound else registered
        if self.instance.provider_id is not None:
            widget.is_named = self.instance.provider.adapter_class.names_parameters

    def current_names(self) -> list[str]:
        """The placeholders of the template's body as it stands in the form."""
        template = getattr(self.instance, "template", None) if self.instance.template_id else None
        body = self.data.get("body") if self.is_bound else None
        return names_of(body if body is not None else template.body if template else "")

    def registered_names(self) -> list[str]:
        version = self.instance.version
        return names_of(version.body) if version else self.current_names()

    @property
    def is_renewed(self) -> bool:
        """Whether the form states again which text the vendor has."""
        says_text = bool(self.instance.text) and bool({"text", "parameters"} & set(self.changed_data))
        return says_text or self.cleaned_data.get("confirmed", False)

    def resolve_parameters(self, current: Body) -> None:
        """Fill empty positions with the next placeholders. The form's fields know only the pairs."""
        if "parameters" not in self.changed_data:
            self.instance.parameters = self.initial.get("parameters") or []
            return
        is_of_now = self.instance.version is None or self.is_renewed
        names = list(current.names) if is_of_now else self.registered_names()
        self.instance.parameters = resolved(self.cleaned_data.get("parameters") or [], names)


class ApprovalFormSet(BaseInlineFormSet):
    user: Any = None

    def clean(self) -> None:
        """Reject an approval that its vendor can never send, and one after which texts would be rejected."""
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
        """Replay the last week: a change after which texts would be rejected is saved only if staff confirm it."""
        now = approved_texts()
        told = effect(now, self._approved_then(now))
        if told.is_harmful:
            advice = _("Tick “Save although texts would be rejected” to save.")
            raise ValidationError(f"{translated(told)} {advice}")

    def _approved_then(self, now: list[ApprovedText]) -> list[ApprovedText]:
        """The approved texts as they would be after the change."""
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
        """The template is already stored, so the approval can refer to one of its versions."""
        approval = form.instance
        bind(approval, form.registered)
        if approval.status == TemplateApprovalStatus.APPROVED and set(form.changed_data) - {"note"}:
            confirm(approval, by=self.user.get_username(), how=ConfirmedHow.ADMIN)


def _check(form: ApprovalForm, current: Body) -> None:
    approval = form.instance
    form.resolve_parameters(current)
    try:
        form.registered = registered_body(approval, current, renewed=form.is_renewed)
    except TemplateError as error:
        form.add_error("text", translated(error))
        return
    if form.cleaned_data.get("confirmed") and compared(form.registered.source) != compared(current.source):
        form.add_error("text", _("This is not the template's current text. Correct it, or do not tick the box."))
    problems = approval_problems(approval, form.registered)
    for field, words in problems:
        form.add_error(field, ValidationError(translated(words)))
    if not problems and (other := same_id(approval, form.registered)):
        words = _("This id is approved for another text, of template %(name)s. End that approval first.")
        form.add_error("vendor_template", words % {"name": other.template.name})


class ApprovalInline(StackInline):
    model = TemplateApproval
    form = ApprovalForm
    formset = ApprovalFormSet
    hide_title = False
    fields = (
        ("provider", "status"),
        ("vendor_template", "note"),
        "text",
        "parameters",
        "in_use",
        "in_doubt",
        "confirmed",
    )
    readonly_fields = ("in_use", "in_doubt", "order")
    verbose_name_plural = _("Approvals: the texts that vendors have registered")

    def get_fields(self, request: HttpRequest, obj: MessageTemplate | None = None) -> Any:
        """Users who may only view it see the parameters as text."""
        if self.has_change_permission(request, obj):
            return self.fields
        return (("provider", "status"), ("vendor_template", "note"), "text", "order", "in_use", "in_doubt")

    @display(description=_("Parameters"))
    def order(self, approval: TemplateApproval) -> str:
        return parameters_in_words(approval.parameters)

    def get_extra(self, request: HttpRequest, obj: MessageTemplate | None = None, **kwargs: Any) -> int:
        """One empty card if the request asks for it: this adds an approval without JavaScript."""
        return 1 if request.method == "GET" and "add_approval" in request.GET else 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> type[BaseInlineFormSet]:
        formset = super().get_formset(request, obj, **kwargs)
        formset.user = request.user
        return formset

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateApproval]:
        return super().get_queryset(request).select_related("version", "provider", "template", "doubt")

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "text":
            field.widget.attrs["rows"] = 2
        if db_field.name == "provider":
            field.widget.attrs["data-named"] = " ".join(map(str, providers_with_names()))
        return field

    @display(description=_("text in use"))
    def in_use(self, approval: TemplateApproval) -> Any:
        """One line for each approval: which text the vendor sends, since when, and who confirmed it."""
        if approval.version is None:
            return "—"
        return format_html_join("", '<span class="fact">{}</span>', ((fact,) for fact in _facts(approval)))

    @display(description=_("doubt"))
    def in_doubt(self, approval: TemplateApproval) -> str:
        return doubt_words(approval) or "—"


def providers_with_names() -> list[int]:
    """The providers whose vendors name their parameters."""
    named = [slug for slug, vendor in sorted(SENDERS.items()) if vendor.names_parameters]
    return list(Provider.objects.filter(vendor__in=named).values_list("pk", flat=True))


def _facts(approval: TemplateApproval) -> list[str]:
    version = approval.version
    facts = [str(_("version %(number)d: %(body)s")) % {"number": version.number, "body": version.body}]
    if approval.approved_at:
        facts.append(str(_("approved %(day)s")) % {"day": localdate(approval.approved_at)})
    if approval.needs_confirmation:
        facts.append(str(_("NOT CONFIRMED since the text changed")))
    elif approval.confirmed_at:
        by = approval.confirmed_by or approval.get_confirmed_how_display()
        facts.append(str(_("confirmed %(day)s %(by)s")) % {"day": localdate(approval.confirmed_at), "by": by})
    if (days := unconfirmed_days(approval)) is not None:
        facts.append(_unconfirmed_words(days))
    return facts


def _unconfirmed_words(days: int) -> str:
    if days < 0:
        return str(_("approved before this was recorded, never confirmed since"))
    return str(_("last confirmed %(days)d days ago: ask the vendor whether it still has this text")) % {"days": days}
