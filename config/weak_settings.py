"""Refuses to start with settings that are too weak for a public installation, and names each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET = 32
SHORTEST_WEBHOOK_SECRET = 16
FEWEST_DIFFERENT = 10
"""The fewest different characters or bytes of a key. Random keys have far more."""
HOW_TO = 'Make one: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


def refuse_weak(*, debug: bool, secret_key: str, encryption_keys: Sequence[str], webhook_secret: str) -> None:
    """For an https PUBLIC_URL. Raises ImproperlyConfigured, which shows no value."""
    problems = [
        *(["DEBUG is on: error pages would show settings and code to strangers. Turn it off."] if debug else ()),
        *_secret_key(secret_key),
        *_encryption_keys(encryption_keys),
        *_webhook_secret(webhook_secret),
    ]
    if problems:
        raise ImproperlyConfigured("\n".join(["PUBLIC_URL is https, and these settings are not safe:", *problems]))


def _secret_key(key: str) -> Iterator[str]:
    if len(key) < SHORTEST_SECRET:
        yield f"SECRET_KEY has {len(key)} characters; at least {SHORTEST_SECRET} are needed. {HOW_TO}"
    elif len(set(key)) < FEWEST_DIFFERENT or key.startswith("django-insecure-"):
        yield f"SECRET_KEY can be guessed. {HOW_TO}"


def _encryption_keys(keys: Sequence[str]) -> Iterator[str]:
    for place, key in enumerate(keys, 1):
        try:
            Fernet(key)
            is_weak = len(set(key)) < FEWEST_DIFFERENT
        except ValueError:
            is_weak = True
        if is_weak:
            which = f"Key {place} of {len(keys)} of FIELD_ENCRYPTION_KEYS"
            yield f"{which} is no random Fernet key (32 bytes, URL-safe base64; sms.E002). See .env.example."


def _webhook_secret(secret: str) -> Iterator[str]:
    if secret and len(secret) < SHORTEST_WEBHOOK_SECRET:
        words = f"has {len(secret)} characters; at least {SHORTEST_WEBHOOK_SECRET} are needed."
        yield f"ALERT_WEBHOOK_SECRET {words} {HOW_TO}"
