"""/inbound/<key>: SMS that our own numbers received, as our modems and gateways hand them over."""

from __future__ import annotations

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from sms.domain.codes import Fault, Refusal, refuse
from sms.domain.text import visible
from sms.models import InboundGateway
from sms.services.inbound import receive as inbound_receive
from sms.services.intake.client_ip import client_ip
from sms.services.webhooks import tokens
from sms.services.webhooks.tokens import Purpose

from . import bodies
from .errors import method_not_allowed

METHODS = ("GET", "POST")


def receive(request: WSGIRequest, key: str) -> HttpResponse:
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    source = client_ip(request.META)
    try:
        inbound_receive.store_call(
            _behind(key),
            method=request.method,
            query=request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
            content_type=visible(request.META.get("CONTENT_TYPE", "")),
            content_encoding=visible(request.META.get("HTTP_CONTENT_ENCODING", "")),
            body=bodies.read(request),
            source=source and str(source),
        )
    except inbound_receive.MissingFields as missing:
        raise Refusal(*(Fault("required", name) for name in missing.names)) from missing
    response = HttpResponse(status=200)
    del response.headers["Content-Type"]  # there is no content
    return response


def _behind(key: str) -> InboundGateway:
    """The gateway that a key opens. Every wrong key is the same 404."""
    address = tokens.resolve_token(key)
    if address is None or address.purpose != Purpose.GATEWAY:
        raise refuse("not_found")
    gateway = InboundGateway.objects.filter(pk=address.gateway_id).first()
    if gateway is None:
        raise refuse("not_found")
    return gateway
