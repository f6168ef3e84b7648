"""/webhooks/<vendor>/<key>: delivery reports. Stored raw, then answered 200; what they mean is found out behind."""

from __future__ import annotations

import structlog
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from sms.domain.codes import refuse
from sms.domain.text import visible
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.intake.client_ip import Address, client_ip, is_in, networks_of
from sms.services.reports import receive
from sms.services.webhooks import tokens
from sms.services.webhooks.tokens import Purpose, TokenTarget

from . import bodies
from .errors import method_not_allowed

METHODS = ("GET", "POST")

log = structlog.get_logger(__name__)


def webhook(request: WSGIRequest, vendor: str, key: str) -> HttpResponse:
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    address, account = _behind(vendor, key)
    source = client_ip(request.META)
    _check_source(account, source)
    receive.store_callback(
        provider_id=account.id,
        attempt_id=address.attempt_id,
        address=key,
        method=request.method,
        query=request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
        content_type=visible(request.META.get("CONTENT_TYPE", "")),
        content_encoding=visible(request.META.get("HTTP_CONTENT_ENCODING", "")),
        body=bodies.read(request),
        source=source and str(source),
    )
    response = HttpResponse(status=200)
    del response.headers["Content-Type"]  # there is no content
    return response


def _behind(vendor: str, key: str) -> tuple[TokenTarget, Account]:
    """What a key opens. Every wrong one is the same 404: a right key at another vendor's address too."""
    address = tokens.resolve_token(key)
    account = snapshot.current().accounts.get(address.provider_id or 0) if address else None
    if address is None or account is None or address.purpose == Purpose.GATEWAY or account.adapter.slug != vendor:
        raise refuse("not_found")
    return address, account


def _check_source(account: Account, source: Address | None) -> None:
    """The vendor's networks, where it has told them. From elsewhere there is nothing at this address."""
    allowed = networks_of(account.adapter.report_networks())
    if allowed and (source is None or not is_in(source, allowed)):
        log.warning("callback.from_elsewhere", provider=account.slug, source=str(source))
        raise refuse("not_found")
