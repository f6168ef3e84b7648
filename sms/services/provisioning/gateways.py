"""[[inbound_gateways]]: modems and gateways that deliver the SMS that our numbers receive."""

from __future__ import annotations

from sms.models import InboundGateway

from .location import Location
from .schema import GatewayTable
from .session import Session


def apply(table: GatewayTable, at: Location, session: Session) -> None:
    session.declare(at, "slug", "inbound gateway", table.slug)
    gateway = InboundGateway.objects.filter(slug=table.slug).first() or InboundGateway(slug=table.slug)
    session.save(at, f"inbound gateway {table.slug}", gateway, table.given("slug"))
