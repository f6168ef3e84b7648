"""Which connection a call may use: one that is still good, to an address that is not inside."""

from __future__ import annotations

import socket

import pytest

from providers import connection, http
from providers.base import Failure, Misconfigured, Unavailable, Unconfirmed
from providers.http import Client
from providers.testing.wire import Server, answer, break_off, keeping_alive, replying, serving
from tests.providers.calls import LONG, PERHAPS_SENT, SHORT, call, failure, silence_before_reading


def test_a_connection_is_used_again(client: Client) -> None:
    with serving(keeping_alive(answer())) as server:
        for _ in range(3):
            client.send(call(server.url), timeout=LONG)
    assert (len(server.requests), server.connections) == (3, 1)


def test_a_connection_that_was_idle_for_two_seconds_is_not_used_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(server: Server, conn: socket.socket) -> None:
        server.take(conn)
        conn.sendall(answer())
        server.take(conn)

    now = [1000.0]
    monkeypatch.setattr(connection, "monotonic", lambda: now[0])
    with serving(script) as server:
        client.send(call(server.url), timeout=LONG)
        now[0] += connection.IDLE_SECONDS + 0.1
        client.send(call(server.url), timeout=LONG)
    assert (len(server.requests), server.connections) == (2, 2)
    assert connection.IDLE_SECONDS == 2.0


def test_a_connection_that_the_vendor_closed_meanwhile_is_not_used_again(client: Client) -> None:
    with serving(replying(answer())) as server:
        for _ in range(3):
            client.send(call(server.url), timeout=LONG)
            assert server.done.wait(LONG)
            server.done.clear()
    assert (len(server.requests), server.connections) == (3, 3)


def test_a_kept_connection_that_breaks_at_the_first_write_was_not_sent(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket takes nothing at all after a reset: that much is provable."""

    def script(server: Server, conn: socket.socket) -> None:
        server.take(conn)
        conn.sendall(answer())
        break_off(conn)

    with serving(script) as server:
        client.send(call(server.url), timeout=LONG)
        assert server.done.wait(LONG)
        monkeypatch.setattr(connection.Connection, "is_connected", True)
        error = failure(client, call(server.url))
    assert (type(error), error.code) == (Unavailable, "closed")
    assert len(server.requests) == 1


def test_a_kept_connection_that_closes_after_the_write_is_unconfirmed(client: Client) -> None:
    def script(server: Server, conn: socket.socket) -> None:
        server.take(conn)
        conn.sendall(answer())
        server.take(conn)

    with serving(script) as server:
        client.send(call(server.url), timeout=LONG)
        error = failure(client, call(server.url))
    assert (type(error), error.code) == (Unconfirmed, "closed")


@pytest.mark.parametrize("case", ["a dripping body", "a body of 64 KiB and one", "silence"])
def test_a_connection_that_failed_is_never_used_again(client: Client, case: str) -> None:
    script, code = PERHAPS_SENT[case]
    with serving(script) as server:
        failure(client, call(server.url), timeout=SHORT if code == "timeout" else LONG)
        server.over.set()
        server.script = replying(answer(b"fresh"))
        server.over.clear()
        assert server.done.wait(LONG)
        assert client.send(call(server.url), timeout=LONG).body == b"fresh"
    assert server.connections == 2


def test_only_so_many_hosts_keep_a_connection(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_HOSTS", 1)
    with serving(keeping_alive(answer())) as one, serving(keeping_alive(answer())) as other:
        for server in (one, other, one):
            assert client.send(call(server.url), timeout=LONG).status == 200
    assert (one.connections, other.connections) == (2, 1)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]
)
def test_an_address_that_leads_inside_is_refused_before_anything_is_sent(host: str) -> None:
    client = Client()
    with serving(replying(answer())) as server:
        error = failure(client, call(f"https://{host}:{server.port}"))
    assert (type(error), error.failure, error.code) == (Misconfigured, Failure.CONFIG, "address_refused")
    assert (server.requests, server.connections) == ([], 0)


def test_a_name_that_resolves_to_a_public_and_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(connection.socket, "getaddrinfo", lambda *_, **__: found)
    assert failure(Client(), call("https://vendor.example")).code == "address_refused"


def test_the_peer_of_the_connected_socket_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system made of the address that passed: the socket's peer decides."""
    with serving(silence_before_reading) as server:
        inside = socket.create_connection(("127.0.0.1", server.port))
        monkeypatch.setattr(connection, "create_connection", lambda *_, **__: inside)
        error = failure(Client(), call("https://93.184.215.14"))
    assert error.code == "address_refused"
    assert inside.fileno() == -1


def test_plain_http_is_refused_where_private_addresses_are() -> None:
    assert failure(Client(), call("http://vendor.example")).code == "address_refused"
