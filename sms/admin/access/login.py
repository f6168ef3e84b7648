"""Logging in: password, and the code of a second factor from those who have one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from django_otp import match_token, user_has_device
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget


class LoginForm(AuthenticationForm):
    otp_token = forms.CharField(
        label=_("Code of your second factor"),
        required=False,
        max_length=10,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        help_text=_("Only if you have set one up."),
    )

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        # Django shows this length to the browser and does not check it. Failed log-ins are stored with the name.
        username = self.fields["username"]
        username.validators.append(MaxLengthValidator(username.max_length))

    def clean(self) -> dict[str, Any]:
        """The password first; whoever has a second factor needs its code too, whatever REQUIRE_2FA says."""
        values = super().clean()
        user = self.get_user()
        if user is not None and user_has_device(user):
            user.otp_device = self._checked_device(user, values.get("otp_token", "").replace(" ", ""))
        return values

    def _checked_device(self, user: Any, token: str) -> Any:
        if not token:
            raise ValidationError(_("Type the code that your second factor shows now."), code="otp_missing")
        device = match_token(user, token)
        if device is None:
            words = _("This code is not the right one. After wrong ones, wait a moment before the next.")
            raise ValidationError(words, code="otp_wrong")
        return device
