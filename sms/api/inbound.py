"""/inbound/<key>: SMS that our numbers received, delivered by modems and gateways."""

from __future__ import annotations

import structlog
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from sms.domain.codes import Fault, Refusal, refuse
from sms.models import InboundGateway
from sms.services.inbound import receive as inbound_receive
from sms.services.intake.client_ip import IpAddress, client_ip, is_in, networks_of
from sms.services.webhooks import tokens, urls
from sms.services.webhooks.call_rate import call_rate
from sms.services.webhooks.tokens import Purpose

from . import request_body
from .errors import empty_response, method_not_allowed

METHODS = ("GET", "POST")

log = structlog.get_logger(__name__)


def receive(request: WSGIRequest, key: str) -> HttpResponse:
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    gateway = _resolve(key)
    _check_source(gateway, client_ip(request.META))
    call_rate.take((Purpose.GATEWAY, gateway.pk), gateway.calls_per_minute)
    try:
        inbound_receive.store_call(gateway, **request_body.raw_call(request))
    except inbound_receive.MissingFields as missing:
        raise Refusal(*(Fault("required", name) for name in missing.names)) from missing
    return empty_response(200)


def _resolve(key: str) -> InboundGateway:
    """The gateway of a key. Every wrong key is the same 404, and so is one that was revoked."""
    address = tokens.resolve_token(key)
    if address is None or address.purpose != Purpose.GATEWAY:
        raise refuse("not_found")
    gateway = InboundGateway.objects.filter(pk=address.gateway_id).first()
    if gateway is None or not urls.is_valid(
        address.number, current=gateway.address_number, old_until=gateway.old_address_until
    ):
        raise refuse("not_found")
    return gateway


def _check_source(gateway: InboundGateway, source: IpAddress | None) -> None:
    """Answers 404 to addresses outside the gateway's networks."""
    allowed = networks_of(tuple(gateway.networks))
    if allowed and (source is None or not is_in(source, allowed)):
        log.warning("inbound.from_elsewhere", gateway=gateway.slug, source=str(source))
        raise refuse("not_found")
