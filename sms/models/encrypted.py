"""A JSON field that is encrypted in the database."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class UndecryptableError(Exception):
    """A stored value that no key of FIELD_ENCRYPTION_KEYS decrypts."""


class UnreadableSecret(dict[str, Any]):
    """Stands for a stored value that no key decrypts: empty, and saved as the token that it was.

    So every row loads and saves without the key, and the value is there again once the key is back.
    """

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    def __copy__(self) -> UnreadableSecret:
        return UnreadableSecret(self.token)

    def __deepcopy__(self, memo: Any) -> UnreadableSecret:
        return UnreadableSecret(self.token)

    def __reduce__(self) -> tuple[type[UnreadableSecret], tuple[str]]:
        return UnreadableSecret, (self.token,)


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS holds a value that is no Fernet key (32 bytes, URL-safe base64)."
        ) from error


def encrypt(value: dict[str, Any]) -> str:
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(json.dumps(value).encode()).decode()


def decrypt(token: str) -> dict[str, Any]:
    """The stored value. Raises UndecryptableError, so that a wrong key is never taken for "no credentials"."""
    try:
        return json.loads(_fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()))
    except InvalidToken as error:
        raise UndecryptableError("No key in FIELD_ENCRYPTION_KEYS opens this value. Was a key removed?") from error


def is_under_first_key(token: str) -> bool:
    """Whether the first key decrypts this value, so that the other keys are not needed for it."""
    try:
        _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS[:1])).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


class EncryptedJSONField(models.TextField):
    """A JSON object, encrypted with the first of FIELD_ENCRYPTION_KEYS and decrypted with any of them.

    It has no lookups: they can't work on ciphertext.
    """

    def get_prep_value(self, value: Any) -> Any:
        return value.token if isinstance(value, UnreadableSecret) else encrypt(value or {})

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        if value is None:
            return {}
        try:
            return decrypt(value)
        except UndecryptableError:
            return UnreadableSecret(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_lookup(self, lookup_name: str) -> Any:
        return None

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)))
