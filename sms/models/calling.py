"""Addresses: those from which we call vendors, and those with a key at which vendors and gateways call us."""

from __future__ import annotations

import ipaddress
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from providers.address import is_public

from .history import change_history


def check_calling_address(value: str) -> None:
    """Raises ValidationError unless this is a public address or network."""
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValidationError(
            _("%(value)s is neither an address nor a network. Write one such as 203.0.113.7 or 203.0.113.8/29.")
            % {"value": value}
        ) from error
    if not (settings.ALLOW_PRIVATE_PROVIDER_HOSTS or is_public(str(network.network_address))):
        raise ValidationError(
            _("%(value)s is a private address: vendors see another one. Ask whoever runs the server.")
            % {"value": value}
        )


class CallingAddress(models.Model):
    """A public address or network from which our server calls vendors. Staff enter it: no process can detect it."""

    address = models.CharField(
        max_length=43,
        unique=True,
        validators=[check_calling_address],
        help_text=_("Public, as vendors see it, such as 203.0.113.7. A network is written as 203.0.113.8/29."),
    )
    note = models.CharField(max_length=200, blank=True, help_text=_("For example: the dispatchers' gateway."))
    created_at = models.DateTimeField(auto_now_add=True)
    history = change_history()

    class Meta:
        ordering = ("address",)
        verbose_name = _("outbound IP address")
        verbose_name_plural = _("outbound IP addresses")

    def __str__(self) -> str:
        return self.address


class InboundAddress(models.Model):
    """The number of the address that is valid now. The key in an address is signed with it (services/webhooks)."""

    address_number = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    old_address_until = models.DateTimeField(_("old address valid until"), null=True, editable=False)

    class Meta:
        abstract = True

    def renew_address(self, *, old_valid_until: datetime) -> None:
        """Give out a new address. Of the older ones, only the last stays valid, until the given time."""
        self.address_number += 1
        self.old_address_until = old_valid_until

    def revoke_old_address(self) -> None:
        self.old_address_until = None
