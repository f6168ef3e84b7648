"""The client's address and scheme through the running product: as gunicorn hands over what came on the wire."""

from __future__ import annotations

import http.client
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.stack import ONE_WORKER, Stack

CLIENT, STRANGER = "198.51.100.7", "203.0.113.66"
FOR, FORWARDED, PROTO = "X-Forwarded-For", "Forwarded", "X-Forwarded-Proto"
Headers = tuple[tuple[str, str], ...]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self.path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


def get(connection: http.client.HTTPConnection, path: str, headers: Headers = ()) -> tuple[int, bytes]:
    """A GET with the header lines as they stand here."""
    return ask(connection, "GET", path, headers)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Headers, body: bytes = b""
) -> tuple[int, bytes]:
    try:
        connection.putrequest(method, path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def socket_file() -> Iterator[Path]:
    """In a folder of its own: a socket's path may have about a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="sms-") as folder:
        yield Path(folder) / "web.sock"


METRICS = {
    "one hop": (((FOR, CLIENT),), 200),
    "a port": (((FOR, f"{CLIENT}:4711"),), 200),
    "mapped, in brackets, with a port": (((FOR, f"[::ffff:{CLIENT}]:4711"),), 200),
    "two lines": (((FOR, STRANGER), (FOR, CLIENT)), 200),
    "two lines, the client's last": (((FOR, CLIENT), (FOR, STRANGER)), 403),
    "two proxies": (((FOR, f"{CLIENT}, 127.0.0.2"),), 200),
    "Forwarded": (((FORWARDED, f'for="{CLIENT}:80";proto=http'),), 200),
    "Forwarded in two lines": (((FORWARDED, f'for={CLIENT};x="'), (FORWARDED, f'for="{STRANGER}:80"')), 403),
    "Forwarded of the client": (((FOR, STRANGER), (FORWARDED, f"for={CLIENT}")), 403),
    "no blank and an empty hop": (((FOR, f"{STRANGER},,{CLIENT},127.0.0.2"),), 200),
    "Forwarded in capitals, by first": (((FORWARDED, f"By=127.0.0.1;FOR={CLIENT};Host=a"),), 200),
    "a header of another proxy": ((("X-Real-IP", CLIENT), ("CF-Connecting-IP", CLIENT)), 403),
    "single quotes": (((FOR, f"'{CLIENT}'"),), 403),
    "a stranger": (((FOR, f"{CLIENT}, {STRANGER}"),), 403),
    "an unknown client": (((FOR, "unknown"),), 403),
    "bytes that are no text": (((FOR, "\xff\xfe"),), 403),
    "no header": ((), 403),
}


def test_metrics_logins_and_the_scheme_follow_the_clients_address(
    stacks: Callable[..., Stack], socket_file: Path
) -> None:
    stack = stacks(
        dispatchers=0,
        web_words=(*ONE_WORKER, "-b", f"unix:{socket_file}"),
        TRUSTED_PROXIES="127.0.0.0/8, unix",
        METRICS_ALLOWED=f"{CLIENT}/32",
    )
    for name, (headers, expected) in METRICS.items():
        for connection in (http.client.HTTPConnection("127.0.0.1", stack.port), UnixConnection(socket_file)):
            assert get(connection, "/metrics", headers)[0] == expected, (name, connection)
    assert [log_in(stack, STRANGER) for _ in range(10)][-1] == 429
    assert log_in(stack, f"{STRANGER}:99") == 429
    assert log_in(stack, CLIENT) == 200
    assert log_in(stack, CLIENT, username="n" * 300) == 200


def log_in(stack: Stack, forwarded_for: str, username: str = "nobody") -> int:
    """The status of a log-in with a wrong password."""
    with closing(http.client.HTTPConnection("127.0.0.1", stack.port)) as connection:
        connection.request("GET", "/admin/login/", headers={FOR: forwarded_for})
        answer = connection.getresponse()
        page = answer.read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    body = f"csrfmiddlewaretoken={token[1]}&username={username}&password=wrong".encode()
    headers = ((FOR, forwarded_for), ("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded"))
    connection = http.client.HTTPConnection("127.0.0.1", stack.port)
    return ask(connection, "POST", "/admin/login/", headers, body)[0]


@pytest.mark.parametrize("proxies", ["127.0.0.0/8", "10.0.0.0/8", ""])
def test_https_is_what_a_trusted_proxy_says_and_nobody_else(stacks: Callable[..., Stack], proxies: str) -> None:
    # gunicorn itself would believe its neighbours on loopback.
    stack = stacks(dispatchers=0, web_words=ONE_WORKER, TRUSTED_PROXIES=proxies, PUBLIC_URL="https://sms.example")
    trusted = proxies == "127.0.0.0/8"
    for headers, is_https in (
        (((PROTO, "https"),), True),
        (((FORWARDED, "for=198.51.100.7;proto=https"),), True),
        (((PROTO, "http"),), False),
        (((PROTO, "HTTPS, http"),), True),
        (((PROTO, "http"), (PROTO, "https")), False),
        ((("X-Forwarded-Ssl", "on"),), False),
        ((("CF-Visitor", '{"scheme":"https"}'), ("Front-End-Https", "on")), False),
        ((), False),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", stack.port)
        assert get(connection, "/docs", headers)[0] == (200 if trusted and is_https else 400), headers
    plain = {path: get(connection, path)[0] for path in ("/healthz", "/readyz", "/metrics", "/status")}
    assert plain == {"/healthz": 200, "/readyz": 200, "/metrics": 200, "/status": 400}
