"""Where vendors see our calls come from: some let in only the addresses that they were told."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from providers.address import is_public

from .history import kept


def check_calling_address(value: str) -> None:
    """Raises ValidationError for what no vendor could let in."""
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValidationError(
            f"{value} is no address and no network. Write one such as 203.0.113.7 or 203.0.113.8/29."
        ) from error
    if not (settings.ALLOW_PRIVATE_PROVIDER_HOSTS or is_public(str(network.network_address))):
        raise ValidationError(f"{value} is an inside address: vendors see another one. Ask whoever runs the server.")


class CallingAddress(models.Model):
    """One public address, or network, that our server calls vendors from. No process can find it out by itself."""

    address = models.CharField(
        max_length=43,
        unique=True,
        validators=[check_calling_address],
        help_text="Public, as vendors see it, such as 203.0.113.7. A network is written as 203.0.113.8/29.",
    )
    note = models.CharField(max_length=200, blank=True, help_text="For example: the dispatchers' gateway.")
    created_at = models.DateTimeField(auto_now_add=True)
    history = kept()

    class Meta:
        ordering = ("address",)
        verbose_name = "outbound IP address"
        verbose_name_plural = "outbound IP addresses"

    def __str__(self) -> str:
        return self.address
