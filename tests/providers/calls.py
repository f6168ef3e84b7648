"""A call to a server on loopback, what it may end in, and the ways in which a vendor can leave us in doubt."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable

import pytest

from providers.base import HttpRequest, ProviderError
from providers.http import Client
from providers.testing.wire import LONG, SHORT, Server, answer, replying, reset, silence

SECRET = "s3cr3t-token"


def call(url: str, body: bytes = b"hello") -> HttpRequest:
    return HttpRequest("POST", f"{url}/account-4711/sms/send", (("Authorization", f"Bearer {SECRET}"),), body)


def failure(client: Client, request: HttpRequest, timeout: float = LONG) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        client.send(request, timeout=timeout)
    return caught.value


def silence_before_reading(server: Server, _: socket.socket) -> None:
    server.wait()


def dripping(head: bytes, drop: bytes) -> Callable[[Server, socket.socket], None]:
    """A byte now and then, each well within a timeout that is counted per read."""

    def script(server: Server, conn: socket.socket) -> None:
        server.take(conn)
        conn.sendall(head)
        while not server.over.wait(SHORT / 10):
            conn.sendall(drop)

    return script


OK = b"HTTP/1.1 200 OK\r\n"
PERHAPS_SENT = {
    "silence": (silence, "timeout"),
    "silence before reading": (silence_before_reading, "timeout"),
    "half a body, then silence": (lambda s, c: (replying(answer(b"whole")[:-2])(s, c), s.wait()), "timeout"),
    "a dripping body": (dripping(OK + b"Content-Length: 9999\r\n\r\n", b"x"), "timeout"),
    "a dripping chunked body": (dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), "timeout"),
    "a dripping chunk size": (dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"), "timeout"),
    "dripping headers": (dripping(OK, b"A: b\r\n"), "timeout"),
    "a dripping header line": (dripping(OK + b"A: ", b"b"), "timeout"),
    "a dripping status line": (dripping(b"HTTP/1.1 200 ", b"O"), "timeout"),
    "endless 100 Continue, slowly": (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout"),
    "closed without a byte": (replying(), "closed"),
    "half a status line": (replying(b"HTTP/1.1 40"), "closed"),
    "a status line alone": (replying(b"HTTP/1.1 400 Bad Request\r\n"), "closed"),
    "half the headers": (replying(b"HTTP/1.1 400 Bad Request\r\nContent-Le"), "closed"),
    "headers without their end": (replying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"), "closed"),
    "half a body": (replying(answer(b"whole", "400 Bad Request")[:-2]), "closed"),
    "half a chunk": (replying(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), "closed"),
    "no last chunk": (replying(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), "closed"),
    "reset": (reset, "reset"),
    "a body of 64 KiB and one": (replying(answer(bytes(64 * 1024 + 1))), "oversize"),
    "a chunked body without end": (
        replying(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"4\r\nabcd\r\n" * 50_000),
        "oversize",
    ),
    "headers without end": (replying(OK, b"A: bbbbbbbbbbbbbbbbbbbbbbb\r\n" * 50_000), None),
    "a header line without end": (replying(OK + b"A: ", b"b" * 500_000), None),
    "100 Continue without end": (replying(b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000), "oversize"),
    "no HTTP at all": (replying(b"220 mail.example ESMTP\r\n" * 9), "unreadable"),
    "a negative chunk": (replying(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nab\r\n"), None),
    "two lengths that differ": (replying(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"), "unreadable"),
    "early hints and no more": (replying(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "closed"),
    "processing, again and again": (dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), "timeout"),
    "early hints without end": (replying(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50_000), "oversize"),
    "another protocol": (replying(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + answer(b"whole")), "unreadable"),
    "a compressed body that is too long": (
        replying(answer(gzip.compress(bytes(20_000_000)), "200 OK", "Content-Encoding: gzip")),
        "oversize",
    ),
    "a compressed body that is too long, undeclared": (
        replying(answer(gzip.compress(bytes(64 * 1024 + 1)), "400 Bad Request")),
        "oversize",
    ),
    "a compressed body, cut": (
        replying(answer(gzip.compress(b"whole"), "200 OK", "Content-Encoding: gzip")[:-4]),
        "closed",
    ),
    "compressed chunks without the last one": (
        replying(OK + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n2\r\n\x1f\x8b\r\n"),
        "closed",
    ),
}
