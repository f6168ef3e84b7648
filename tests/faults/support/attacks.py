"""Attacks on the web processes: `python -m tests.faults.support.attacks NAME PORT` goes on until it is ended.

A process of its own: its work must not slow the process that measures.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

PAUSE = 0.01
FILE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
CHUNKED = b"POST /send-sms HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


async def wrong_passwords(port: int) -> None:
    """Each with another name, so that no lock of a name ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /admin/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    page = await reader.readexactly(_length(head))
    cookie = re.search(rb"csrftoken=(\w+)", head)
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert cookie
    assert token
    for number in itertools.count():
        form = {
            "csrfmiddlewaretoken": token[1].decode(),
            "username": f"nobody-{id(writer)}-{number}",
            "password": "x" * 20,
        }
        body = urlencode(form).encode()
        head = b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        head += b"Cookie: csrftoken=%s\r\nContent-Length: %d\r\n\r\n" % (cookie[1], len(body))
        writer.write(head + body)
        await reader.readexactly(_length(await reader.readuntil(b"\r\n\r\n")))


def _length(head: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


async def slow_readers(port: int) -> None:
    """A byte of a static file a second."""
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, f"GET {FILE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while await loop.sock_recv(connection, 1):
            await asyncio.sleep(1)


def endless(start: bytes, piece: bytes) -> Callable[[int], Awaitable[None]]:
    async def attack(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED + start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(PAUSE)

    return attack


ATTACKS: dict[str, tuple[Callable[[int], Awaitable[None]], int]] = {
    "wrong passwords": (wrong_passwords, 24),
    "slow readers of a file": (slow_readers, 32),
    "long chunk extensions": (endless(b"", b"1;" + b"e" * 900 + b"\r\nx\r\n"), 24),
    "endless trailers": (endless(b"0\r\n", b"X: x\r\n" * 20), 24),
    "half a body": (endless(b"5\r\n", b""), 40),
}


async def again(attack: Callable[[int], Awaitable[None]], port: int) -> None:
    """A connection that is refused or closed is opened again."""
    while True:
        try:
            await attack(port)
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(PAUSE)


async def main(name: str, port: int) -> None:
    attack, connections = ATTACKS[name]
    await asyncio.gather(*(again(attack, port) for _ in range(connections)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
