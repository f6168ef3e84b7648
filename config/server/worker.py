"""The main loop of a web process: a gunicorn worker that serves connections with waitress.

gunicorn starts, monitors and ends the processes. Its own worker classes read requests and write responses in their
threads, so that a few clients that send incomplete requests, or don't read responses, block a process. waitress does
both outside its threads. docs/decisions/019-web-worker.md has the measurements.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.errors import ConfigError
from gunicorn.workers.base import Worker
from waitress.server import BaseWSGIServer, create_server

from config.server.channel_map import ChannelMap
from config.server.http_connection import Connection
from config.server.http_request import MAX_HEAD
from config.server.thread_pools import ThreadPools

CHECK_SECONDS = 1.0
STOP_SECONDS = 2.0
"""How long a process that stops still answers requests on kept connections before it closes them."""
CLIENT_SHARE = 75
"""The most waiting requests of one client, in percent of a process's connections. The rest is for other clients."""
NO_LIMIT = 2**62  # config.server.http_request has the limits of bodies

OWN_DESCRIPTORS = 2
"""waitress's limit of connections also counts the listening socket and the pipe that wakes the main loop."""

Environ = dict[str, Any]


class BufferingWorker(Worker):
    """Passes complete requests to threads. The main loop sends what the client has not read yet."""

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Raises ConfigError if gunicorn is configured for TLS."""
        if cfg.is_ssl:
            raise ConfigError("This worker speaks no TLS: let the proxy in front do it, and leave certfile out.")

    def run(self) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for each request that waits
        self.channels = ChannelMap()
        self.pools = ThreadPools(self.cfg.threads, self.cfg.worker_connections * CLIENT_SHARE // 100)
        self.servers = [self._server(listener) for listener in self.sockets]
        self.checked_at = 0.0
        while self.alive and os.getppid() == self.ppid:
            self._step()
        self._stop()

    def _server(self, listener: Any) -> BaseWSGIServer:
        listener.setblocking(False)
        server = create_server(
            Application(self.wsgi),
            map=self.channels,
            _dispatcher=self.pools,
            sockets=[getattr(listener, "sock", listener)],
            backlog=self.cfg.backlog,
            connection_limit=self.cfg.worker_connections + OWN_DESCRIPTORS * len(self.sockets),
            channel_request_lookahead=0,
            max_request_header_size=MAX_HEAD,
            max_request_body_size=NO_LIMIT,
            channel_timeout=NO_LIMIT,  # Connection has the deadlines
            recv_bytes=16 * 1024,
            clear_untrusted_proxy_headers=False,  # config.forwarded reads them
            ident=None,
        )
        server.channel_class, server.channels, server.is_stopping = Connection, self.channels, False
        server.pull_trigger = _not_needed
        server.max_kept = self.cfg.worker_connections - self.cfg.threads
        return server

    @property
    def connections(self) -> list[Connection]:
        return [each for each in list(self.channels.values()) if isinstance(each, Connection)]

    def _step(self, timeout: float = CHECK_SECONDS) -> None:
        self.channels.handle_events(timeout)
        for server in self.servers:
            self.channels.refresh(server.socket.fileno(), server)  # at the limit of connections it accepts no more
        now = time.monotonic()
        if now >= self.checked_at + CHECK_SECONDS:
            self.checked_at = now
            self.notify()
            for connection in self.connections:
                connection.check_deadlines(now, self.cfg.keepalive)
            for connection in self.connections[-1:]:
                connection.make_room()  # connections may have become idle since the last one was accepted

    def _stop(self) -> None:
        """Answer received requests, and for STOP_SECONDS those on kept connections. Accept no new connection."""
        for server in self.servers:
            server.is_stopping, server.accepting = True, False
            server.del_channel()
        ends = time.monotonic() + self.cfg.graceful_timeout
        idle_ends = time.monotonic() + min(STOP_SECONDS, self.cfg.keepalive)
        while self.connections and time.monotonic() < ends:
            self._step(0.1)
            if time.monotonic() > idle_ends:
                for connection in [each for each in self.connections if each.is_idle]:
                    connection.handle_close()
        self.pools.shutdown()


def _not_needed() -> None:
    """Replaces waitress's wake-up of the main loop: connections tell the selector what they wait for."""


class Application:
    """Adapts the application to waitress: a Unix socket has no address, and a response to HEAD has no body."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]]) -> None:
        self.wsgi = wsgi

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REMOTE_ADDR"] == "localhost":
            environ["REMOTE_ADDR"] = ""
        body = self.wsgi(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if hasattr(body, "close"):
            body.close()
        return []
