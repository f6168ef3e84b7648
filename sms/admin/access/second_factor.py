"""The page on which staff set up two-factor authentication with an authenticator app (TOTP)."""

from __future__ import annotations

import base64

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django_otp import login as verified
from django_otp.plugins.otp_totp.models import TOTPDevice

from sms.admin.common.privacy import reader

from .password_again import asks_password


class CodeForm(forms.Form):
    code = forms.CharField(max_length=10)


@never_cache
@csrf_protect
def enrol(request: HttpRequest) -> HttpResponse:
    """Create a secret on request and show it until a valid code confirms that the app has it."""
    if not (request.user.is_active and request.user.is_staff):
        return redirect_to_login(request.get_full_path(), "/admin/login/")
    reader.set(request)
    return _change(request)


@asks_password
def _change(request: HttpRequest) -> HttpResponse:
    if TOTPDevice.objects.filter(user=request.user, confirmed=True).exists():
        return _page(request, None)
    device = TOTPDevice.objects.filter(user=request.user, confirmed=False).first()
    if request.method == "POST" and device is None:
        device = TOTPDevice.objects.create(user=request.user, name="App", confirmed=False)
    elif request.method == "POST" and device is not None:
        if _confirm(request, device):
            return redirect("admin:index")
        messages.error(request, _("This code is wrong. Check the clock of your phone."))
    return _page(request, device, begins=device is None)


def _confirm(request: HttpRequest, device: TOTPDevice) -> bool:
    form = CodeForm(request.POST)
    if not (form.is_valid() and device.verify_token(form.cleaned_data["code"].replace(" ", ""))):
        return False
    device.confirmed = True
    device.save()
    verified(request, device)
    messages.success(request, _("Two-factor authentication is on. The next log-in asks for a code."))
    return True


def _page(request: HttpRequest, device: TOTPDevice | None, *, begins: bool = False) -> HttpResponse:
    secret = base64.b32encode(device.bin_key).decode().rstrip("=") if device else ""
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    context = {
        "title": _("Two-factor authentication"),
        "secret": grouped,
        "begins": begins,
        "uri": device.config_url if device else "",
    }
    return TemplateResponse(
        request, "sms/second_factor.html", {**admin.site.each_context(request), **context, "has_permission": True}
    )
