"""Gives each request of the admin an id, which each line of the log and the page of an internal error show."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars


class AdminRequestId:
    """Runs after the API middleware, which sets its own request ids."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        with bound_contextvars(request_id=request.request_id):  # type: ignore[attr-defined]
            return self.get_response(request)
