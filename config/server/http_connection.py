"""A connection of the web processes, with its limits on sizes and times."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

from waitress.channel import HTTPChannel

from config.server.http_request import RECEIVE_SECONDS, JsonErrorTask, RequestParser

SEND_SECONDS = 10.0
SEND_BYTES = 64 * 1024
"""A response is dropped if its reader takes less than this in SEND_SECONDS."""
LINGER_SECONDS = 2.0
"""How long input is read and discarded after the last response. A reset could destroy the response (RFC 9112, 9.6)."""
SEND_BUFFER = 128 * 1024
"""The size of the socket's send buffer: small, so that an unread response is noticed and uses little memory."""
RESET = struct.pack("ii", 1, 0)
MAX_PIPELINED = 16
"""How many requests a client may send on a connection before it has received the first response."""


class Connection(HTTPChannel):
    """Threads execute its requests; the main loop receives them and sends the answers."""

    parser_class = RequestParser
    error_task_class = JsonErrorTask
    caller = ""
    """The caller of the next request, for the turns in config/server/thread_pools.py."""
    bytes_sent = 0
    lingers_until = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.descriptor: int = self.socket.fileno()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.active_at = time.monotonic()
        self.checkpoint = (self.active_at, 0)
        self.make_room()

    def make_room(self) -> None:
        """Close the connections that have been idle for longest, so that new ones can be accepted."""
        others = [each for each in self.server.active_channels.values() if each is not self]
        surplus = len(others) + 1 - self.server.max_kept
        if surplus > 0:
            idle = sorted((each for each in others if each.is_idle), key=lambda each: each.active_at)
            for connection in idle[:surplus]:
                connection.handle_close()

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent = int(super().send(data, do_close=do_close))
        self.bytes_sent += sent
        self.active_at = time.monotonic()
        return sent

    def received(self, data: bytes) -> bool:
        if self.lingers_until:
            return False
        is_used = bool(super().received(data))
        if len(self.requests) > MAX_PIPELINED:
            self.handle_close()
        return is_used

    def handle_write(self) -> None:
        self._flush_exception(self._flush_some if not self.requests else self._flush_some_if_lockable)
        if self.close_when_flushed and not self.total_outbufs_len:
            self.close_when_flushed = False
            self._linger()
        if self.will_close:
            self.handle_close()

    def _linger(self) -> None:
        self.lingers_until = time.monotonic() + LINGER_SECONDS
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()

    # --- called by threads ----------------------------------------------------------------

    def write_soon(self, data: Any) -> int:
        written = int(super().write_soon(data))
        if self.total_outbufs_len:
            self._refresh()
        return written

    def service(self) -> None:
        if self.server.is_stopping:
            self.requests[0].headers["CONNECTION"] = "close"
        super().service()
        self._refresh()

    def _refresh(self) -> None:
        self.server.channels.refresh(self.descriptor, self)

    # --- deadlines, checked by the main loop once a second --------------------------------

    @property
    def is_idle(self) -> bool:
        return not (self.requests or self.request or self.total_outbufs_len or self.close_when_flushed)

    def check_deadlines(self, now: float, keep_alive: float) -> None:
        if self.lingers_until:
            if self.lingers_until < now:
                self.handle_close()
        elif self.total_outbufs_len:
            self._check_reader(now)
        else:
            self.checkpoint = (now, self.bytes_sent)
            if self.request is not None:
                self._check_sender(now)
            elif self.is_idle and now > self.active_at + (keep_alive if self.bytes_sent else RECEIVE_SECONDS):
                self.handle_close()

    def _check_reader(self, now: float) -> None:
        since, sent = self.checkpoint
        if self.bytes_sent - sent >= SEND_BYTES:
            self.checkpoint = (now, self.bytes_sent)
        elif now - since > SEND_SECONDS:
            # With a reset, the operating system discards its send buffer, which the peer does not read.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.handle_close()

    def _check_sender(self, now: float) -> None:
        """Answer 408 if a request is not complete in time."""
        with self.requests_lock:
            request = self.request
            if request is None or self.requests or now < request.deadline:
                return
            request.refuse("request_timeout")
            self.request = None
            self.requests.append(request)
            self.server.add_task(self)
