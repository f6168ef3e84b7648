"""Unmatched texts, grouped and counted. A new template can be created from a group."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.base import EscapedCharField
from sms.admin.common.filters import provider_choices
from sms.admin.common.page import page, require_permission
from sms.services.staff import message_actions as message_services
from sms.services.templates import unmatched

MAX_SHOWN = 100
RELEASE = "sms.cancel_message"


@require_permission("sms.see_shapes")
def show(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _release(request)
    groups = [(each, _template_address(each)) for each in unmatched.groups()[:MAX_SHOWN]]
    may = {
        "make": request.user.has_perm("sms.add_messagetemplate"),
        "release": request.user.has_perm(RELEASE),
    }
    return page(request, "unmatched", _("Unmatched texts"), groups=groups, may=may, providers=provider_choices())


def _template_address(each: unmatched.Unmatched) -> str:
    """The URL of the editor, filled with literals and placeholders guessed from the group."""
    body, kinds = unmatched.template_of(each.texts)
    return f"{reverse('admin:sms_messagetemplate_add')}?{urlencode({'body': body, 'placeholders': json.dumps(kinds)})}"


class ReleaseForm(forms.Form):
    skeleton = EscapedCharField(strip=False)
    provider = forms.ChoiceField(required=False)
    reason = EscapedCharField(max_length=500)

    def __init__(self, data: object) -> None:
        super().__init__(data)
        self.fields["provider"].choices = [("", ""), *provider_choices()]


def _release(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(RELEASE):
        raise PermissionDenied
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter a reason. It is stored with each message."))
        return redirect("admin:tools_unmatched")
    wanted = form.cleaned_data["skeleton"]
    held = next((each.held for each in unmatched.groups() if each.skeleton == wanted), ())
    provider = form.cleaned_data["provider"]
    released = message_services.release_held(
        held,
        provider_id=int(provider) if provider else None,
        actor=request.user.get_username(),
        reason=form.cleaned_data["reason"],
    )
    words = _("%(released)d of %(held)d messages are queued.") % {"released": released, "held": len(held)}
    messages.success(request, words) if released else messages.error(request, words)
    return redirect("admin:tools_unmatched")
