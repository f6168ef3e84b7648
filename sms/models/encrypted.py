"""Encrypted credentials: the field, and the account that has them and sends them to one server only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.translation import gettext_lazy as _

from providers.address import origin
from providers.base import Adapter
from providers.marking import N_
from providers.registry import why_missing


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


UNREADABLE = N_(
    "Its credentials can't be decrypted: no key of FIELD_ENCRYPTION_KEYS opens them. Put the missing key back, or "
    "enter the credentials again, on its page or by provision."
)
MOVED = N_(
    "Its credentials were entered for {before}, and its address is now {now}. Enter the credentials again, on its page "
    "or by provision, or correct the address."
)


class CredentialsAccount(models.Model):
    """An account with an address and credentials. Nothing is sent there while `credentials_problem` is not empty."""

    credentials = EncryptedJSONField(default=dict, blank=True)
    credentials_origin = models.CharField(
        max_length=310,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_(
            "Scheme, host and port that the credentials were entered for. Empty: those of the default address."
        ),
    )

    adapters: ClassVar[Mapping[str, type[Adapter]]]
    """By the names that `vendor` may have."""
    vendor: str

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.bind_credentials()
        super().save(*args, **kwargs)

    @property
    def address(self) -> str:
        """As staff entered it; empty for the vendor's default address."""
        raise NotImplementedError

    @property
    def default_address(self) -> str:
        return ""

    @property
    def default_can_change(self) -> bool:
        """Whether staff can change the default address. Then credentials for it are bound to its origin, too."""
        return False

    def bind_credentials(self) -> None:
        """The stored credentials are for the present address: somebody has entered them together."""
        address = self.address or (self.default_address if self.default_can_change else "")
        self.credentials_origin = origin(address) if address else ""

    @property
    def is_moved(self) -> bool:
        """Whether secrets are stored that were entered for another server than that of the present address."""
        return self.has_secrets and self._bound_origin != self._present_origin

    @property
    def has_secrets(self) -> bool:
        if isinstance(self.credentials, UnreadableSecret):
            return True
        adapter = self.adapters.get(self.vendor)
        return adapter is not None and any(s.secret and self.credentials.get(s.key) for s in adapter.credentials)

    @property
    def _bound_origin(self) -> str:
        return self.credentials_origin or ("" if self.default_can_change else origin(self.default_address))

    @property
    def _present_origin(self) -> str:
        return origin(self.address or self.default_address)

    @property
    def credentials_problem(self) -> str:
        """Why nothing may be sent by this account, and what to do; empty where nothing is wrong."""
        if self.vendor not in self.adapters:
            return why_missing(self.vendor)
        if isinstance(self.credentials, UnreadableSecret):
            return UNREADABLE
        return MOVED.format(before=self._bound_origin or "—", now=self._present_origin) if self.is_moved else ""

    @property
    def usable_credentials(self) -> dict[str, str]:
        """What adapters get: nothing while there is a problem."""
        return {} if self.credentials_problem else dict(self.credentials)
