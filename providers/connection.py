"""A connection that knows how far a call got.

urllib3's connection with four things of ours: the address guard, the mark "the first byte is
out", one deadline over writing and reading, and a cap on what is read.
"""

from __future__ import annotations

import functools
import http.client
import io
import ipaddress
import queue
import socket
import ssl
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse
from urllib3.util.connection import create_connection

from .address import is_public
from .base import Failure, Misconfigured, Unavailable, Unconfirmed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_BODY = 64 * 1024
"""Bytes of an answer's body."""
MAX_ANSWER = MAX_BODY + 32 * 1024
"""Bytes of a whole answer as it comes: status line, headers, chunk sizes, body."""
IDLE_SECONDS = 2.0
"""A connection idle for longer is not used again: the other side may be closing it just now."""


class TooLate(Exception):
    """The moment after which the call must not start was over: nothing was sent."""


class Call:
    """The call at hand: its limits, and how far it got. One per thread, made anew by `begin`."""

    def __init__(self, *, allow_private: bool, connect_timeout: float) -> None:
        self.allow_private = allow_private
        self.connect_timeout = connect_timeout
        self.begin("", 0.0, None)

    def begin(self, origin: str, timeout: float, not_after: float | None) -> None:
        self.origin = origin
        self.timeout = timeout
        self.not_after = not_after
        self.written = False
        self.ended = False
        self.deadline = 0.0

    def start(self) -> None:
        """Right before the first byte: is it still time? The deadline counts from here."""
        now = monotonic()
        if self.not_after is not None and now > self.not_after:
            raise TooLate("The call's time was over before its first byte; nothing was sent.")
        self.deadline = now + self.timeout

    def left(self) -> float:
        """Seconds until the deadline, never 0. Raises Unconfirmed when there are none."""
        left = self.deadline - monotonic()
        if left <= 0:
            raise self.timed_out()
        return left

    def timed_out(self) -> Unconfirmed:
        return self.lost("timeout", f"gave no whole answer within {self.timeout:g} seconds")

    def lost(self, code: str, what: str) -> Unconfirmed:
        return Unconfirmed(Failure.AMBIGUOUS, code, f"{self.origin} {what}: it may have the message.")

    def not_sent(self, code: str, what: str) -> Unavailable:
        return Unavailable(Failure.TRANSIENT, code, f"{self.origin} {what}; nothing was sent.")


class Connection(HTTPConnection):
    """A plain connection."""

    def __init__(self, *args: Any, call: Call, **more: Any) -> None:
        super().__init__(*args, **more)
        self.call = call
        self.dial_until = 0.0
        self.used_at = 0.0
        self.outgoing: list[bytes] = []
        self.response_class = functools.partial(Answer, call=call)  # type: ignore[assignment]

    @property
    def is_connected(self) -> bool:
        """May it be used again? Readable means closed, or an answer that nobody asked for."""
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
            raise self.call.not_sent("tls", f"did not make a secure connection ({reason})") from None

    def _new_conn(self) -> socket.socket:
        addresses = self._resolve()
        if not self.call.allow_private:
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
            raise self.call.not_sent("dns", "was not found in the DNS")
        return found

    def _dial(self, address: str, seconds: float) -> socket.socket:
        """A connected socket with what is left of the connect timeout, for TLS."""
        sock = create_connection((address, self.port), seconds, socket_options=self.socket_options)
        try:
            if not self.call.allow_private:
                self._guard([sock.getpeername()[0]])
            sock.settimeout(self._dial_left())
        except BaseException:
            sock.close()
            raise
        return sock

    def _guard(self, addresses: list[str]) -> None:
        if not all(is_public(address) for address in addresses):
            words = f"{self.call.origin} leads to an address that is not public; nothing was sent."
            raise Misconfigured(Failure.CONFIG, "address_refused", words)

    def _dial_left(self) -> float:
        left = self.dial_until - monotonic()
        if left <= 0:
            raise self._connect_timeout()
        return left

    def _connect_timeout(self) -> Unavailable:
        return self.call.not_sent("connect_timeout", f"made no connection within {self.call.connect_timeout:g} seconds")

    def _no_connection(self, error: OSError) -> Unavailable:
        if isinstance(error, TimeoutError):
            return self._connect_timeout()
        if isinstance(error, ConnectionRefusedError):
            return self.call.not_sent("refused", "refused the connection")
        return self.call.not_sent("unreachable", f"can't be reached ({error.strerror or type(error).__name__})")

    def request(self, *args: Any, **more: Any) -> None:
        """Gather headers and body, then write them as one: fewer packets, and one first byte."""
        if self.sock is None:
            self.connect()
        self.outgoing = []
        super().request(*args, **more)
        self._write(memoryview(b"".join(self.outgoing)))

    def send(self, data: Any) -> None:
        self.outgoing.append(data)

    def _write(self, data: memoryview) -> None:
        self.call.start()
        while data:
            self.sock.settimeout(self.call.left())
            try:
                count = self.sock.send(data)
            except TimeoutError:
                raise self.call.timed_out() from None
            except OSError:
                # A socket that fails took nothing of what this very call handed it.
                if self.call.written:
                    raise
                raise self.call.not_sent("closed", "had closed the connection") from None
            self.call.written = True
            data = data[count:]

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself
        response = super().getresponse()
        self.used_at = monotonic()
        return response


class TlsConnection(Connection, HTTPSConnection):
    """The same over TLS; the context decides whom to trust."""


class Answer(http.client.HTTPResponse):
    """An answer that is read through `_Reader`; a head cut short is no head."""

    def __init__(self, sock: socket.socket, *args: Any, call: Call, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self._call = call
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, call))

    def begin(self) -> None:
        super().begin()
        if self._call.ended:  # http.client takes the end of the stream for the end of the headers
            raise self._call.lost("closed", "closed the connection in the middle of its answer")
        if self.status < 200:  # the real answer is still to come, and would be read as the next call's
            raise self._call.lost("unreadable", f"answered HTTP {self.status}, which ends nothing")


class _Reader(io.RawIOBase):
    """A socket's bytes, each read within what is left of the one deadline, and counted."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, call: Call) -> None:
        self._raw, self._sock, self._call = raw, sock, call
        self._total = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._sock.settimeout(self._call.left())
        try:
            count = self._raw.readinto(buffer) or 0
        except TimeoutError:
            raise self._call.timed_out() from None
        except OSError:
            raise self._call.lost("reset", "broke the connection off before a whole answer") from None
        self._total += count
        self._call.ended = count == 0
        if self._total > MAX_ANSWER:
            raise self._call.lost("oversize", f"answered with more than {MAX_ANSWER // 1024} KiB")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """The host's IP addresses; [] if the DNS has none or takes too long.

    getaddrinfo knows no timeout: it runs in a thread of its own, which ends by the resolver's.
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
