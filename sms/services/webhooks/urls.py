"""The URLs that staff register at a vendor or a gateway by hand, and whether the key of one is still valid."""

from __future__ import annotations

from datetime import datetime

from providers.base import ReportChannel
from sms.models import InboundGateway, Provider
from sms.services.database import clock

from .tokens import callback_url, gateway_token, inbound_url, provider_token


def registered_url(provider: Provider) -> str | None:
    """The URL for this provider's delivery reports.

    None if the vendor gets a URL with each message, if it sends no reports, and without PUBLIC_URL.
    """
    if ReportChannel.CALLBACK_REGISTERED not in provider.adapter_class.reports:
        return None
    return callback_url(provider.vendor, provider_token(provider.pk, provider.address_number))


def gateway_url(gateway: InboundGateway) -> str | None:
    """The URL that this gateway calls; None without PUBLIC_URL."""
    return inbound_url(gateway_token(gateway.pk, gateway.address_number))


def is_valid(number: int, *, current: int, old_until: datetime | None) -> bool:
    """Whether the address with this number is the current one, or the one before it and still valid."""
    if number == current:
        return True
    return number == current - 1 and old_until is not None and clock.now() < old_until
