"""/inbound/<key>: SMS that our numbers received, delivered by modems and gateways."""

from __future__ import annotations

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from sms.domain.codes import Fault, Refusal, refuse
from sms.models import InboundGateway
from sms.services.inbound import receive as inbound_receive
from sms.services.webhooks import tokens
from sms.services.webhooks.tokens import Purpose

from . import request_body
from .errors import empty_response, method_not_allowed

METHODS = ("GET", "POST")


def receive(request: WSGIRequest, key: str) -> HttpResponse:
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    try:
        inbound_receive.store_call(_resolve(key), **request_body.raw_call(request))
    except inbound_receive.MissingFields as missing:
        raise Refusal(*(Fault("required", name) for name in missing.names)) from missing
    return empty_response(200)


def _resolve(key: str) -> InboundGateway:
    """The gateway of a key. Every wrong key is the same 404."""
    address = tokens.resolve_token(key)
    if address is None or address.purpose != Purpose.GATEWAY:
        raise refuse("not_found")
    gateway = InboundGateway.objects.filter(pk=address.gateway_id).first()
    if gateway is None:
        raise refuse("not_found")
    return gateway
