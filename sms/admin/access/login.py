"""The log-in form: password, and an authentication code for users with two-factor authentication."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from django_otp import user_has_device
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from sms.services.access.login_protection import LoginPlace
from sms.services.access.second_factor import matching_device


class LoginForm(AuthenticationForm):
    otp_token = forms.CharField(
        label=_("Authentication code"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code"}),
        help_text=_("Only if you have turned on two-factor authentication. A recovery code works, too."),
    )

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        # Django sends this length to the browser but does not validate it. Failed log-ins are stored with the name.
        username = self.fields["username"]
        username.validators.append(MaxLengthValidator(username.max_length))

    def clean(self) -> dict[str, Any]:
        """Check the password, then the code of users with a device, whatever REQUIRE_2FA says."""
        values = super().clean()
        user = self.get_user()
        if user is not None and user_has_device(user):
            user.otp_device = self._checked_device(user, values.get("otp_token", ""))
        return values

    def _checked_device(self, user: Any, token: str) -> Any:
        if not token:
            raise ValidationError(_("Enter the code that your authenticator app shows now."), code="otp_missing")
        place = LoginPlace(self.request, user.get_username())
        device = matching_device(user, token) if place.may_try_code() else None
        if device is None:
            place.count_wrong_code(self.request, user.get_username())
            words = _("This code is wrong. After many wrong codes, correct ones are rejected too, for 15 minutes.")
            raise ValidationError(words, code="otp_wrong")
        return device
