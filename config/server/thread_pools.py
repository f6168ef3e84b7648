"""The thread pools of a web process: one for the API, one for the admin.

Static files, the documentation and the admin have threads and a bounded queue of their own, so that their requests
never delay a call of the API. A response occupies no thread while the client reads it.

At the API the clients take turns: a call waits for one call of each other client, not for all earlier calls.
"""

from __future__ import annotations

from collections import deque

from django.apps import apps
from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher

from config.server.http_request import RequestParser

STAFF_THREADS = 3
"""One to hash a password, one that waits to hash the next, one for pages (config/password_hashing.py)."""
STAFF_QUEUE = 32
"""How many requests may wait for these threads. A browser sends up to six at a time for a page."""
RETRY_AFTER = 2
BUSY = "Too many requests for the admin, static files or the documentation. Try again after the seconds of Retry-After."
CLIENT_BUSY = "Too many requests of this client are waiting. Try again after the seconds of Retry-After."
STAFF_PATHS = ("/admin", "/static/", "/docs", "/schema")


class TurnQueue:
    """Replaces a waitress dispatcher's deque, and is used under its lock. Each caller's requests stay in order."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[HTTPChannel]] = {}
        """Waiting connections by caller. The first caller has the next turn."""

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def of(self, caller: str) -> int:
        """How many requests of this caller wait."""
        return len(self._waiting.get(caller, ()))

    def append(self, connection: HTTPChannel) -> None:
        self._waiting.setdefault(connection.caller, deque()).append(connection)

    def popleft(self) -> HTTPChannel:
        caller = next(iter(self._waiting))
        waiting = self._waiting.pop(caller)
        connection = waiting.popleft()
        if waiting:
            self._waiting[caller] = waiting
        return connection


def caller_of(request: RequestParser) -> str:
    """The client that the request names. All requests without a known client name are one caller, ""."""
    if not apps.ready:
        return ""  # benchmarks serve a bare application
    from sms.api.authentication import claimed_username

    return claimed_username(request.headers.get("AUTHORIZATION", ""))


class ThreadPools:
    """The thread pools to which a waitress server passes its requests (`task_dispatcher`).

    `client_queue`: how many requests of one client may wait.
    """

    def __init__(self, api_threads: int, client_queue: int) -> None:
        self.api, self.staff = ThreadedTaskDispatcher(), ThreadedTaskDispatcher()
        self.api.queue, self.client_queue = TurnQueue(), client_queue
        self.api.set_thread_count(api_threads)
        self.staff.set_thread_count(STAFF_THREADS)

    def add_task(self, connection: HTTPChannel) -> None:
        """Queue the next request of the connection; if its queue is full, answer 503."""
        request, connection.caller = connection.requests[0], ""
        if request.error is not None:
            self.api.add_task(connection)
        elif request.normalised_path.startswith(STAFF_PATHS):
            self._add_staff(connection)
        else:
            self._add_call(connection)

    def _add_staff(self, connection: HTTPChannel) -> None:
        if len(self.staff.queue) < STAFF_QUEUE:
            self.staff.add_task(connection)
        else:
            connection.requests[0].refuse("unavailable", BUSY, RETRY_AFTER)
            self.api.add_task(connection)

    def _add_call(self, connection: HTTPChannel) -> None:
        caller = caller_of(connection.requests[0])
        if caller and self.api.queue.of(caller) >= self.client_queue:
            connection.requests[0].refuse("unavailable", CLIENT_BUSY, RETRY_AFTER)
        else:
            connection.caller = caller
        self.api.add_task(connection)

    def shutdown(self) -> None:
        for pool in (self.api, self.staff):
            pool.shutdown(timeout=1)
