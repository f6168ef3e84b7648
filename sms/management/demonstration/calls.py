"""The few calls that the demonstration makes itself: is the web up, and where a simulated vendor is to report."""

from __future__ import annotations

from collections.abc import Mapping

from providers.base import HttpRequest, ProviderError, json_post
from providers.http import Client
from sms.models import Provider
from sms.services.webhooks.urls import registered_url

SECONDS = 5.0


def can_accept(url: str) -> bool:
    """Whether the web side is up and can take messages."""
    client = Client(allow_private=True)
    try:
        return client.send(HttpRequest("GET", f"{url}/readyz"), timeout=SECONDS).status == 200
    except ProviderError:
        return False
    finally:
        client.close()


def register_addresses(simulators: Mapping[str, str]) -> None:
    """Tell the simulated vendors our addresses, as a person would on the real one's pages."""
    client = Client(allow_private=True)
    for provider in Provider.objects.filter(vendor__in=simulators):
        address = registered_url(provider)
        if address:
            setup = json_post(f"{simulators[provider.vendor]}/_sim/setup", {"webhook_url": address})
            client.send(setup, timeout=SECONDS)
    client.close()
