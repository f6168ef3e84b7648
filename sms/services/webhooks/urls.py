"""The URLs that staff register at a vendor by hand."""

from __future__ import annotations

from providers.base import ReportChannel
from sms.models import Provider

from .tokens import callback_url, provider_token


def registered_url(provider: Provider) -> str | None:
    """The URL for this provider's delivery reports.

    None if the vendor gets a URL with each message, if it sends no reports, and without PUBLIC_URL.
    """
    if ReportChannel.CALLBACK_REGISTERED not in provider.adapter_class.reports:
        return None
    return callback_url(provider.vendor, provider_token(provider.pk))
