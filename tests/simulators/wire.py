"""HTTP/1.1 as a server, by hand: a fault can break it at any byte, and one process stands thousands of calls a second.

One asyncio protocol per connection, one request at a time on it. What a request means
is decided by the `Handler` (vendor.py); this file knows bytes only.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

MAX_HEAD = 64 * 1024
MAX_BODY = 1024 * 1024
LINGER_NOT = struct.pack("ii", 1, 0)  # SO_LINGER with 0 seconds: close() sends RST


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `arrived` is the monotonic time of its first byte."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str
    arrived: float

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> str:
        return urlsplit(self.target).query

    def header(self, name: str) -> str:
        """The first header of this name, or the empty string."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def media_type(self) -> str:
        return self.header("content-type").split(";")[0].strip().lower()

    def json_object(self) -> dict[str, Any] | None:
        """The JSON object in the body, or None if it holds anything else."""
        try:
            value = json.loads(self.body.decode())
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be written: the length is added, the rest is as given."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    interim: int = 0
    """The status of an answer that goes before this one; 0: none does."""

    def head(self) -> bytes:
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", f"Content-Type: {self.content_type}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def wire(self) -> bytes:
        before = f"HTTP/1.1 {self.interim} Interim\r\nLink: </style.css>\r\n\r\n".encode() if self.interim else b""
        return before + self.head() + self.body


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode())


def text_answer(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


class BadHttpError(Exception):
    """The bytes are no request that we read."""


class Handler(Protocol):
    """Who decides what a request means."""

    def handle(self, connection: Connection, request: Request) -> None:
        """Answer, now or later, through the connection."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, handler: Handler, connections: set[Connection]) -> None:
        self.handler = handler
        self.connections = connections
        self.buffer = bytearray()
        self.busy = False
        self.lost = False
        self.first_byte = 0.0
        self.on_lost: list[Callable[[], None]] = []
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.connections.add(self)
        self.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = str(transport.get_extra_info("peername")[0])

    def socket(self) -> socket.socket:
        return self.transport.get_extra_info("socket")

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self.connections.discard(self)
        for callback in self.on_lost:
            callback()

    def data_received(self, data: bytes) -> None:
        if not self.buffer:
            self.first_byte = time.monotonic()
        self.buffer += data
        if not self.busy:
            self.read_next()

    def read_next(self) -> None:
        try:
            request = self.parse()
        except BadHttpError as error:
            self.write(text_answer(str(error), 400).wire(), close=True)
            return
        if request is not None:
            self.busy = True
            self.handler.handle(self, request)

    def parse(self) -> Request | None:
        """The request at the buffer's start, or None while bytes are missing."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > MAX_HEAD:
                raise BadHttpError("The head is too long.")
            return None
        method, target, headers = read_head(bytes(self.buffer[:end]))
        length = read_length(headers)
        if len(self.buffer) < end + 4 + length:
            return None
        body = bytes(self.buffer[end + 4 : end + 4 + length])
        del self.buffer[: end + 4 + length]
        return Request(method, target, headers, body, self.peer, self.first_byte)

    def write(self, data: bytes, *, close: bool = False) -> None:
        if self.lost or self.transport.is_closing():
            return
        self.transport.write(data)
        if close:
            self.transport.close()

    def answer(self, answer: Answer) -> None:
        """Write a whole answer and read the next request."""
        self.write(answer.wire())
        self.next()

    def next(self) -> None:
        self.busy = False
        if self.buffer:
            self.first_byte = time.monotonic()
            self.read_next()

    def close(self) -> None:
        """Send FIN after what was written."""
        if not self.lost:
            self.transport.close()

    def reset(self) -> None:
        """Send RST."""
        if not self.lost:
            self.socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            self.transport.abort()


def read_head(head: bytes) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadHttpError("The request line is not HTTP/1.1.")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadHttpError("A header has no colon.")
        headers.append((name, value.strip()))
    return words[0], words[1], tuple(headers)


def read_length(headers: tuple[tuple[str, str], ...]) -> int:
    """The body's length: no document of a vendor mentions chunks, so a body needs its Content-Length."""
    length = 0
    for name, value in headers:
        if name.lower() == "transfer-encoding":
            raise BadHttpError("Chunked bodies are not taken.")
        if name.lower() == "content-length":
            if not (value.isascii() and value.isdigit()) or int(value) > MAX_BODY:
                raise BadHttpError("The Content-Length is not one that is taken.")
            length = int(value)
    return length
