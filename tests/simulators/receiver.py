"""An endpoint for delivery reports, as our product would have it: keeps what comes, answers 200."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    query: str
    content_type: str
    body: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """An HTTP server on a free loopback port, in a thread."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/some-key"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Receiver:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def wait_for(self, count: int) -> list[Received]:
        """The reports, once there are so many."""
        eventually(lambda: len(self.received) >= count, because=f"{count} reports")
        return list(self.received)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                content_type = self.headers.get("Content-Type", "")
                query = urlsplit(self.path).query
                received.append(Received(self.command, query, content_type, body.decode(), dict(self.headers)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = take  # noqa: N815 (http.server's names)

            def log_message(self, *_: object) -> None:
                """Nothing: the test looks at what was received."""

        return Handler
