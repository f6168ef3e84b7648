"""The page on which staff set up two-factor authentication with an authenticator app (TOTP)."""

from __future__ import annotations

import base64
from typing import Any

import segno
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django_otp import login as verified
from django_otp.plugins.otp_totp.models import TOTPDevice

from sms.admin.common.privacy import reader
from sms.services.access import second_factor

from .password_again import asks_password


class CodeForm(forms.Form):
    code = forms.CharField(max_length=10)


@never_cache
@csrf_protect
def enrol(request: HttpRequest) -> HttpResponse:
    if not (request.user.is_active and request.user.is_staff):
        return redirect_to_login(request.get_full_path(), "/admin/login/")
    reader.set(request)
    return _change(request)


@asks_password
def _change(request: HttpRequest) -> HttpResponse:
    """Create a secret on request and show it until a valid code confirms that the app has it."""
    if second_factor.has_app(request.user):
        return _is_on(request)
    device = TOTPDevice.objects.filter(user=request.user, confirmed=False).first()
    begins = device is None
    if request.method == "POST" and device is None:
        device = TOTPDevice.objects.create(user=request.user, name="App", confirmed=False)
    elif request.method == "POST" and device is not None:
        if _confirm(request, device):
            return _recovery_codes(request)
        messages.error(request, _("This code is wrong. Check the clock of your phone."))
    return _page(request, **_shown(device)) if device else _page(request, begins=begins)


def ask_for_second_factor(request: HttpRequest) -> None:
    """Say at the log-in from which day two-factor authentication is required."""
    user = request.user
    if second_factor.is_asked_for(user) and not second_factor.has_app(user):
        text = _('You need two-factor authentication from {} on. <a class="underline" href="{}">Set it up now</a>.')
        day = date_format(second_factor.required_from(user).date())
        messages.warning(request, format_html(text, day, reverse("admin:second_factor")))


def _confirm(request: HttpRequest, device: TOTPDevice) -> bool:
    form = CodeForm(request.POST)
    if not (form.is_valid() and device.verify_token(form.cleaned_data["code"].replace(" ", ""))):
        return False
    device.confirmed = True
    device.save()
    verified(request, device)
    messages.success(request, _("Two-factor authentication is on. The next log-in asks for a code."))
    return True


def _is_on(request: HttpRequest) -> HttpResponse:
    """New recovery codes only for a session that entered a code: with a stolen password they would replace the app."""
    is_verified = request.user.is_verified()
    if request.method == "POST" and is_verified:
        return _recovery_codes(request)
    left = second_factor.recovery_codes_left(request.user)
    return _page(request, is_on=True, is_verified=is_verified, codes_left=left)


def _recovery_codes(request: HttpRequest) -> HttpResponse:
    return _page(request, codes=second_factor.new_recovery_codes(request.user))


def _shown(device: TOTPDevice) -> dict[str, str]:
    secret = base64.b32encode(device.bin_key).decode().rstrip("=")
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"secret": grouped, "uri": device.config_url, "qr_code": _qr_code(device.config_url)}


def _qr_code(uri: str) -> str:
    """With a light border of its own, which scanners need, also in the dark theme."""
    return segno.make(uri, micro=False).svg_data_uri(scale=4, border=4, light="#fff", dark="#000")


def _page(request: HttpRequest, **context: Any) -> HttpResponse:
    title = _("Two-factor authentication")
    context |= {**admin.site.each_context(request), "title": title, "has_permission": True}
    return TemplateResponse(request, "sms/second_factor.html", context)
