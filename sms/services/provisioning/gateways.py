"""[[inbound_gateways]]: modems and gateways that hand over what our numbers receive."""

from __future__ import annotations

from sms.models import InboundGateway

from .reader import Entry
from .session import Desk


def apply(entry: Entry, desk: Desk) -> None:
    slug = entry.text("slug", required=True)
    fields = entry.raw("fields", dict, "a table")
    repeat_seconds = entry.integer("repeat_seconds")
    if slug is None:
        return
    desk.declare(entry, "slug", "inbound gateway", slug)
    gateway = InboundGateway.objects.filter(slug=slug).first() or InboundGateway(slug=slug)
    desk.save(entry, f"inbound gateway {slug}", gateway, {"fields": fields, "repeat_seconds": repeat_seconds})
