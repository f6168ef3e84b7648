"""Public addresses that contain a key: a new one can be given out, and the one before it stays valid for a while."""

from __future__ import annotations

from datetime import datetime

from django.db import models


class InboundAddress(models.Model):
    """The number of the address that is valid now. The key in an address is signed with it (services/webhooks)."""

    address_number = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    old_address_until = models.DateTimeField("old address valid until", null=True, editable=False)

    class Meta:
        abstract = True

    def renew_address(self, *, old_valid_until: datetime) -> None:
        """Give out a new address. Of the older ones, only the last stays valid, until the given time."""
        self.address_number += 1
        self.old_address_until = old_valid_until

    def revoke_old_address(self) -> None:
        self.old_address_until = None
