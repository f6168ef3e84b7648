"""Rejects URLs of the admin with a NUL character before a view runs, because databases don't accept it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from .headers import ADMIN


class NoNul:
    """Rejects NUL in the path and the query. Forms report NUL in their own fields."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = unquote_to_bytes(request.META.get("QUERY_STRING", ""))
        if request.path.startswith(ADMIN) and (b"\0" in query or "\0" in request.path_info):
            raise BadRequest("The address holds a NUL character.")
        return self.get_response(request)
