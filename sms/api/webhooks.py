"""/webhooks/<vendor>/<key>: delivery reports. Stored as they came, then answered; parsed later.

An adapter may refuse a forged call, and choose the answer.
"""

from __future__ import annotations

import structlog
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from providers.base import Reply
from providers.registry import Missing
from sms.domain.codes import refuse
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.database import clock
from sms.services.intake.client_ip import IpAddress, client_ip, is_in, networks_of
from sms.services.reports import receive
from sms.services.webhooks import tokens, urls
from sms.services.webhooks.call_rate import call_rate
from sms.services.webhooks.callbacks import callback_of, header_text
from sms.services.webhooks.tokens import Purpose, TokenTarget

from . import request_body
from .errors import empty_response, method_not_allowed

METHODS = ("GET", "POST")

log = structlog.get_logger(__name__)


def webhook(request: WSGIRequest, vendor: str, key: str) -> HttpResponse:
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    address, account = _resolve(vendor, key)
    _check_source(account, client_ip(request.META))
    if isinstance(account.adapter, Missing):  # it can't be told whether the call is genuine; vendors call again
        return empty_response(503)
    call_rate.take((Purpose.PROVIDER, account.id), account.reports_per_minute)
    raw = request_body.raw_call(request)
    headers = header_text(account.adapter.signed_headers, request.META)
    url = tokens.callback_url(vendor, key)
    callback = callback_of(**raw, headers=headers, received_at=clock.now(), url=url or "")
    if not account.adapter.authentic(callback):
        log.warning("callback.forged", provider=account.slug, source=raw["source"])
        return empty_response(403)
    receive.store_callback(provider_id=account.id, attempt_id=address.attempt_id, address=key, headers=headers, **raw)
    return _answer(account.adapter.reply(callback))


def _answer(reply: Reply) -> HttpResponse:
    response = empty_response(reply.status)
    response.content = reply.body
    if reply.content_type:
        response["Content-Type"] = reply.content_type
    return response


def _resolve(vendor: str, key: str) -> tuple[TokenTarget, Account]:
    """The address and the account of a key. Every wrong key is the same 404, so is a key of another vendor."""
    address = tokens.resolve_token(key)
    account = snapshot.current().accounts.get(address.provider_id or 0) if address else None
    if address is None or account is None or address.purpose == Purpose.GATEWAY or account.adapter.slug != vendor:
        raise refuse("not_found")
    if address.purpose == Purpose.PROVIDER and not _is_valid(address, account):
        raise refuse("not_found")
    return address, account


def _is_valid(address: TokenTarget, account: Account) -> bool:
    return urls.is_valid(address.number, current=account.address_number, old_until=account.old_address_until)


def _check_source(account: Account, source: IpAddress | None) -> None:
    """Answers 404 to addresses outside the networks that the vendor has published."""
    allowed = networks_of(account.adapter.report_networks())
    if allowed and (source is None or not is_in(source, allowed)):
        log.warning("callback.from_elsewhere", provider=account.slug, source=str(source))
        raise refuse("not_found")
