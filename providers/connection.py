"""A connection that records how far a call got.

It adds four things to urllib3's connection: the check of the address, the mark that the first
byte was written, one deadline for writing and reading, and a limit on what is read.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Mapping
from time import monotonic
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse
from urllib3.util.connection import create_connection

from providers.marking import N_

from .address import is_public
from .base import Failure, Misconfigured, Unavailable
from .neighbours import is_inner
from .wire import Answer, Call, head

IDLE_SECONDS = 2.0
"""A connection that was idle for longer is not used again: the peer may be closing it."""


class Connection(HTTPConnection):
    """A plain connection."""

    is_tls = False

    def __init__(self, *args: Any, call: Call, **more: Any) -> None:
        super().__init__(*args, **more)
        self.call = call
        self.dial_until = 0.0
        self.used_at = 0.0
        self.method = ""

    @property
    def is_connected(self) -> bool:
        """Whether it may be used again. If it is readable, it was closed, or data came without a request."""
        return monotonic() - self.used_at <= IDLE_SECONDS and super().is_connected

    def connect(self) -> None:
        """DNS, TCP and TLS, all within the connect timeout. Raises Unavailable or Misconfigured."""
        self.dial_until = monotonic() + self.call.connect_timeout
        try:
            super().connect()
        except TimeoutError:
            raise self._connect_timeout() from None
        except (OSError, HTTPError, ValueError) as error:
            reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or type(error).__name__
            raise self.call.not_sent(
                "tls", N_("did not make a secure connection ({reason_text})").format(reason_text=reason)
            ) from None

    def _new_conn(self) -> socket.socket:
        self._guard_scheme()
        addresses = self._resolve()
        self._guard(addresses)
        for position, address in enumerate(addresses):
            share = self._dial_left() / (len(addresses) - position)
            try:
                return self._dial(address, share)
            except OSError as error:
                failure = error
        raise self._no_connection(failure)

    def _resolve(self) -> list[str]:
        host = self._dns_host
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            found = _look_up(host, self.port, self._dial_left())
        if not found:
            raise self.call.not_sent("dns", N_("was not found in the DNS"))
        return found

    def _dial(self, address: str, seconds: float) -> socket.socket:
        """A connected socket, whose timeout is the rest of the connect timeout, for TLS."""
        sock = create_connection((address, self.port), seconds, socket_options=self.socket_options)
        try:
            self._guard([sock.getpeername()[0]])
            sock.settimeout(self._dial_left())
        except BaseException:
            sock.close()
            raise
        return sock

    @property
    def is_neighbour(self) -> bool:
        return (self._dns_host, self.port) in self.call.neighbours

    def _guard_scheme(self) -> None:
        """Without TLS only neighbours are called."""
        if not (self.call.allow_private or self.is_tls or self.is_neighbour):
            words = N_("{origin} is called over http, and it is not one of NEIGHBOUR_HOSTS; nothing was sent.")
            raise Misconfigured(Failure.CONFIG, "address_refused", words.format(origin=self.call.origin))

    def _may_call(self, address: str) -> bool:
        """A neighbour without TLS is never called at a public address, whatever DNS answers."""
        return (self.is_tls and is_public(address)) or (self.is_neighbour and is_inner(address))

    def _guard(self, addresses: list[str]) -> None:
        if not (self.call.allow_private or all(map(self._may_call, addresses))):
            words = N_("{origin} leads to an address that is not public; nothing was sent.").format(
                origin=self.call.origin
            )
            raise Misconfigured(Failure.CONFIG, "address_refused", words)

    def _dial_left(self) -> float:
        left = self.dial_until - monotonic()
        if left <= 0:
            raise self._connect_timeout()
        return left

    def _connect_timeout(self) -> Unavailable:
        return self.call.not_sent(
            "connect_timeout",
            N_("made no connection within {connect_timeout:g} seconds").format(
                connect_timeout=self.call.connect_timeout
            ),
        )

    def _no_connection(self, error: OSError) -> Unavailable:
        if isinstance(error, TimeoutError):
            return self._connect_timeout()
        if isinstance(error, ConnectionRefusedError):
            return self.call.not_sent("refused", N_("refused the connection"))
        return self.call.not_sent(
            "unreachable", N_("can't be reached ({value})").format(value=error.strerror or type(error).__name__)
        )

    def request(  # type: ignore[override]  # our adapter passes only a target, headers and a complete body
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, **_: Any
    ) -> None:
        """Write head and body together, which saves packets."""
        data = head(method, url, {"Host": self._host_field(), **(headers or {})}) + (body or b"")
        self.method = method
        if self.sock is None:
            self.connect()
        self._write(memoryview(data))

    def _host_field(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == self.default_port else f"{host}:{self.port}"

    def _write(self, data: memoryview) -> None:
        self.call.start()
        while data:
            self.sock.settimeout(self.call.left())
            try:
                count = self.sock.send(data)
            except TimeoutError:
                raise self.call.timed_out() from None
            except OSError:
                # A write that fails has sent none of its data.
                if self.call.written:
                    raise
                raise self.call.not_sent("closed", N_("had closed the connection")) from None
            self.call.written = True
            data = data[count:]

    def getresponse(self) -> Whole:  # type: ignore[override]  # as urllib3 itself
        """The whole response, read within the deadline and the size limit."""
        answer = Answer(self.sock, method=self.method, call=self.call)
        with contextlib.closing(answer):
            answer.begin()
            body = answer.whole()
        if answer.will_close:
            self.close()
        self.used_at = monotonic()
        return Whole(answer.fields, answer.status, body)


class Whole(HTTPResponse):
    """A response that was read to its end, as urllib3 passes it on, with unchanged headers."""

    def __init__(self, fields: Mapping[str, str], status: int, body: bytes) -> None:
        super().__init__(body, status=status, preload_content=False, decode_content=False)
        self.fields, self.body = fields, body


class TlsConnection(Connection, HTTPSConnection):
    """A TLS connection; the context holds the trusted authorities."""

    is_tls = True


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """The host's IP addresses; [] if DNS has none or takes too long.

    getaddrinfo has no timeout, so it runs in a thread, which ends with the resolver's own timeout.
    """
    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        answer.put([str(sockaddr[0]) for *_, sockaddr in found])

    threading.Thread(target=ask, name="dns", daemon=True).start()
    try:
        return answer.get(timeout=seconds)
    except queue.Empty:
        return []


def tls_context(authorities: str) -> ssl.SSLContext:
    """Verifies certificate and host name, TLS 1.2 at least; trusts the authorities in this file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authorities)
    return context
