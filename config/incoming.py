"""The bytes of one HTTP/1.1 request as they come in: is it whole, and where does it end (RFC 9112, sections 6 and 7)?

Nothing is refused here but what is too large to keep. What can't be understood counts as whole, and gunicorn's parser,
which reads the same bytes again, says what is wrong with it.
"""

from __future__ import annotations

import re
from enum import Enum, auto

MOST_HEAD = 64 * 1024
MOST_BODY = 64 * 1024
"""Of a body that the API reads (sms/api/request_body.py). A longer one is answered before it is read."""
MAX_ADMIN_BODY = 4 * 1024 * 1024
"""The largest form of the admin, for lists that staff import."""
_CHUNK_OVERHEAD = 8
"""A chunk of one byte takes six on the wire: as raw bytes a chunked body may be so many times as long."""
_LONGEST_SIZE_LINE = 1024
_ADMIN = b"/admin/"
_HEADER = re.compile(rb"\r\n([^:\r\n]+):[ \t]*([^\r\n]*)")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")


class State(Enum):
    PARTIAL = auto()
    WHOLE = auto()
    HEAD_TOO_LARGE = auto()
    BODY_TOO_LARGE = auto()


class Incoming:
    """Collects one request. `is_cut`: its end is not known, so nothing can follow it on its connection."""

    def __init__(self, received: bytes = b"") -> None:
        self.buffer = bytearray(received)
        self.is_cut = False
        self.expects_continue = False
        self._searched = 0
        self._head_size = 0
        self._most = MOST_BODY
        self._chunks: _Chunks | None = None
        self._end: int | None = None

    def add(self, data: bytes) -> None:
        self.buffer += data

    @property
    def head(self) -> bytes:
        """The request line and the headers, as far as they are there."""
        return bytes(self.buffer[: self._head_size or len(self.buffer)])

    def state(self) -> State:
        if not self._head_size and not self._find_head():
            return State.HEAD_TOO_LARGE if len(self.buffer) > MOST_HEAD else State.PARTIAL
        if self._chunks is not None:
            return self._chunked_state(self._chunks)
        if self.is_cut or (self._end is not None and len(self.buffer) >= self._end):
            return State.WHOLE
        return State.PARTIAL

    def take(self) -> tuple[bytes, bytes]:
        """The request, and what came behind it."""
        end = len(self.buffer) if self._end is None or self.is_cut else self._end
        return bytes(self.buffer[:end]), bytes(self.buffer[end:])

    def _find_head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self.buffer)
        if end < 0:
            return False
        self._head_size = end + 4
        self._read_head(bytes(self.buffer[: end + 2]))
        return True

    def _read_head(self, head: bytes) -> None:
        headers = [(name.lower(), value.strip().lower()) for name, value in _HEADER.findall(head)]
        lengths = {value for name, value in headers if name == b"content-length"}
        codings = [value for name, value in headers if name == b"transfer-encoding"]
        expected = [value for name, value in headers if name == b"expect"]
        if head.partition(b" ")[2].startswith(_ADMIN):
            self._most = MAX_ADMIN_BODY
        if codings == [b"chunked"] and not lengths:
            self._chunks = _Chunks(self._head_size)
        elif codings or len(lengths) > 1 or not all(value.isdigit() for value in lengths):
            self.is_cut = True
        else:
            self._expect_length(int(lengths.pop()[:12]) if lengths else 0)
        if expected and expected != [b"100-continue"]:
            self.is_cut = True
            self._chunks = None
        self.expects_continue = expected == [b"100-continue"]

    def _expect_length(self, length: int) -> None:
        if length > self._most:
            self.is_cut = True
        else:
            self._end = self._head_size + length

    def _chunked_state(self, chunks: _Chunks) -> State:
        if not chunks.is_bad and not chunks.is_done and chunks.size <= self._most:
            chunks.read(self.buffer)
        if chunks.is_done:
            self._end = chunks.position
            return State.WHOLE
        if chunks.is_bad or chunks.size > self._most:
            self.is_cut = True
            return State.WHOLE
        if len(self.buffer) - self._head_size > _CHUNK_OVERHEAD * self._most:
            return State.BODY_TOO_LARGE
        return State.PARTIAL


class _Chunks:
    """How far a chunked body has come. `size` counts the bytes of its chunks that are there."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.size = 0
        self.is_done = self.is_bad = False
        self._in_trailers = False
        self._left = -1  # bytes of the chunk at hand that are missing, its line end included; -1: a size line is due

    def read(self, buffer: bytearray) -> None:
        while not (self.is_done or self.is_bad):
            step = self._read_trailers if self._in_trailers else self._read_size if self._left < 0 else self._read_data
            if not step(buffer):
                return

    def _read_size(self, buffer: bytearray) -> bool:
        end = buffer.find(b"\r\n", self.position, self.position + _LONGEST_SIZE_LINE)
        if end < 0:
            self.is_bad = len(buffer) - self.position > _LONGEST_SIZE_LINE
            return False
        match = _SIZE.fullmatch(buffer, self.position, end)
        if match is None:
            self.is_bad = True
            return False
        self.position = end + 2
        self._left = int(match[1], 16) + 2
        self._in_trailers = self._left == 2
        return True

    def _read_data(self, buffer: bytearray) -> bool:
        there = min(self._left, len(buffer) - self.position)
        self.position += there
        self._left -= there
        self.size += there
        if self._left:
            return False
        self.size -= 2
        self._left = -1
        self.is_bad = buffer[self.position - 2 : self.position] != b"\r\n"
        return True

    def _read_trailers(self, buffer: bytearray) -> bool:
        """Nothing, or headers, and an empty line."""
        if buffer.startswith(b"\r\n", self.position):
            self.position += 2
            self.is_done = True
            return True
        end = buffer.find(b"\r\n\r\n", self.position)
        if end < 0:
            return False
        self.position = end + 4
        self.is_done = True
        return True
