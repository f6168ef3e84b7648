"""A whole answer, whatever its status; and what surely was not sent."""

from __future__ import annotations

import gzip
import socket
import threading
import time

import pytest

from providers import connection, http
from providers.base import Failure, HttpRequest, HttpResponse, Misconfigured, Unavailable
from providers.http import Client, TooLate
from providers.testing.wire import Server, answer, closed_port, keeping_alive, replying, serving
from tests.providers.certificates import certificate, server_context

from .calls import LONG, PERHAPS_SENT, SECRET, SHORT, call, failure


def test_a_request_goes_out_as_it_stands_with_the_connections_own_headers(client: Client) -> None:
    with serving(replying(answer(b'{"ok":1}', "201 Created", "X-Vendor: a"))) as server:
        request = HttpRequest("POST", f"{server.url}/send?a=%C9", (("Content-Type", "text/x; charset=utf-8"),), b"\xc9")
        assert client.send(request, timeout=LONG) == HttpResponse(
            201, {"content-length": "8", "x-vendor": "a"}, b'{"ok":1}'
        )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /send?a=%C9 HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: identity",
        "Content-Length: 1",
        "Content-Type: text/x; charset=utf-8",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: sms-desk",
    ]
    assert body == b"\xc9"


@pytest.mark.parametrize("status", [200, 204, 301, 302, 400, 401, 404, 418, 429, 500, 503])
def test_any_whole_answer_is_returned_and_no_redirect_is_followed(client: Client, status: int) -> None:
    with serving(replying(answer(b"", f"{status} Word", "Location: /elsewhere"))) as server:
        assert client.send(call(server.url), timeout=LONG).status == status
    assert len(server.requests) == 1


def test_a_chunked_answer_is_put_together(client: Client) -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with serving(replying(reply)) as server:
        assert client.send(call(server.url), timeout=LONG).body == b"abcde"


def test_an_answer_without_a_length_ends_with_its_connection(client: Client) -> None:
    with serving(replying(b"HTTP/1.1 200 OK\r\n\r\nwhole")) as server:
        assert client.send(call(server.url), timeout=LONG).body == b"whole"


def test_headers_are_read_however_they_are_written(client: Client) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-TWICE: a\r\nx-twice:b\r\nX-Folded: a\r\n  b\r\nno colon\r\nX-Latin: \xe9\r\n"
    with serving(replying(head + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nOK")) as server:
        response = client.send(call(server.url), timeout=LONG)
    assert response.body == b"OK"
    assert response.headers == {"x-twice": "a, b", "x-folded": "a b", "x-latin": "\xe9", "content-length": "2, 2"}


@pytest.mark.parametrize(
    ("head", "connections"),
    [("HTTP/1.1 200", 1), ("HTTP/1.1 200 OK\r\nConnection: close", 2), ("HTTP/1.0 200 OK", 2)],
)
def test_a_connection_is_kept_unless_the_answer_ends_it(client: Client, head: str, connections: int) -> None:
    with serving(keeping_alive(f"{head}\r\nContent-Length: 2\r\n\r\nOK".encode())) as server:
        for _ in range(2):
            assert client.send(call(server.url), timeout=LONG).body == b"OK"
    assert server.connections == connections


def test_a_compressed_answer_is_decompressed_though_identity_was_asked_for(client: Client) -> None:
    with serving(replying(answer(gzip.compress(b"whole"), "200 OK", "Content-Encoding: gzip"))) as server:
        response = client.send(call(server.url), timeout=LONG)
    assert (response.body, response.headers["content-encoding"]) == (b"whole", "gzip")


def test_a_compressed_answer_may_come_in_chunks(client: Client) -> None:
    body = gzip.compress(b"whole")
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    with serving(replying(head + chunks + b"0\r\n\r\n")) as server:
        assert client.send(call(server.url), timeout=LONG).body == b"whole"


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
def test_a_coding_that_cannot_be_undone_leaves_the_status(client: Client, status: str) -> None:
    half = gzip.compress(b"whole")[:-4]
    with serving(replying(answer(half, status, "Content-Encoding: gzip"))) as server:
        response = client.send(call(server.url), timeout=LONG)
    assert (response.status, response.body, response.unreadable) == (int(status[:3]), b"", len(half))


@pytest.mark.parametrize("before", [b"100 Continue", b"102 Processing", b"103 Early Hints\r\nLink: </a.css>", b"199 A"])
def test_an_interim_answer_is_passed_over(client: Client, before: bytes) -> None:
    interim = b"HTTP/1.1 " + before + b"\r\n\r\n"
    with serving(keeping_alive(interim + interim + answer(b"whole", "201 Created", "X-Own: a"))) as server:
        for _ in range(2):
            response = client.send(call(server.url), timeout=LONG)
            assert (response.status, response.body) == (201, b"whole")
            assert response.headers == {"content-length": "5", "x-own": "a"}
    assert server.connections == 1


def test_an_early_answer_counts_even_if_the_vendor_does_not_read_the_rest(client: Client) -> None:
    def script(server: Server, conn: socket.socket) -> None:
        conn.recv(1024)
        conn.sendall(answer(b"no", "413 Too Large", "Connection: close"))
        server.wait()

    with serving(script) as server:
        assert client.send(call(server.url, b"x" * 200_000), timeout=LONG).status == 413


def test_no_cookie_is_kept(client: Client) -> None:
    with serving(keeping_alive(answer(b"", "200 OK", "Set-Cookie: a=b"))) as server:
        client.send(call(server.url), timeout=LONG)
        client.send(call(server.url), timeout=LONG)
    assert b"cookie" not in server.requests[1].lower()


def test_proxies_and_netrc_of_the_environment_are_not_read(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port()}")
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login planted password planted")
    monkeypatch.setenv("NETRC", netrc)
    with serving(replying(answer())) as server:
        client.send(HttpRequest("POST", server.url), timeout=LONG)
    assert b"authorization" not in server.requests[0].lower()


def test_a_refused_connection_was_not_sent(client: Client) -> None:
    error = failure(client, call(f"http://127.0.0.1:{closed_port()}"))
    assert (type(error), error.code) == (Unavailable, "refused")


def test_an_unknown_host_was_not_sent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(connection.socket, "getaddrinfo", nothing)
    error = failure(client, call("http://vendor.invalid"))
    assert (type(error), error.code) == (Unavailable, "dns")


def test_a_dns_that_never_answers_ends_with_the_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(connection.socket, "getaddrinfo", lambda *_, **__: over.wait(LONG) and [])
    client = Client(allow_private=True, connect_timeout=SHORT)
    error = failure(client, call("http://vendor.invalid"))
    over.set()
    assert (type(error), error.code) == (Unavailable, "dns")


def test_a_connection_that_is_never_made_was_not_sent() -> None:
    """A full accept queue leaves further connections unanswered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        client = Client(allow_private=True, connect_timeout=SHORT)
        error = failure(client, call(f"http://127.0.0.1:{port}"))
        for filler in fillers:
            filler.close()
    assert (type(error), error.code) == (Unavailable, "connect_timeout")


def test_an_untrusted_certificate_was_not_sent(client: Client, tmp_path: object) -> None:
    pem = certificate(tmp_path, "localhost")
    with serving(replying(answer()), tls=server_context(pem)) as server:
        error = failure(client, call(f"https://localhost:{server.port}"))
    assert (type(error), error.code) == (Unavailable, "tls")
    assert "self-signed" in error.detail
    assert server.requests == []


@pytest.mark.parametrize(("host", "works"), [("localhost", True), ("vendor.example", False)])
def test_a_trusted_certificate_must_be_for_the_host_that_was_called(
    client: Client, tmp_path: object, monkeypatch: pytest.MonkeyPatch, host: str, works: bool
) -> None:
    pem = certificate(tmp_path, host)
    monkeypatch.setattr(http, "_public_trust", lambda: connection.tls_context(str(pem)))
    with serving(replying(answer(b"whole")), tls=server_context(pem)) as server:
        request = call(f"https://localhost:{server.port}")
        if works:
            assert client.send(request, timeout=LONG).body == b"whole"
        else:
            assert failure(client, request).code == "tls"
    assert len(server.requests) == works


def test_a_server_that_speaks_no_tls_was_not_sent(client: Client) -> None:
    def script(server: Server, conn: socket.socket) -> None:
        server.requests.append(conn.recv(65536))
        conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(script) as server:
        error = failure(client, call(f"https://127.0.0.1:{server.port}"))
    assert (type(error), error.code) == (Unavailable, "tls")
    assert SECRET.encode() not in server.requests[0]


def test_a_handshake_that_never_ends_is_a_connect_timeout() -> None:
    client = Client(allow_private=True, connect_timeout=SHORT)
    with serving(lambda server, _: server.wait()) as server:
        error = failure(client, call(f"https://127.0.0.1:{server.port}"))
    assert (type(error), error.code) == (Unavailable, "connect_timeout")


def test_a_call_that_is_too_late_writes_nothing(client: Client) -> None:
    with serving(keeping_alive(answer())) as server:
        with pytest.raises(TooLate):
            client.send(call(server.url), timeout=LONG, not_after=time.monotonic() - 0.001)
        assert server.done.wait(LONG)  # the connection was made, then closed without a byte
        assert server.requests == []
        assert client.send(call(server.url), timeout=LONG, not_after=time.monotonic() + LONG).status == 200
    assert len(server.requests) == 1


def test_a_header_with_a_line_break_is_never_sent(client: Client) -> None:
    with serving(replying(answer())) as server:
        request = HttpRequest("POST", server.url, (("Authorization", f"Bearer {SECRET}\r\nX: 1"),), b"")
        error = failure(client, request)
    assert (type(error), error.code) == (Misconfigured, "request_invalid")
    assert server.requests == []


@pytest.mark.parametrize(
    "url", ["http://", "http://host:99999/", "http://ho st/", "http://[::1/", "http://a\x00b/", ""]
)
def test_an_address_that_is_none_is_a_fault_of_the_settings(client: Client, url: str) -> None:
    error = failure(client, HttpRequest("POST", url))
    assert error.failure in (Failure.CONFIG, Failure.TRANSIENT)
    assert error.code in ("request_invalid", "address_refused", "dns")


def test_no_error_holds_a_secret_or_the_path(client: Client) -> None:
    errors = [
        failure(client, call(f"http://127.0.0.1:{closed_port()}")),
        failure(client, HttpRequest("POST", "http://")),
    ]
    for case in ("closed without a byte", "no HTTP at all", "reset", "half a body"):
        with serving(PERHAPS_SENT[case][0]) as server:
            errors.append(failure(client, call(server.url)))
    with serving(replying(answer())) as server:
        errors.append(failure(client, HttpRequest("POST", server.url, (("Authorization", f"{SECRET}\n"),))))
    for error in errors:
        chain = [error, error.__cause__, error.__context__]
        assert not any(word in repr(link) for link in chain for word in (SECRET, "account-4711", "sms/send"))
