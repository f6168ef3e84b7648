"""The product in the test's own process, over the real HTTP client, against simulated vendors: fast, and exact."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from string import Template

from django.test import Client

from sms.models import Message, Provider, ProviderState
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.provisioning.apply import provision, read
from sms.services.worker import engine
from sms.services.worker.periodic import WorkerState
from tests.simulators import Vendor, Vendors
from tests.support.stack import PASSWORD, SHOP, USER

from .load import Item, accolades_item, etelecom_item, smsplus_item

WITH_BACKUPS = """
[[routes]]
prefix = "+994"
providers = ["smsplus-az", "accolades-ro"]

[[routes]]
prefix = "+40"
providers = ["accolades-ro", "smsplus-az"]

[[routes]]
prefix = "+84"
providers = ["etelecom-vn", "accolades-ro"]
"""
"""Each country's vendor, and one that takes over."""
SLUGS = {"smsplus": "smsplus-az", "accolades": "accolades-ro", "etelecom": "etelecom-vn"}
BACKUPS = {"smsplus": "accolades", "accolades": "smsplus", "etelecom": "accolades"}
MAKE: dict[str, Callable[[], Item]] = {
    "smsplus": smsplus_item,
    "accolades": lambda: smsplus_item("+40712345678"),  # a text that both of its vendors carry
    "etelecom": etelecom_item,
}
__all__ = ["BACKUPS", "MAKE", "SLUGS", "Shop", "accolades_item"]


class Shop:
    """The shop of shop.toml with backups, in the test database."""

    def __init__(self, vendors: Vendors) -> None:
        snapshot.reset_cache()
        self.vendors = vendors
        for toml in (SHOP.replace("timeout = 5", "timeout = 1"), WITH_BACKUPS):
            provision(read(Template(toml).safe_substitute(vendors.addresses).encode()))
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.caller = Client(headers={"authorization": f"Basic {login}"})

    def vendor(self, name: str) -> Vendor:
        return getattr(self.vendors, name)

    def accept(self, item: Item) -> Message:
        """Send a message to the endpoint."""
        headers = {"x-akinon-request-id": item.request_id}
        reply = self.caller.post("/send-sms", item.body(), content_type="application/json", headers=headers)
        assert reply.status_code == 201, reply.content
        return Message.objects.get(request_id=item.request_id)

    def work(self) -> None:
        """Send what is due now."""
        engine.work(WorkerState(slots=4))

    def make_due(self, message: Message) -> None:
        """End the back-off and the delay that a vendor requested."""
        Message.objects.filter(pk=message.pk, status="queued").update(due_at=clock.now())
        ProviderState.objects.update(retry_at=None)

    def move(self, vendor: str, address: str) -> None:
        """Change the address of the vendor's account."""
        provider = Provider.objects.get(slug=SLUGS[vendor])
        provider.base_url = address
        provider.bind_credentials()
        provider.save()

    def state(self, vendor: str) -> ProviderState:
        return ProviderState.objects.get(provider__slug=SLUGS[vendor])


def outcomes(message: Message) -> list[tuple[str, str | None]]:
    """Each attempt's vendor and outcome, oldest first."""
    names = {slug: vendor for vendor, slug in SLUGS.items()}
    rows = message.attempts.order_by("number").values_list("provider__slug", "outcome")
    return [(names[slug], outcome) for slug, outcome in rows]


def took(vendor: Vendor, item: Item) -> int:
    """How many calls with this message the vendor saw, taken or not."""
    return sum(item.marker in json.dumps(call.fields) or item.marker.encode() in call.body for call in vendor.calls())
