"""`manage.py callback_urls`: the addresses to register at vendors and gateways by hand."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sms.management.system_checks import WITHOUT_WEB
from sms.models import InboundGateway, Provider
from sms.services.configuration import vendor_descriptions
from sms.services.webhooks.urls import gateway_url, registered_url


class Command(BaseCommand):
    help = "Prints, as JSON, the addresses to register at vendors and gateways by hand; null: nothing to register."
    requires_system_checks = WITHOUT_WEB

    def handle(self, **_: Any) -> None:
        if not settings.PUBLIC_URL:
            raise CommandError("PUBLIC_URL is not set, so no vendor can reach us. Set it, then run this again.")
        vendor_descriptions.register()
        gateways = InboundGateway.objects.all()
        addresses: dict[str, dict[str, str | None]] = {
            "providers": {provider.slug: registered_url(provider) for provider in Provider.objects.all()},
            "gateways": {gateway.slug: gateway_url(gateway) for gateway in gateways},
        }
        self.stdout.write(json.dumps(addresses, indent=2))
