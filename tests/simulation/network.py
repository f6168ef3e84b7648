"""The simulated network: sockets that accept and return bytes as the seed determines. `providers/http.py` runs as it
is.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import providers.connection
from providers.http import Client
from sms.services.queue.jobs import Job, Result, run

from .chance import Chance
from .clock import Clock

Serve = Callable[[str, bytes, bytes], bytes]
"""The vendor's side of a call: host, path and body to the bytes of the answer."""
FREEZE_SECONDS = 60.0


class Network:
    """One call at a time: it is run at its beginning, and its result is handed over when its time has passed."""

    def __init__(self, clock: Clock, chance: Chance, serve: Serve) -> None:
        self.clock = clock
        self.chance = chance
        self.random = chance.random
        self.serve = serve
        self.job: Job | None = None
        self.has_left = False
        """Whether a byte of the call at hand was taken."""

    @contextmanager
    def installed(self) -> Iterator[None]:
        with mock.patch.object(providers.connection, "create_connection", self.connect):
            yield

    def call(self, job: Job) -> tuple[Result, float]:
        """The job's result, and when its call ended."""
        self.job, self.has_left = job, False
        client = Client(allow_private=True)
        try:
            result = run(job, client)
            return result, self.clock.monotonic()
        finally:
            client.close()
            self.clock.offset = 0.0

    def connect(self, address: tuple[str, int], seconds: float, **_: Any) -> Socket:
        fault = self.chance.call_fault()
        self.pass_time(0.05)
        if fault == "connection refused":
            raise ConnectionRefusedError
        if fault == "no connection in time":
            self.clock.offset += seconds
            raise TimeoutError
        if fault == "frozen before the first byte":
            self.clock.offset += FREEZE_SECONDS
        return Socket(self, address[0], fault)

    def pass_time(self, most: float) -> None:
        self.clock.offset += self.random.random() * most


class Socket:
    """Receives a request in parts. When it is complete, the vendor processes it, and the response can be read."""

    def __init__(self, network: Network, host: str, fault: str) -> None:
        self.network, self.host, self.fault = network, host, fault
        self.request = b""
        self.answer = b""
        self.timeout = 0.0
        self.cut_at: int | None = None

    def getpeername(self) -> tuple[str, int]:
        return self.host, 80

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds

    def close(self) -> None: ...

    def send(self, data: memoryview) -> int:
        if self.fault == "closed before the first byte":
            raise BrokenPipeError
        if self.fault in ("request cut", "request stalled"):
            return self._send_part(data)
        taken = self.network.random.choice((len(data), len(data), max(len(data) // 2, 1)))
        self._take(data[:taken])
        if taken == len(data):
            self._arrive()
        return taken

    def _send_part(self, data: memoryview) -> int:
        """Accepts some bytes, then no more."""
        if self.cut_at is None:
            self.cut_at = self.network.random.randrange(1, len(data))
            self._take(data[: self.cut_at])
            return self.cut_at
        if self.fault == "request cut":
            raise ConnectionResetError
        self.network.clock.offset += self.timeout
        raise TimeoutError

    def _take(self, data: memoryview) -> None:
        self.request += bytes(data)
        self.network.has_left = True
        self.network.pass_time(0.05)

    def _arrive(self) -> None:
        head, _, body = self.request.partition(b"\r\n\r\n")
        self.answer = self.network.serve(self.host, head.split(b" ")[1], body)
        if self.fault == "answer is no HTTP":
            self.answer = b"\x15\x03\x03 " + self.answer
        if self.fault == "answer cut":
            self.cut_at = self.network.random.randrange(1, len(self.answer))

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def read(self, most: int) -> bytes:
        network = self.network
        if self.fault == "answer lost":
            raise ConnectionResetError
        if self.fault == "answer too late":
            network.clock.offset += self.timeout
            raise TimeoutError
        network.pass_time(min(self.timeout, 0.5))
        limit = len(self.answer) if self.cut_at is None else self.cut_at
        piece, self.answer = self.answer[: min(most, limit)], self.answer[min(most, limit) :]
        if self.cut_at is not None:
            self.cut_at -= len(piece)
        if self.fault == "frozen after the answer":
            self.fault = ""
            network.clock.offset += FREEZE_SECONDS
        return piece


class _Reader(io.RawIOBase):
    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._socket.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
