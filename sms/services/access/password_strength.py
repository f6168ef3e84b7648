"""Refuses passwords that are common, or made of common parts, by the lists of the zxcvbn package (no network)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

LEAST_GUESSES = 10**10
"""What an attacker with a stolen database tries in days, even against a slow hash."""
LONGEST = 72
"""Only so many characters are checked. Further ones can't make a password weaker."""
PRODUCT = ("sms desk", "smsdesk", "akinon", "admin")


class StrengthValidator:
    """For AUTH_PASSWORD_VALIDATORS. Django's list has whole passwords only, most shorter than twelve characters."""

    def validate(self, password: str, user: Any = None) -> None:
        known = [str(getattr(user, name, "") or "") for name in ("username", "first_name", "last_name", "email")]
        found = zxcvbn(password[:LONGEST], user_inputs=[*PRODUCT, *filter(None, known)])
        if found["guesses"] < LEAST_GUESSES:
            raise ValidationError(
                _("This password is common or easy to guess. Use four or more random words."), code="password_weak"
            )

    def get_help_text(self) -> str:
        return _("Your password can't be a common one, nor be made of common passwords, names, dates or sequences.")
