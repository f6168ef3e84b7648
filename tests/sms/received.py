"""The cast of received messages: a gateway, a partner, and a number that it rents."""

from __future__ import annotations

from sms.models import InboundGateway, InboundMessage, InboundPush, Partner, RentedNumber
from sms.services.database import clock

PHONE = "+994501112233"
HOST = "renter.example"


def enter() -> InboundGateway:
    partner = Partner.objects.create(
        slug="renter", vendor="pigeon", url=f"https://{HOST}/push", credentials={"key": "made-up-key"}
    )
    RentedNumber.objects.create(phone=PHONE, partner=partner, operation_id=355)
    return InboundGateway.objects.create(slug="modem-1")


def push_now(push: InboundPush) -> None:
    """Let its next try be due."""
    InboundPush.objects.filter(pk=push.pk).update(due_at=clock.now())


def message(gateway: InboundGateway, **columns: object) -> InboundMessage:
    values = {"sender": "Instagram", "to": PHONE, "text": "Code 800142", "received_at": clock.now()}
    return InboundMessage.objects.create(id=clock.new_id(), gateway=gateway, **values | columns)
