"""Invitations: a link through which a person sets a password, without anybody else knowing one.

Django's tokens for password resets fit: a token is signed, contains no secret of ours, ends after three days
(`PASSWORD_RESET_TIMEOUT`), and is void once the password has changed.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator as tokens
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode


def invite(person: User) -> str:
    """The path of a new link. The person's password, sessions and earlier links end."""
    person.set_unusable_password()
    person.save(update_fields=["password"])
    key = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse("admin:invitation", args=(key, tokens.make_token(person)))
