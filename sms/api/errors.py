"""Empty and error responses; an error's body is `{"errors": [{"code", "field", "message"}]}`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

from sms.domain.codes import Refusal, as_json, refuse

ADMIN = "/admin/"
CHALLENGE = 'Basic realm="sms", charset="UTF-8"'
RETRY_AFTER = 5
"""Seconds, while the database is unavailable."""
DATABASE_UNAVAILABLE = (OperationalError, InterfaceError, InternalError)
"""Lost connections, a full disk, lock timeouts. A read-only PostgreSQL raises InternalError."""

log = structlog.get_logger(__name__)


def answer(refusal: Refusal) -> HttpResponse:
    body = json.dumps(as_json(refusal.faults)).encode()
    response = HttpResponse(body, status=refusal.code.status, content_type="application/json")
    if refusal.code.status == 401:
        response["WWW-Authenticate"] = CHALLENGE
    if refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def empty_response(status: int) -> HttpResponse:
    response = HttpResponse(status=status)
    del response.headers["Content-Type"]
    return response


def method_not_allowed(methods: Iterable[str]) -> HttpResponse:
    response = answer(refuse("method_not_allowed"))
    response["Allow"] = ", ".join(method.upper() for method in methods)
    return response


def route_of(request: HttpRequest) -> str:
    """The URL pattern. The path itself may contain a callback key."""
    match = request.resolver_match
    return match.route if match else ""


def as_refusal(error: Exception, request: HttpRequest) -> Refusal:
    """The refusal that answers an exception. An internal error is logged, and answered without details."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Http404):
        return refuse("not_found")
    if isinstance(error, PermissionDenied):
        return refuse("forbidden")
    if isinstance(error, SuspiciousOperation | BadRequest):
        return refuse("bad_request")
    if isinstance(error, DATABASE_UNAVAILABLE):
        log.error("request.unavailable", route=route_of(request), error=type(error).__name__)
        return refuse("unavailable", retry_after=RETRY_AFTER)
    return _internal(error, request)


def _internal(error: Exception, request: HttpRequest) -> Refusal:
    log.error("request.failed", route=route_of(request), error=type(error).__name__, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    request_id = getattr(request, "request_id", "")
    return refuse("internal_error", message=f"A fault of ours. Tell us the request id {request_id}.")


def error_response(error: Exception, request: HttpRequest) -> HttpResponse:
    return answer(as_refusal(error, request))


# --- Django's own handlers, for errors outside the views -----------------------------


def _handler(code: str, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """An HTML page in the admin; elsewhere the API's format."""

    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.path.startswith(ADMIN):
            return page(request, *args, **kwargs)
        return answer(refuse(code))

    return handle


def _admin_error_page(request: HttpRequest) -> HttpResponse:
    """Shows the request id only; the log has the details. Django calls this while it handles the exception."""
    is_unavailable = isinstance(sys.exc_info()[1], DATABASE_UNAVAILABLE)
    status = 503 if is_unavailable else 500
    context = {"request_id": getattr(request, "request_id", ""), "status": status}
    response = HttpResponse(render_to_string("500.html", context), status=status)
    if is_unavailable:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


handler400 = _handler("bad_request", defaults.bad_request)
handler403 = _handler("forbidden", defaults.permission_denied)
handler404 = _handler("not_found", defaults.page_not_found)
handler500 = _handler("internal_error", _admin_error_page)
