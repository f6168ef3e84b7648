"""One HTTP call: how far it got, the bytes that are sent, and the response that is received.

http.client finds the end of the response. The headers are parsed here, because http.client does it with the e-mail
parser, which took a sixth of a call's time.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from providers.marking import N_

from .base import Failure, Unavailable, Unconfirmed
from .neighbours import NO_NEIGHBOURS, Neighbours

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_BODY = 64 * 1024
"""Bytes of an answer's body."""
MAX_ANSWER = MAX_BODY + 32 * 1024
"""Bytes of a whole response as received: status line, headers, chunk sizes, body."""
MAX_LINE = 16 * 1024
"""Bytes of one header."""

_TARGET = re.compile(r"[!-~]+")
_STATUS = re.compile(r"HTTP/1\.([0-9]) +([1-9][0-9][0-9])(?: |$)")
_NO_TEXT = re.compile(r"[^\t -~\x80-\xff]")


class TooLate(Exception):
    """The call was not begun by its latest time: nothing was sent."""


class Call:
    """The current call: its limits, and how far it got. One object per thread, reset by `begin`."""

    def __init__(self, *, allow_private: bool, connect_timeout: float, neighbours: Neighbours = NO_NEIGHBOURS) -> None:
        self.allow_private = allow_private
        self.neighbours = neighbours
        self.connect_timeout = connect_timeout
        self.begin("", 0.0, None)

    def begin(self, origin: str, timeout: float, not_after: float | None) -> None:
        self.origin = origin
        self.timeout = timeout
        self.not_after = not_after
        self.written = False
        self.ended = False
        self.status: int | None = None
        self.deadline = 0.0

    def start(self) -> None:
        """Called before the first byte. Raises TooLate after the latest time; the deadline counts from here."""
        now = monotonic()
        if self.not_after is not None and now > self.not_after:
            raise TooLate(N_("The call's time was over before its first byte; nothing was sent."))
        self.deadline = now + self.timeout

    def left(self) -> float:
        """Seconds until the deadline, never 0. Raises Unconfirmed when there are none."""
        left = self.deadline - monotonic()
        if left <= 0:
            raise self.timed_out()
        return left

    def timed_out(self) -> Unconfirmed:
        return self.lost("timeout", N_("gave no whole answer within {timeout:g} seconds").format(timeout=self.timeout))

    def closed(self) -> Unconfirmed:
        return self.lost("closed", N_("closed the connection before a whole answer"))

    def too_long(self) -> Unconfirmed:
        return self.lost("oversize", N_("answered with more than {max_body} KiB").format(max_body=MAX_BODY // 1024))

    def lost(self, code: str, what: str) -> Unconfirmed:
        words = N_("{origin} {what_text}: it may have the message.")
        failure = Unconfirmed(Failure.AMBIGUOUS, code, words.format(origin=self.origin, what_text=what))
        failure.status = self.status
        return failure

    def not_sent(self, code: str, what: str) -> Unavailable:
        return Unavailable(
            Failure.TRANSIENT,
            code,
            N_("{origin} {what_text}; nothing was sent.").format(origin=self.origin, what_text=what),
        )


def head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The bytes before a body. Raises ValueError if they would be read as another request than the intended one."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if not _TARGET.fullmatch(target) or _NO_TEXT.search("".join(lines)):
        raise ValueError(N_("The address or a header holds characters that may not travel there."))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Answer(http.client.HTTPResponse):
    """A response, read to its end within the call's deadline and size limit."""

    def __init__(self, sock: socket.socket, *args: Any, call: Call, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self._call = call
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, call))
        self.fields: dict[str, str] = {}
        """The headers, their names in lower case; the values of one that comes twice joined by a comma."""

    def begin(self) -> None:
        """Read the head, and find out where the body ends."""
        self.status = http.client.CONTINUE
        while self.status < http.client.OK:  # an interim response: the final one follows
            self.version, self.status = self._first_line()
            self.fields = self._read_fields()
            if self.status == http.client.SWITCHING_PROTOCOLS:
                raise self._call.lost("unreadable", N_("answered HTTP 101: what follows is no HTTP"))
        self._call.status = self.status
        self.chunked = self.fields.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = self._length()
        self.will_close = self._says_close() or (self.length is None and not self.chunked)

    def _first_line(self) -> tuple[int, int]:
        """Version (10 or 11) and status."""
        line = self._line()
        found = _STATUS.match(line)
        if found is None:
            raise http.client.BadStatusLine(line)
        return (10 if found[1] == "0" else 11), int(found[2])

    def _read_fields(self) -> dict[str, str]:
        """The headers up to the empty line."""
        fields: dict[str, str] = {}
        name = ""
        while line := self._line():
            if line[0] in " \t":  # continues the previous header
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
                continue
            name, colon, value = line.partition(":")
            name = name.lower()
            if colon:
                fields[name] = f"{fields[name]}, {value.strip()}" if name in fields else value.strip()
        return fields

    def _line(self) -> str:
        """The next line of the head, without its line end. Raises an error if the head is cut short."""
        line = self.fp.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise http.client.LineTooLong("line of the head")
        if not line.endswith(b"\n"):
            raise self._call.closed()
        return line.decode("latin-1").rstrip("\r\n")

    def _says_close(self) -> bool:
        word = self.fields.get("connection", "").lower()
        return "close" in word or (self.version == 10 and "keep-alive" not in word)

    def _length(self) -> int | None:
        """The body's length, if the head states it."""
        if self.status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED):
            return 0
        said = {length.strip() for length in self.fields.get("content-length", "").split(",")}
        if len(said) > 1:
            raise self._call.lost("unreadable", N_("answered with several lengths, which differ"))
        length = said.pop()
        return int(length) if length.isascii() and length.isdigit() and not self.chunked else None

    def whole(self) -> bytes:
        """The whole body. Raises Unconfirmed if it is cut short or too long."""
        body = self.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise self._call.too_long()
        if self.length:
            raise self._call.closed()
        return body


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
            raise self._call.lost("reset", N_("broke the connection off before a whole answer")) from None
        self._total += count
        self._call.ended = count == 0
        if self._total > MAX_ANSWER:
            raise self._call.too_long()
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
