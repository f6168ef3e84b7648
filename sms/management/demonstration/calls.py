"""The demonstration's own HTTP calls: checks the web process and sets the simulated vendors' callback URLs."""

from __future__ import annotations

from collections.abc import Mapping

from providers.base import HttpRequest, ProviderError, json_post
from providers.http import Client
from sms.models import Provider
from sms.services.webhooks.urls import registered_url

SECONDS = 5.0


def can_accept(url: str) -> bool:
    """Whether the web process is up and can accept messages."""
    client = Client(allow_private=True)
    try:
        return client.send(HttpRequest("GET", f"{url}/readyz"), timeout=SECONDS).status == 200
    except ProviderError:
        return False
    finally:
        client.close()


def register_addresses(simulators: Mapping[str, str]) -> None:
    """Set our callback URLs at the simulated vendors, as staff would on a real vendor's website."""
    client = Client(allow_private=True)
    for provider in Provider.objects.filter(vendor__in=simulators):
        address = registered_url(provider)
        if address:
            setup = json_post(f"{simulators[provider.vendor]}/_sim/setup", {"webhook_url": address})
            client.send(setup, timeout=SECONDS)
    client.close()
