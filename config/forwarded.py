"""Accepts the scheme of a request only from a trusted proxy."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from sms.services.intake import client_ip

log = structlog.get_logger(__name__)


class ForwardedScheme:
    """The first middleware: removes X-Forwarded-Proto unless a proxy of TRUSTED_PROXIES sent it.

    Django's SECURE_PROXY_SSL_HEADER would accept it from any client.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scheme = client_ip.forwarded_scheme(request.META)
        claimed = request.META.pop(client_ip.FORWARDED_PROTO, None)
        if scheme is not None:
            request.META[client_ip.FORWARDED_PROTO] = scheme.lower()
        elif claimed is not None:
            log.debug("proxy.not_trusted", peer=request.META.get("REMOTE_ADDR", ""), header="X-Forwarded-Proto")
        return self.get_response(request)
