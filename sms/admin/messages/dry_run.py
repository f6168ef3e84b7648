"""Dry run of a text through routing and matching, and sending it to one's own number."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from sms.admin.common import privacy
from sms.admin.common.base import EscapedCharField
from sms.admin.common.filters import provider_choices
from sms.admin.common.page import page, require_permission
from sms.admin.common.phone_numbers import NumberField
from sms.domain.codes import BY_NAME, Refusal
from sms.domain.newline_escape import normalise
from sms.domain.text import escaped, forbidden_in_text
from sms.services.configuration import snapshot
from sms.services.intake import accept
from sms.services.staff import dry_run
from sms.translation import translated

SEND = "sms.send_test"
LONGEST = 1600


class TextForm(forms.Form):
    client = forms.ChoiceField(label=_("Client"))
    sender = forms.CharField(label=_("Sender name"), max_length=64)
    to = NumberField(label=capfirst(_("to")), help_text=_("+ and the whole number, such as +994501234567."))
    text = EscapedCharField(label=_("Text"), strip=False, widget=forms.Textarea(attrs={"rows": 6}))
    is_otp = forms.BooleanField(label=_("One-time password"), required=False)
    provider = forms.ChoiceField(label=_("Provider"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = snapshot.current()
        self.fields["client"].choices = [(name, name) for name in sorted(now.clients)]
        self.fields["sender"].initial = next(iter(sorted(now.sender_names)), "")
        self.fields["provider"].choices = [("", _("Use routing rules")), *provider_choices()]
        self.senders = sorted(now.sender_names)

    def clean_text(self) -> str:
        text = self.cleaned_data["text"]
        bad = forbidden_in_text(normalise(text, "off"))
        if bad:
            raise ValidationError(_("A text can't contain the character %(c)s."), params={"c": escaped(bad)})
        return text

    def clean(self) -> None:
        """Validated as a client's text, after `/n` has become new lines."""
        values = self.cleaned_data
        if not {"client", "text"} <= values.keys():
            return
        text = normalise(values["text"], snapshot.current().clients[values["client"]].newline_escape)
        if not text.strip():
            self.add_error("text", _("The text is blank."))
        elif len(text) > LONGEST:
            self.add_error("text", _("At most 1,600 characters."))

    @property
    def facts(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "raw_text": values["text"],
            "sender": values["sender"],
            "to": values["to"],
            "client": snapshot.current().clients[values["client"]],
            "is_otp": values["is_otp"],
            "sees_numbers": privacy.sees_numbers(),
            "provider": int(values["provider"]) if values["provider"] else None,
        }


@require_permission("sms.see_shapes")
def show(request: HttpRequest) -> HttpResponse:
    """The dry run is a POST request, so that no text or number is part of a URL."""
    form = TextForm(request.POST or None, initial={"provider": request.GET.get("provider", "")})
    told = dry_run.explain(**form.facts) if request.method == "POST" and form.is_valid() else None
    if told is not None and "send" in request.POST:
        return _send(request, form)
    code = BY_NAME.get(told.code) if told and told.code else None
    return page(request, "dry_run", _("Test a text"), form=form, told=told, code=code, may_send=may_send(request))


def may_send(request: HttpRequest) -> bool:
    """Only users who see numbers: the result may say that this one is on the block list."""
    return request.user.has_perms([SEND, privacy.SEE_NUMBERS])


def _send(request: HttpRequest, form: TextForm) -> HttpResponse:
    """Accept the message as a client's message, marked as a test."""
    if not may_send(request):
        raise PermissionDenied
    facts = form.facts
    if facts["is_otp"] or request.POST.get("confirm") != "yes":
        messages.error(
            request, _("Confirm that the number is yours. A one-time password can't be sent from this page.")
        )
        return page(request, "dry_run", _("Test a text"), form=form, told=dry_run.explain(**facts), may_send=True)
    text = normalise(facts["raw_text"], facts["client"].newline_escape)
    call = accept.SendRequest(
        client=facts["client"],
        request_id=f"admin-{request.user.pk}-{uuid.uuid4().hex[:12]}",
        may_repeat=False,
        api_version="",
        fields=accept.Fields(facts["sender"], facts["to"], facts["raw_text"], text, False),
        is_test=True,
        provider=facts["provider"],
    )
    try:
        accepted = accept.accept(call)
    except Refusal as refusal:
        messages.error(request, f"{refusal.code.name}: {translated(refusal.code.message)}")
        return page(request, "dry_run", _("Test a text"), form=form, told=dry_run.explain(**facts), may_send=True)
    messages.success(request, _("The test message is queued. This page shows its progress."))
    return redirect("admin:sms_message_change", accepted.id)
