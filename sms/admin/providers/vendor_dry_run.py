"""The dry run of a vendor's description: the request for a message, and what an answer or a callback means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from sms.admin.common.base import typed
from sms.admin.common.page import page, require_permission
from sms.admin.common.phone_numbers import NumberField
from sms.services.vendors.dry_run import DryRun

from .vendor_descriptions import DescriptionField

LONGEST = 64 * 1024


def _lines(label: Any, rows: int = 4, **facts: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "spellcheck": "false", "class": "admin-source"})
    return forms.CharField(label=label, required=False, max_length=LONGEST, strip=False, widget=widget, **facts)


class DryRunForm(forms.Form):
    text = DescriptionField(
        max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "admin-source"})
    )
    sender = forms.CharField(label=_("Sender name"), max_length=64, required=False)
    to = NumberField(label=capfirst(_("to")), initial="+994501234567")
    sms = _lines(_("Text"), initial="Salam")
    vendor_template = forms.CharField(label=_("The vendor's id of the template"), max_length=200, required=False)
    parameters = _lines(_("Parameters"), help_text=_("One a line, such as: name = Aysel"))
    status = forms.IntegerField(
        label=_("Answer: HTTP status"), required=False, min_value=100, max_value=599, help_text=_("Empty: no answer.")
    )
    answer_headers = _lines(_("Answer: headers"), help_text=_("One a line, such as: Content-Type: application/json"))
    answer_body = _lines(_("Answer: body"), rows=6)
    method = forms.ChoiceField(label=_("Callback: method"), choices=[("POST", "POST"), ("GET", "GET")], required=False)
    query = forms.CharField(label=_("Callback: query"), max_length=2000, required=False)
    callback_headers = _lines(_("Callback: headers"))
    callback_body = _lines(_("Callback: body"), rows=6)

    def clean_parameters(self) -> tuple[tuple[str, str], ...]:
        return tuple(_pairs(self.cleaned_data["parameters"], "="))

    def clean_answer_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in _pairs(self.cleaned_data["answer_headers"], ":")}

    def clean_callback_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in _pairs(self.cleaned_data["callback_headers"], ":")}

    def clean(self) -> None:
        try:
            self.dry_run = DryRun(self.cleaned_data["text"]) if "text" in self.cleaned_data else None
        except ValidationError as error:
            self.add_error(None, error)

    def results(self) -> dict[str, Any]:
        """The results for the page: those of an answer and a callback only where one was given."""
        values, dry_run = self.cleaned_data, self.dry_run
        facts = {name: values[name] for name in ("sender", "to", "parameters")}
        request = dry_run.request(text=typed(values["sms"]), vendor_template=values["vendor_template"] or None, **facts)
        found: dict[str, Any] = {"request": request}
        if values["status"]:
            found["answer"] = dry_run.answer(values["status"], values["answer_headers"], values["answer_body"])
        if values["query"] or values["callback_body"]:
            call = (values["query"], values["callback_headers"], values["callback_body"])
            found["callback"] = dry_run.callback(values["method"] or "POST", *call)
        return found


def _pairs(text: str, sign: str) -> list[tuple[str, str]]:
    """The name and the value in each line."""
    lines = [line.partition(sign) for line in text.splitlines() if line.strip()]
    if wrong := next((name for name, found, _value in lines if not found or not name.strip()), None):
        raise ValidationError(_("%(line)s has no name and value. Write them on both sides of %(sign)s."),
                              params={"line": wrong[:60], "sign": sign})  # fmt: skip
    return [(name.strip(), value.strip()) for name, _found, value in lines]


@require_permission("sms.change_vendordescription")
def show(request: HttpRequest) -> HttpResponse:
    """The form of a description posts its text here, saved or not, with `draft`."""
    is_draft = "draft" in request.POST
    form = DryRunForm(initial={"text": request.POST.get("text", "")}) if is_draft else DryRunForm(request.POST or None)
    results = form.results() if form.is_bound and form.is_valid() else {}
    return page(request, "vendor_dry_run", _("Dry run of a vendor description"), form=form, results=results)
