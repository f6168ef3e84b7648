"""The addresses that people register by hand, at a vendor or in a gateway's settings."""

from __future__ import annotations

from providers.base import Receipts
from sms.models import Provider

from .tokens import callback_url, provider_key


def registered_address(provider: Provider) -> str | None:
    """Where this provider's vendor is to send its reports; None where it is told with each message, or never reports.

    None too without PUBLIC_URL.
    """
    if Receipts.PUSH_REGISTERED not in provider.adapter_class.receipts:
        return None
    return callback_url(provider.vendor, provider_key(provider.pk))
