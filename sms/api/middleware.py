"""Serves every path outside the admin, without sessions, cookies or HTML."""

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
from .errors import ADMIN, error_response, route_of

STATIC = "/static/"
INTERNAL_PATHS = ("/healthz", "/readyz", "/metrics")
"""Called inside the network, over plain HTTP and by the address that a container has at the moment."""
POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

log = structlog.get_logger(__name__)


class ApiMiddleware:
    """Passes requests for the admin and static files on to the next middleware, and serves all others here.

    Django's middleware would add half to the time of an API call, which has no session and no form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith((ADMIN, STATIC)):
            return self.get_response(request)
        started = time.perf_counter()
        request.request_id = request_ids.request_id_of(request.META)  # type: ignore[attr-defined]
        bind_contextvars(request_id=request.request_id.value)  # type: ignore[attr-defined]
        try:
            response = with_headers(answer(request), request)
            _log(request, response, started)
        finally:
            clear_contextvars()
        return response


def answer(request: HttpRequest) -> HttpResponse:
    """The view's response, or an error response in the API's format."""
    try:
        check_host_and_scheme(request)
        return serve(request)
    except Exception as error:
        return error_response(error, request)


def _log(request: HttpRequest, response: HttpResponse, started: float) -> None:
    write = log.debug if request.path_info.rstrip("/") in INTERNAL_PATHS else log.info  # probes are frequent
    write(
        "request.answered",
        method=request.method,
        route=route_of(request),
        status=response.status_code,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )


def check_host_and_scheme(request: HttpRequest) -> None:
    """Raises DisallowedHost, and Refusal for plain HTTP where PUBLIC_URL is https."""
    if request.path_info.rstrip("/") in INTERNAL_PATHS:
        return
    request.get_host()
    if settings.IS_HTTPS and not request.is_secure():
        raise refuse("bad_request", message="Plain HTTP is not served here: use https.")


def serve(request: HttpRequest) -> HttpResponse:
    match = get_resolver().resolve(request.path_info)
    request.resolver_match = match
    response = match.func(request, *match.args, **match.kwargs)
    return response.render() if hasattr(response, "render") else response


def with_headers(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """Adds the headers that every response of the API has."""
    headers = response.headers
    headers["x-akinon-request-id"] = request.request_id.value  # type: ignore[attr-defined]
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    if settings.IS_HTTPS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the path, which may contain a key
    if not response.streaming:
        headers.setdefault("Content-Length", str(len(response.content)))
    return response
