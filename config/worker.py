"""gunicorn's threaded worker, made patient: a thread gets a request only once it is here as a whole.

gunicorn's own worker reads requests in its threads, so sixteen callers that send half a body and fall silent stop it
for good. Here the main loop collects the bytes of all connections; a request that is not whole in time is answered 408
and costs no thread. What gunicorn refuses by itself is answered in the product's error format.
"""

from __future__ import annotations

import errno
import json
import re
import threading
import time
from concurrent.futures import Future
from typing import Any

from gunicorn.errors import ConfigError
from gunicorn.http import errors
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker

from config.incoming import Incoming, State
from sms.api import request_ids
from sms.domain.codes import as_json, refuse

PATIENCE = 9.0
"""Seconds from a request's first byte (or its connection's start) to its last; the loop looks once a second."""
SENDING = 10.0
"""Seconds that a caller may take to read what we write."""
LINGER = 2.0
"""Seconds for which a closed connection's rest is read, so that the answer is not lost with it (RFC 9112, 9.6)."""
_READ = 64 * 1024
_SEND_NO_MORE = 1  # the system's SHUT_WR
_REASONS = {400: "Bad Request", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long"}
_REASONS |= {417: "Expectation Failed", 431: "Request Header Fields Too Large", 500: "Internal Server Error"}
_REQUEST_ID = re.compile(rb"\r\nx-akinon-request-id:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CODES = {
    errors.LimitRequestLine: "uri_too_long",
    errors.ExpectationFailed: "expectation_failed",
    errors.LimitRequestHeaders: "headers_too_large",
}


class Connection(TConn):
    """A connection and the request that it is sending."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self.incoming = Incoming()
        self.behind = b""
        self.data_ready = True  # the worker's threads never wait for data

    def begin(self) -> None:
        """Start the next request with what came behind the last one."""
        self.incoming, self.behind = Incoming(self.behind), b""
        self.sock.setblocking(False)

    def parser_of_whole_request(self) -> RequestParser:
        whole, self.behind = self.incoming.take()
        return RequestParser(self.cfg, iter((whole,)), self.client)


class PatientWorker(ThreadWorker):
    """Connections are in one of three places, each in the order of its deadlines: reading, idle, closing."""

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """The main loop reads plain bytes. Raises ConfigError where gunicorn itself is to speak TLS."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("This worker speaks no TLS: let the proxy in front do it, and leave certfile out.")

    def init_process(self) -> None:
        self.reading: dict[Connection, float] = {}
        self.idle: dict[Connection, float] = {}
        self.closing: dict[Connection, float] = {}
        self.at_hand = threading.local()
        super().init_process()

    # --- in the main loop -------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        connection = Connection(self.cfg, client, address, listener.getsockname())
        self._wait(connection, self.reading, PATIENCE, self._read)
        self._read(connection)

    def _wait(self, connection: Connection, place: dict[Connection, float], seconds: float, then: Any) -> None:
        place[connection] = time.monotonic() + seconds
        self.poller.register(connection.sock, 1, lambda _: then(connection))  # 1: EVENT_READ

    def _stop_waiting(self, connection: Connection) -> None:
        for place in (self.reading, self.idle, self.closing):
            if place.pop(connection, None) is not None:
                self.poller.unregister(connection.sock)

    def _received(self, connection: Connection) -> bytes | None:
        """What can be read now: None for nothing yet, b"" where the connection is at its end."""
        try:
            return connection.sock.recv(_READ)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _read(self, connection: Connection) -> None:
        data = self._received(connection)
        if data is None:
            return
        if not data:
            self._drop(connection)
            return
        connection.incoming.add(data)
        self._look_at(connection)

    def _read_next(self, connection: Connection) -> None:
        """The first bytes of a further request on a connection that was kept."""
        self._stop_waiting(connection)
        self._wait(connection, self.reading, PATIENCE, self._read)
        self._read(connection)

    def _look_at(self, connection: Connection) -> None:
        state = connection.incoming.state()
        if state is State.WHOLE:
            self._stop_waiting(connection)
            self.enqueue_req(connection)
        elif state is State.HEAD_TOO_LARGE:
            self._refuse(connection, "headers_too_large")
        elif state is State.BODY_TOO_LARGE:
            self._refuse(connection, "payload_too_large")
        elif connection.incoming.expects_continue:
            connection.incoming.expects_continue = False
            self._write(connection, b"HTTP/1.1 100 Continue\r\n\r\n")

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._close(conn)
            return
        conn.begin()
        if conn.incoming.buffer:
            self._wait(conn, self.reading, PATIENCE, self._read)
            self._look_at(conn)
        else:
            self._make_room()
            self._wait(conn, self.idle, self.cfg.keepalive, self._read_next)

    def _make_room(self) -> None:
        """Close the connection that has been idle for longest before idle ones keep new ones out."""
        if len(self.idle) >= self.max_keepalived:
            self._drop(next(iter(self.idle)))

    def _refuse(self, connection: Connection, code: str) -> None:
        self.log.info("Refused a request: %s", code)
        self._write(connection, answer(code, connection.incoming.head))
        self._close(connection)

    def _write(self, connection: Connection, data: bytes) -> None:
        """A few bytes, without waiting: they fit into the socket's buffer or nobody reads them."""
        try:
            connection.sock.send(data)
        except OSError:
            self.log.debug("A caller does not read its answer.")

    def _close(self, connection: Connection) -> None:
        """Say that nothing follows, and read the rest for a moment: a reset would take the answer with it."""
        self._stop_waiting(connection)
        try:
            connection.sock.setblocking(False)
            connection.sock.shutdown(_SEND_NO_MORE)
        except OSError:
            self._drop(connection)
            return
        self._wait(connection, self.closing, LINGER, self._discard)

    def _discard(self, connection: Connection) -> None:
        if self._received(connection) == b"":
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._stop_waiting(connection)
        self.nr_conns -= 1
        connection.close()

    # --- deadlines: gunicorn's loop calls these each round, at least once a second -------

    def murder_pending(self) -> None:
        for connection in self._late(self.reading):
            if connection.incoming.buffer:
                self._refuse(connection, "request_timeout")
            else:
                self._drop(connection)
        for connection in self._late(self.closing):
            self._drop(connection)

    def murder_keepalived(self, force: bool = False) -> None:
        for connection in list(self.idle) if force else self._late(self.idle):
            self._drop(connection)

    def _late(self, place: dict[Connection, float]) -> list[Connection]:
        now, late = time.monotonic(), []
        for connection, deadline in place.items():
            if deadline > now:
                break
            late.append(connection)
        return late

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: connections that say nothing are closed soon."""
        for connection in [c for c in self.reading if not c.incoming.buffer]:
            self._drop(connection)
        self.idle = {connection: min(end, deadline) for connection, end in self.idle.items()}

    # --- in a thread ------------------------------------------------------------------

    def handle(self, conn: Connection) -> Any:
        self.at_hand.head = conn.incoming.head
        conn.parser = conn.parser_of_whole_request()
        return super().handle(conn)

    def handle_request(self, req: Request, conn: Connection) -> Any:
        req._expected_100_continue = False  # said already, if it was asked for
        if conn.incoming.is_cut:
            req.force_close()
        conn.sock.settimeout(SENDING)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """What gunicorn can't read, or a fault below the application, in the product's format."""
        code = code_of(exc)
        if code == "internal_error":
            self.log.error("Error handling request", exc_info=exc)
        else:
            self.log.info("Refused a request: %s", type(exc).__name__)
        try:
            client.settimeout(SENDING)
            client.sendall(answer(code, self.at_hand.head))
        except OSError:
            self.log.debug("A caller does not read its answer.")


def code_of(error: BaseException) -> str:
    if isinstance(error, errors.ParseException) and not isinstance(error, errors.ConfigurationProblem):
        return _CODES.get(type(error), "bad_request")
    return "internal_error"


def answer(code: str, head: bytes) -> bytes:
    """A whole HTTP answer, after which the connection is closed. `head`: the request's, as far as it came."""
    refusal = refuse(code)
    body = json.dumps(as_json(refusal.faults)).encode()
    given = _REQUEST_ID.search(head)
    request_id = request_ids.request_id_of(
        {"HTTP_X_AKINON_REQUEST_ID": given[1].decode("latin-1").strip()} if given else {}
    )
    lines = (
        f"HTTP/1.1 {refusal.code.status} {_REASONS[refusal.code.status]}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"{request_ids.HEADER}: {request_id.value}",
        "\r\n",
    )
    return "\r\n".join(lines).encode("latin-1") + body
