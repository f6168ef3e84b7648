"""The way in for machines: every path outside the admin, without sessions, cookies or HTML."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver
from structlog.contextvars import bind_contextvars, clear_contextvars

from sms.domain.codes import refuse

from . import request_ids
from .errors import ADMIN, answer_to, route_of

STATIC = "/static/"
FOR_NEIGHBOURS = ("/healthz", "/readyz", "/metrics")
"""Asked inside the house, by plain HTTP and by whatever address a container has at the moment."""
POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

log = structlog.get_logger(__name__)


class MachineDoors:
    """The first middleware. The admin (admin and static files) goes on to Django's others; all else is served here.

    The others cost a machine's call a third of its time and give it nothing: there is no session and no form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith((ADMIN, STATIC)):
            return self.get_response(request)
        started = time.perf_counter()
        request.request_id = request_ids.of(request.META)  # type: ignore[attr-defined]
        bind_contextvars(request_id=request.request_id.value)  # type: ignore[attr-defined]
        try:
            response = dressed(answered(request), request)
            _log(request, response, started)
        finally:
            clear_contextvars()
        return response


def answered(request: HttpRequest) -> HttpResponse:
    """The view's answer; whatever happens, it keeps the format."""
    try:
        check_address(request)
        return serve(request)
    except Exception as error:
        return answer_to(error, request)


def _log(request: HttpRequest, response: HttpResponse, started: float) -> None:
    note = log.debug if request.path_info.rstrip("/") in FOR_NEIGHBOURS else log.info  # probes come every few seconds
    note(
        "request.answered",
        method=request.method,
        route=route_of(request),
        status=response.status_code,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )


def check_address(request: HttpRequest) -> None:
    """The host is one of ours, and the scheme is the one that is due. Raises DisallowedHost and Refusal."""
    if request.path_info.rstrip("/") in FOR_NEIGHBOURS:
        return
    request.get_host()
    if settings.IS_HTTPS and not request.is_secure():
        raise refuse("bad_request", message="Plain HTTP is not served here: use https.")


def serve(request: HttpRequest) -> HttpResponse:
    match = get_resolver().resolve(request.path_info)
    request.resolver_match = match
    response = match.func(request, *match.args, **match.kwargs)
    return response.render() if hasattr(response, "render") else response


def dressed(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """The headers that every answer of a door has."""
    headers = response.headers
    headers["x-akinon-request-id"] = request.request_id.value  # type: ignore[attr-defined]
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    if settings.IS_HTTPS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's line would hold the path, and keys stand in paths
    if not response.streaming:
        headers.setdefault("Content-Length", str(len(response.content)))
    return response
