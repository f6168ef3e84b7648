"""Rules for sessions of staff: when they end, and when the password must be entered again."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 3600
PASSWORD_SECONDS = 15 * 60
"""How long after the password was entered sensitive changes need no other proof."""
WRITE_EVERY = 60
"""Seconds: a session is not written with each page."""
BEGAN, SEEN, PASSWORD = "began_at", "seen_at", "password_at"
AUTOMATIC = "fetch"
"""X-Requested-With of pages that reload themselves: they do not show that somebody is there."""


def begin(request: HttpRequest) -> None:
    now = time.time()
    request.session.update({BEGAN: now, SEEN: now, PASSWORD: now})


def confirm_password(request: HttpRequest) -> None:
    request.session[PASSWORD] = time.time()


def needs_password(request: HttpRequest) -> bool:
    return time.time() - request.session.get(PASSWORD, 0) > PASSWORD_SECONDS


def is_over(request: HttpRequest) -> bool:
    now, session = time.time(), request.session
    return now - session.get(SEEN, 0) > IDLE_SECONDS or now - session.get(BEGAN, 0) > LONGEST_SECONDS


def touch(request: HttpRequest) -> None:
    now = time.time()
    if request.headers.get("X-Requested-With") != AUTOMATIC and now - request.session[SEEN] > WRITE_EVERY:
        request.session[SEEN] = now


class SessionLimits:
    """Ends sessions that are idle or old. The page then leads to the log-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if is_over(request):
                logout(request)
            else:
                touch(request)
        return self.get_response(request)
