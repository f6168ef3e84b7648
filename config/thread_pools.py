"""The threads of a web process: some for the API, others for the staff's pages.

Static files, the documentation and the admin have threads and a bounded queue of their own, so no number of their
requests delays a call of the API. An answer keeps no thread while it is being read, however slowly.
"""

from __future__ import annotations

from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher

STAFF_THREADS = 3
"""One for a password that is being checked, one for the next, one for pages (config/password_hashing.py)."""
STAFF_QUEUE = 32
"""Requests that may wait for these threads. A browser loads a page with up to six at a time."""
RETRY_AFTER = 2
BUSY = "Too many requests for the admin, static files or the documentation. Try again after the seconds of Retry-After."
STAFF_PATHS = ("/admin", "/static/", "/docs", "/schema")


class ThreadPools:
    """What a waitress server hands its requests to (`task_dispatcher`)."""

    def __init__(self, api_threads: int) -> None:
        self.api, self.staff = ThreadedTaskDispatcher(), ThreadedTaskDispatcher()
        self.api.set_thread_count(api_threads)
        self.staff.set_thread_count(STAFF_THREADS)

    def add_task(self, connection: HTTPChannel) -> None:
        """Queue the next request of the connection; past the bound of the staff's queue it is answered 503."""
        request = connection.requests[0]
        if request.error is not None or not request.normalised_path.startswith(STAFF_PATHS):
            self.api.add_task(connection)
        elif len(self.staff.queue) < STAFF_QUEUE:
            self.staff.add_task(connection)
        else:
            request.refuse("unavailable", BUSY, RETRY_AFTER)
            self.api.add_task(connection)

    def shutdown(self) -> None:
        for pool in (self.api, self.staff):
            pool.shutdown(timeout=1)
