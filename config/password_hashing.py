"""Limits the hashing of staff passwords to one at a time in a process: each occupies a core for a third of a second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.http import HttpRequest, HttpResponse

MAX_WAITING = 1
"""How many threads may wait to hash, so that other threads of config.server.thread_pools can serve pages."""
RETRY_AFTER = 2

_turn = threading.Lock()
places = threading.BoundedSemaphore(1 + MAX_WAITING)


class HashingBusy(Exception):
    """Too many passwords are being hashed."""


@contextmanager
def turn() -> Iterator[None]:
    """Wait until no other thread hashes. Raises HashingBusy at once if MAX_WAITING threads wait already."""
    if not places.acquire(blocking=False):
        raise HashingBusy
    try:
        with _turn:
            yield
    finally:
        places.release()


class OneAtATimeHasher(PBKDF2PasswordHasher):
    """Django's PBKDF2 hasher. Every check and every new password is hashed by `encode`."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with turn():
            return str(super().encode(password, salt, iterations))


class HashingBusyMiddleware:
    """Answers 503 if a password could not be hashed because too many others are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, HashingBusy):
            return None
        text = "Too many people are logging in. Wait a few seconds and try again.\n"
        return HttpResponse(text, status=503, content_type="text/plain", headers={"Retry-After": str(RETRY_AFTER)})
