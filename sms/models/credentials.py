"""Credentials of an account: encrypted, and sent to no other server than the one that they were entered for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from providers.address import origin
from providers.base import Adapter

from .encrypted import EncryptedJSONField, UnreadableSecret

UNREADABLE = (
    "Its credentials can't be decrypted: no key of FIELD_ENCRYPTION_KEYS opens them. Put the missing key back, or "
    "enter the credentials again, on its page or by provision."
)
MOVED = (
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
        help_text="Scheme, host and port that the credentials were entered for. Empty: those of the default address.",
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

    def bind_credentials(self) -> None:
        """The stored credentials are for the present address: somebody has entered them together."""
        self.credentials_origin = origin(self.address) if self.address else ""

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
        return self.credentials_origin or origin(self.default_address)

    @property
    def _present_origin(self) -> str:
        return origin(self.address or self.default_address)

    @property
    def credentials_problem(self) -> str:
        """Why nothing may be sent with the stored credentials, and what to do; empty where nothing is wrong."""
        if isinstance(self.credentials, UnreadableSecret):
            return UNREADABLE
        return MOVED.format(before=self._bound_origin, now=self._present_origin) if self.is_moved else ""

    @property
    def usable_credentials(self) -> dict[str, str]:
        """What adapters get: nothing while there is a problem."""
        return {} if self.credentials_problem else dict(self.credentials)
