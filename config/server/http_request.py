"""The parser of the web processes: limits on a request while it is received, and error responses in our format.

waitress receives and parses. This module rejects what waitress would tolerate: two lengths, folded headers, unknown
versions, long lines. RFC 9112 allows each rejection.
"""

from __future__ import annotations

import json
import re
import time

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.task import ErrorTask
from waitress.utilities import InternalServerError, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from sms.api import request_ids
from sms.domain.codes import Refusal, as_json, refuse

RECEIVE_SECONDS = 9.0
"""From the first byte of a request to its last. The worker checks this once a second."""
MAX_LINE = 8190
MAX_HEADERS = 100
MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024
"""The longest body at the API. The application answers a longer one with 413, without waiting for the rest."""
MAX_ADMIN_BODY = 4 * 1024 * 1024
"""The longest form in the admin, for lists that staff import."""
MAX_CHUNK_OVERHEAD = 8
"""A chunked body may be received as so many times its length, because a chunk of one byte has six bytes in all."""
MAX_CHUNK_LINE = 1024
MAX_TRAILERS = 8190
ADMIN = "/admin/"

_UNESCAPED = re.compile(rb"[^ !\"$-~\r\n]")
"""Bytes that a URL must not contain: some vendors and gateways do not escape a text in a query."""
_REQUEST_ID = re.compile(rb"\r\nx-akinon-request-id:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CODES = {
    RequestEntityTooLarge: "payload_too_large",
    RequestHeaderFieldsTooLarge: "headers_too_large",
    InternalServerError: "internal_error",
}


class RequestParser(HTTPRequestParser):
    """One request of a connection. `error` holds a Refusal, or an error of waitress."""

    head = b""

    def __init__(self, adjustments: Adjustments) -> None:
        super().__init__(adjustments)
        self.deadline = time.monotonic() + RECEIVE_SECONDS

    @property
    def normalised_path(self) -> str:
        """The path as waitress passes it to the application."""
        return "/" + self.path.lstrip("/")

    def received(self, data: bytes) -> int:
        was_in_head, before = not self.headers_finished, self.header_plus
        consumed = int(super().received(data))
        if isinstance(self.error, RequestHeaderFieldsTooLarge) and not 0 <= (before + data).find(b"\r\n") <= MAX_LINE:
            self.refuse("uri_too_long")
        if self.completed:
            self.expect_continue = False  # otherwise waitress would request a body (100 Continue) and wait for it
        if self.error is None and self.headers_finished:
            if was_in_head and not self.empty:
                self._check_head()
            elif isinstance(self.body_rcv, ChunkedReceiver):
                self._check_chunks(self.body_rcv)
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        self.head = self.head or header_plus
        line, end, fields = header_plus.partition(b"\r\n")
        line = _UNESCAPED.sub(lambda found: b"%%%02X" % ord(found[0]), line)
        try:
            super().parse_header(line + end + fields)
        except ValueError as error:  # urlsplit's, such as for brackets that hold no IPv6 address
            raise ParsingError("The URL can't be read.") from error
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("This version of HTTP does not exist.")
        if b"\r\n " in header_plus or b"\r\n\t" in header_plus:
            raise ParsingError("Header lines must not be folded.")
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("The length of the body is ambiguous.")

    def refuse(self, code: str, message: str = "", retry_after: int | None = None) -> None:
        """Answer with this code, and close the connection."""
        self.error = refuse(code, message=message, retry_after=retry_after)
        self.completed, self.expect_continue = True, False

    @property
    def _has_long_line(self) -> bool:
        return len(self.head) > MAX_LINE and max(map(len, self.head.split(b"\r\n"))) > MAX_LINE

    @property
    def _max_body(self) -> int:
        return MAX_ADMIN_BODY if self.normalised_path.startswith(ADMIN) else MAX_BODY

    def _check_head(self) -> None:
        if self.head.find(b"\r\n") > MAX_LINE:
            self.refuse("uri_too_long")
        elif self.head.count(b"\r\n") - 2 > MAX_HEADERS or self._has_long_line:
            self.refuse("headers_too_large")
        elif self.headers.get("EXPECT", "100-continue").lower() != "100-continue":
            self.refuse("expectation_failed")
        elif self.content_length > self._max_body:
            self._stop_receiving()

    def _check_chunks(self, chunks: ChunkedReceiver) -> None:
        if len(chunks) > self._max_body:
            self.headers["CONTENT_LENGTH"] = str(len(chunks))
            self._stop_receiving()
        elif len(chunks.control_line) > MAX_CHUNK_LINE:
            self.refuse("bad_request")
        elif len(chunks.trailer) > MAX_TRAILERS:
            self.refuse("headers_too_large")
        elif self.body_bytes_received > MAX_CHUNK_OVERHEAD * self._max_body:
            self.refuse("payload_too_large")

    def _stop_receiving(self) -> None:
        """Pass the incomplete request to the application, so that 404 and 401 precede 413."""
        self.headers["CONNECTION"] = "close"
        self.expect_continue = False
        self.completed = True


class JsonErrorTask(ErrorTask):
    """Answers a request that is not passed to the application, then closes the connection."""

    def execute(self) -> None:
        error = self.request.error
        refusal = error if isinstance(error, Refusal) else refuse(_CODES.get(type(error), "bad_request"))
        body = json.dumps(as_json(refusal.faults)).encode()
        self.status = f"{refusal.code.status} {_REASONS[refusal.code.status]}"
        self.response_headers += [
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            (request_ids.HEADER, _request_id(self.request)),
        ]
        if refusal.retry_after is not None:
            self.response_headers.append(("Retry-After", str(refusal.retry_after)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


_REASONS = {400: "Bad Request", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long"}
_REASONS |= {417: "Expectation Failed", 431: "Request Header Fields Too Large"}
_REASONS |= {500: "Internal Server Error", 503: "Service Unavailable"}


def _request_id(request: RequestParser) -> str:
    given = _REQUEST_ID.search(request.header_plus + request.head)
    meta = {"HTTP_X_AKINON_REQUEST_ID": given[1].decode("latin-1").strip()} if given else {}
    return str(request_ids.request_id_of(meta).value)
