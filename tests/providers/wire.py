"""Small servers on loopback that do exactly what a test says, byte by byte."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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
        for sock in (self.listener, self.current):
            with contextlib.suppress(OSError, AttributeError):
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
    """The same reply to every request, on one connection."""

    def script(server: Server, conn: socket.socket) -> None:
        while server.take(conn):
            conn.sendall(reply)

    return script


def closed_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def certificate(folder: Path, host: str) -> Path:
    """A self-signed certificate for this host name and 127.0.0.1, with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def server_context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
