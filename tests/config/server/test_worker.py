"""The web side's sockets: stalled callers cost nobody else anything, and what is no HTTP is told so in the format."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.errors import ConfigError

from config.server.worker import BufferingWorker
from tests.support.stack import ONE_WORKER, Stack
from tests.support.waiting import eventually

GENUINE = 300
STALLED = 200
ESTABLISHED = 1  # Linux's number of this TCP state
LATEST = 10.5  # seconds: 10 as promised, and half a one for a machine that has other things to do


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("web")
    with Stack(folder, dispatchers=0, web_words=("-w", "2", "--threads", "4")) as stack:
        yield stack


def connect(web: Stack) -> socket.socket:
    return socket.create_connection(("127.0.0.1", web.port), timeout=30)


def exchange(web: Stack, raw: bytes) -> bytes:
    """Everything that comes back until the other side closes."""
    with connect(web) as connection:
        connection.sendall(raw)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(65_536):
        received += data
    return received


def error(answer: bytes) -> tuple[int, str, dict[str, str]]:
    """Status, code and headers of an error answer in the format."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert headers["content-type"] == "application/json", answer
    assert int(headers["content-length"]) == len(body)
    (entry,) = json.loads(body)["errors"]
    assert set(entry) == {"code", "field", "message"}
    return int(status.split()[1]), entry["code"], headers


START = b"POST /send-sms HTTP/1.1\r\nHost: localhost\r\n"
STALLS = {
    "nothing at all": b"",
    "half a line": b"POST /send-s",
    "half the headers": START + b"X-Half: ",
    "half a body": START + b"Content-Length: 100\r\n\r\n{",
    "half a chunked body": START + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "a promise of a large form": b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\na=",
}


def test_two_hundred_stalled_callers_leave_all_genuine_calls_alone(web: Stack) -> None:
    stalls = list(STALLS.values())
    held = [connect(web) for _ in range(STALLED)]
    try:
        for number, connection in enumerate(held):
            connection.sendall(stalls[number % len(stalls)])
        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(web.send_sms, "+40712345678", f"Number {n}") for n in range(GENUINE)]
            statuses = [call.result().status for call in calls]
        assert statuses == [201] * GENUINE
        started = time.monotonic()
        answers = [read_all(connection) for connection in held]
        assert time.monotonic() - started < LATEST
        for number, received in enumerate(answers):
            if stalls[number % len(stalls)]:
                assert error(received)[:2] == (408, "request_timeout")
            else:
                assert received == b""
    finally:
        for connection in held:
            connection.close()
    assert web.call("GET", "/healthz").status == 200


def test_a_dripping_body_is_408_within_ten_seconds_too(web: Stack) -> None:
    with connect(web) as connection:
        started = time.monotonic()
        connection.sendall(START + b"x-akinon-request-id: r-9\r\nContent-Length: 100\r\n\r\n")
        connection.settimeout(0.2)
        received = b""
        while not received and time.monotonic() - started < LATEST:
            connection.sendall(b"x")
            try:
                received = connection.recv(65_536)
            except TimeoutError:
                continue
        connection.settimeout(LATEST)
        received += read_all(connection)  # the head may arrive without the body
    status, code, headers = error(received)
    assert (status, code, headers["x-akinon-request-id"]) == (408, "request_timeout", "r-9")
    assert time.monotonic() - started < LATEST


REFUSED: list[tuple[str, bytes, int, str]] = [
    ("no HTTP", b"HELO there\r\n\r\n", 400, "bad_request"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
    ("HTTP/9", b"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"),
    ("a bad header", START + b"Bad Header: x\r\n\r\n", 400, "bad_request"),
    ("NUL in a header", START + b"X: \x00\r\n\r\n", 400, "bad_request"),
    ("two lengths", START + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400, "bad_request"),
    (
        "length and chunks",
        START + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "bad_request",
    ),
    ("another coding", START + b"Transfer-Encoding: br\r\n\r\n", 400, "bad_request"),
    ("a long line", b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
    ("an expectation", START + b"Expect: 200-ok\r\nContent-Length: 5\r\n\r\n", 417, "expectation_failed"),
    ("a long header", START + b"X: " + b"x" * 9_000 + b"\r\n\r\n", 431, "headers_too_large"),
    ("many headers", START + b"X: x\r\n" * 200 + b"\r\n", 431, "headers_too_large"),
    ("headers without an end", START + b"X: x\r\n" * 12_000, 431, "headers_too_large"),
]


@pytest.mark.parametrize(("raw", "status", "code"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_is_refused_before_django_is_asked_keeps_the_format(
    web: Stack, raw: bytes, status: int, code: str
) -> None:
    answer = exchange(web, raw.replace(b"Host", b"x-akinon-request-id: r-7\r\nHost", 1))
    assert error(answer)[:2] == (status, code)
    if b"Host" in raw:
        assert error(answer)[2]["x-akinon-request-id"] == "r-7"


def signed(web: Stack, *headers: bytes) -> bytes:
    from base64 import b64encode

    from tests.support.stack import PASSWORD, USER

    login = b64encode(f"{USER}:{PASSWORD}".encode())
    return START + b"Authorization: Basic " + login + b"\r\n" + b"".join(header + b"\r\n" for header in headers)


BODY = json.dumps({"from": "AKINON", "to": "+40712345678", "text": "Salut"}).encode()


def chunks(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_chunked_bodies_are_bodies(web: Stack) -> None:
    for size in (1, 7, 1000):
        raw = signed(web, b"Transfer-Encoding: chunked", b"Connection: close") + b"\r\n" + chunks(BODY, size)
        assert exchange(web, raw).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("padding", [65_536, 300_000])
def test_chunked_bodies_over_64_kib_are_413(web: Stack, padding: int) -> None:
    raw = (
        signed(web, b"Transfer-Encoding: chunked", b"Connection: close")
        + b"\r\n"
        + chunks(b" " * padding + BODY, 60_000)
    )
    assert error(exchange(web, raw))[:2] == (413, "payload_too_large")


def test_a_length_over_64_kib_is_413_without_waiting_for_the_body(web: Stack) -> None:
    raw = signed(web, b"Content-Length: 65537") + b"\r\n"
    assert error(exchange(web, raw))[:2] == (413, "payload_too_large")


def test_chunks_that_can_not_be_read_are_400(web: Stack) -> None:
    raw = signed(web, b"Transfer-Encoding: chunked") + b"\r\nxyz\r\n"
    assert error(exchange(web, raw))[:2] == (400, "bad_request")


def test_a_caller_that_waits_for_100_continue_gets_it(web: Stack) -> None:
    with connect(web) as connection:
        connection.sendall(
            signed(web, b"Expect: 100-continue", b"Connection: close", b"Content-Length: %d" % len(BODY)) + b"\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert read_all(connection).startswith(b"HTTP/1.1 201 ")


def test_requests_that_follow_each_other_at_once_are_all_answered(web: Stack) -> None:
    one = signed(web, b"Content-Length: %d" % len(BODY)) + b"\r\n" + BODY
    last = signed(web, b"Connection: close", b"Content-Length: %d" % len(BODY)) + b"\r\n" + BODY
    assert exchange(web, one * 4 + last).count(b"HTTP/1.1 201 ") == 5


def test_head_has_no_body_on_the_wire(web: Stack) -> None:
    raw = b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert exchange(web, raw).endswith(b"\r\n\r\n")


def test_an_unread_answer_keeps_no_thread_and_is_dropped(web: Stack) -> None:
    """Sixteen requests a connection, of which nobody reads an answer."""
    held = []
    try:
        for _ in range(20):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", web.port))
            connection.sendall(b"GET /schema HTTP/1.1\r\nHost: localhost\r\n\r\n" * 16)
            held.append(connection)
        assert web.send_sms("+40712345678", "Salut").status == 201
        eventually(lambda: all(is_closed(connection) for connection in held), because="unread answers are dropped")
        assert web.call("GET", "/schema").status == 200
    finally:
        for connection in held:
            connection.close()


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has reset the connection; what it sent stays unread."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != ESTABLISHED


def test_more_requests_ahead_than_are_allowed_close_the_connection(web: Stack) -> None:
    answer = exchange(web, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
    assert answer.count(b"HTTP/1.1 200") <= 16


def test_the_worker_ends_though_callers_stall(tmp_path: Path) -> None:
    with Stack(tmp_path, dispatchers=0, web_words=ONE_WORKER) as stack:
        held = [connect(stack) for _ in range(10)]
        for connection in held[:5]:
            connection.sendall(STALLS["half a body"])
        assert stack.web.stop() == 0
        for connection in held:
            connection.close()


def test_tls_is_left_to_the_proxy_in_front() -> None:
    with pytest.raises(ConfigError, match="proxy"):
        BufferingWorker.check_config(SimpleNamespace(is_ssl=True), None)
