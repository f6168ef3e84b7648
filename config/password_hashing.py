"""Staff passwords are hashed one at a time in a process: a hash takes a core for a third of a second, on purpose."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.http import HttpRequest, HttpResponse

MAX_WAITING = 1
"""Threads that may wait for their turn; the others of config.server.thread_pools go on serving pages."""
RETRY_AFTER = 2

_turn = threading.Lock()
places = threading.BoundedSemaphore(1 + MAX_WAITING)


class HashingBusy(Exception):
    """Too many passwords are being checked at this moment."""


@contextmanager
def turn() -> Iterator[None]:
    """Wait for the turn. Raises HashingBusy at once if enough others wait."""
    if not places.acquire(blocking=False):
        raise HashingBusy
    try:
        with _turn:
            yield
    finally:
        places.release()


class OneAtATimeHasher(PBKDF2PasswordHasher):
    """PBKDF2 as Django has it. Every check and every new password comes through `encode`."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with turn():
            return str(super().encode(password, salt, iterations))


class HashingBusyMiddleware:
    """Answers 503 where a password could not be checked at once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, HashingBusy):
            return None
        text = "Too many people are logging in. Wait a few seconds and try again.\n"
        return HttpResponse(text, status=503, content_type="text/plain", headers={"Retry-After": str(RETRY_AFTER)})
