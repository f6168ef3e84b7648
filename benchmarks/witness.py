"""A vendor in this process that records when each text reached its socket."""

from __future__ import annotations

import asyncio
import threading
import time
from urllib.parse import parse_qs

from .vendor import Connection, Seen


class _Noting(Connection):
    """Notes the time at which the text came in, before anything is parsed."""

    arrivals: dict[str, float]

    def data_received(self, data: bytes) -> None:
        now = time.time()
        for part in data.split(b"\r\n\r\n"):
            if b"message=" in part:
                for text in parse_qs(part.decode("utf-8", "replace")).get("message", []):
                    self.arrivals.setdefault(text, now)
        super().data_received(data)


class Witness:
    """Use as a context; `arrival(text)` waits for a text and says when it came (time.time)."""

    def __init__(self, port: int, latency_ms: int = 0) -> None:
        self.port, self.delay = port, latency_ms / 1000
        self.arrivals: dict[str, float] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Witness:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        seen = Seen()

        def protocol() -> Connection:
            made = _Noting(seen, self.delay)
            made.arrivals = self.arrivals
            return made

        self._loop.run_until_complete(self._loop.create_server(protocol, "127.0.0.1", self.port))
        self._loop.run_forever()
        self._loop.close()

    def arrival(self, text: str, timeout: float = 60.0) -> float:
        ends = time.monotonic() + timeout
        while text not in self.arrivals:
            if time.monotonic() > ends:
                raise SystemExit(f"{text!r} never reached the vendor")
            time.sleep(0.0005)
        return self.arrivals[text]
