"""`dispatch --metrics-port N`: the dispatcher's own counters, for Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from sms.services.intake.client_ip import client_ip, is_in
from sms.services.monitoring.metrics import OWN

SECONDS = 10.0
"""A connection without a request for this long is closed, because one is served at a time."""


class _Handler(WSGIRequestHandler):
    timeout = SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not logged."""


def serve(port: int) -> WSGIServer:
    """Serve GET /metrics to METRICS_ALLOWED, in a thread of its own. Raises OSError if the port is taken."""
    server = make_server("", port, _answer, handler_class=_Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if not _may_read(environ):
        return _say(start_response, "403 Forbidden", b"Only the networks of METRICS_ALLOWED may read this.\n")
    if environ["PATH_INFO"].rstrip("/") != "/metrics":
        return _say(start_response, "404 Not Found", b"Only /metrics is here.\n")
    return _say(start_response, "200 OK", generate_latest(OWN))


def _say(start_response: Callable[..., Any], status: str, body: bytes) -> list[bytes]:
    headers = [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]


def _may_read(environ: dict[str, Any]) -> bool:
    address = client_ip(environ)
    return address is not None and is_in(address, settings.METRICS_ALLOWED)
