"""Small servers on loopback that do exactly what a test says, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

SHORT, LONG = 0.2, 10.0
"""Time-outs of calls: one that is to be reached, and one that is not."""
PATIENCE = 10.0
"""Seconds after which a server gives up, so that a broken test ends."""


def read_request(conn: socket.socket) -> bytes:
    """One whole request; less if the other side goes first."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = conn.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = conn.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


def answer(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Server:
    """Accepts connections one after the other and plays `script(server, conn)` on each."""

    def __init__(self, script: Callable[[Server, socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self.script, self.tls = script, tls
        self.requests: list[bytes] = []
        self.connections = 0
        self.done = threading.Event()
        """Set once the script of a connection has ended."""
        self.over = threading.Event()
        """Set when the test is over: a script that waits for ever waits for this."""
        self.current: socket.socket | None = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def take(self, conn: socket.socket) -> bytes:
        request = read_request(conn)
        if request:
            self.requests.append(request)
        return request

    def wait(self) -> None:
        self.over.wait(PATIENCE)

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.current = conn
            conn.settimeout(PATIENCE)
            with conn, contextlib.suppress(OSError):
                self._play(conn)
            self.done.set()

    def _play(self, conn: socket.socket) -> None:
        if self.tls is None:
            self.script(self, conn)
            return
        with self.tls.wrap_socket(conn, server_side=True) as wrapped:
            self.script(self, wrapped)

    def stop(self) -> None:
        self.over.set()
        for sock in filter(None, (self.listener, self.current)):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)


@contextlib.contextmanager
def serving(script: Callable[[Server, socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(script, tls)
    try:
        yield server
    finally:
        server.stop()


def replying(*pieces: bytes) -> Callable[[Server, socket.socket], None]:
    """Read a request, send these bytes, close."""

    def script(server: Server, conn: socket.socket) -> None:
        server.take(conn)
        for piece in pieces:
            conn.sendall(piece)

    return script


def keeping_alive(reply: bytes) -> Callable[[Server, socket.socket], None]:
    """Sends the same reply to every request, on one connection."""

    def script(server: Server, conn: socket.socket) -> None:
        while server.take(conn):
            conn.sendall(reply)

    return script


def closed_port() -> int:
    """A loopback port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def silence(server: Server, conn: socket.socket) -> None:
    server.take(conn)
    server.wait()


def break_off(conn: socket.socket) -> None:
    """Closing it now resets it (SO_LINGER with no time)."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def reset(server: Server, conn: socket.socket) -> None:
    server.take(conn)
    break_off(conn)
