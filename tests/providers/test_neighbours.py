"""NEIGHBOUR_HOSTS allows http and private addresses for exactly its entries, whatever a URL, DNS or an answer says."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Any

import pytest

from providers import connection
from providers.address import url_problem
from providers.base import HttpRequest, Misconfigured
from providers.http import Client
from providers.neighbours import Neighbours, is_inner
from providers.testing.wire import LONG, answer, replying, serving

from .calls import call, failure

LISTED = Neighbours.parse(["smsbox:13013", "Jasmin.lan.", "10.1.2.3:8080", "10.9.0.0/24", "[fd00::1]:13013", "fd01::7"])


Dns = Callable[..., None]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Dns:
    """Lets DNS answer with these addresses, whatever name is asked for."""
    real = socket.getaddrinfo

    def answering(*addresses: str) -> None:
        def look_up(host: str, *more: Any, **options: Any) -> list[Any]:
            found = [host] if host in addresses else list(addresses)
            return [answer for address in found for answer in real(address, *more, **options)]

        monkeypatch.setattr(connection.socket, "getaddrinfo", look_up)

    return answering


def is_allowed(url: str) -> bool:
    return url_problem(url, allow_private=False, neighbours=LISTED) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://smsbox:13013",
        "http://smsbox:13013/cgi-bin/sendsms?a=b",
        "http://SmsBox:13013/",
        "http://smsbox.:13013/",
        "https://smsbox:13013/",
        "http://jasmin.lan/",
        "http://JASMIN.LAN.:1401/",
        "https://jasmin.lan/",
        "http://10.1.2.3:8080/",
        "http://10.9.0.255/",
        "https://10.9.0.1:9443/",
        "http://[fd00::1]:13013/",
        "http://[FD00:0::1]:13013/",
        "http://[fd01::7]/",
        "https://vendor.example/",
    ],
)
def test_a_neighbour_is_called_as_it_is_listed(url: str) -> None:
    assert is_allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        # another host
        "http://smsbox.evil.example:13013/",
        "http://evil.smsbox:13013/",
        "http://xsmsbox:13013/",
        "http://smsbox..:13013/",
        "http://vendor.example/",
        "http://10.1.2.4:8080/",
        "http://10.9.1.0/",
        "http://[fd00::2]:13013/",
        "http://127.0.0.1:13013/",
        "http://169.254.169.254/",
        # another port
        "http://smsbox/",
        "http://smsbox:80/",
        "http://smsbox:130130/",
        "http://10.1.2.3/",
        "https://10.1.2.3/",
        "http://[fd00::1]/",
        # a host behind or before another
        "http://smsbox:13013@evil.example/",
        "http://evil.example@smsbox:13013/",
        "http://smsbox:13013\\@evil.example/",
        "http://smsbox:13013\\.evil.example/",
        "http://smsbox:13013#@evil.example/",
        "http://evil.example/?smsbox:13013",
        "http://smsbox%2eevil.example:13013/",
        "http://smsbox:13013:80/",
        # other spellings of an address
        "http://167838211:8080/",
        "http://0x0a010203:8080/",
        "http://012.1.2.3:8080/",
        "http://10.1.515:8080/",
        "http://10.1.2.3.:8080/",
        "http://[::ffff:10.1.2.3]:8080/",
        "http://[::ffff:a01:203]:8080/",
        "http://[::10.1.2.3]:8080/",
        "http://[::ffff:10.9.0.1]/",
        "http://[64:ff9b::10.9.0.1]/",
        "http://１0.1.2.3:8080/",
        # other schemes
        "ftp://smsbox:13013/",
        "gopher://smsbox:13013/",
        "//smsbox:13013/",
    ],
)
def test_nothing_else_is_called_over_http_or_at_a_private_address(url: str, dns: Dns) -> None:
    assert not is_allowed(url)
    dns("169.254.169.254")
    client = Client(neighbours=LISTED)
    assert failure(client, HttpRequest("POST", url)).code in ("address_refused", "request_invalid")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("0.0.0.0/0", "not in a private network"),
        ("::/0", "not in a private network"),
        ("8.8.8.8", "not in a private network"),
        ("93.184.215.14:80", "not in a private network"),
        ("169.254.169.254", "not in a private network"),
        ("169.254.0.0/16", "not in a private network"),
        ("10.0.0.0/7", "not in a private network"),
        ("[::ffff:10.0.0.1]:80", "not in a private network"),
        ("::ffff:10.0.0.0/104", "not in a private network"),
        ("10.1.2.3/24", "has host bits set"),
        ("10.1.2.0/33", "does not appear"),
        ("http://smsbox:13013", "does not appear"),
        ("smsbox/path", "does not appear"),
        ("smsbox:13013/", "does not appear"),
        ("user@smsbox", "neither"),
        ("*.lan", "neither"),
        ("*", "neither"),
        ("sms box", "neither"),
        ("smsbox:", "neither"),
        ("smsbox:0", "neither"),
        ("smsbox:99999", "neither"),
        ("smsbox:a", "neither"),
        ("167838211", "neither"),
        ("0x0a010203", "neither"),
        ("10.1.2", "neither"),
        ("010.1.2.3", "neither"),
        ("smsböx", "neither"),
        ("smsbox\\a", "neither"),
        ("smsbox#a", "neither"),
        ("smsbox?a", "neither"),
        ("[fd00::1", "neither"),
        (":13013", "neither"),
    ],
)
def test_an_entry_that_is_too_wide_or_unclear_is_refused_with_its_name(word: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(word))) as caught:
        Neighbours.parse(["smsbox", word])
    assert reason in str(caught.value)


def test_no_entry_allows_nothing() -> None:
    assert not Neighbours.parse([])
    assert url_problem("http://smsbox/", allow_private=False, neighbours=Neighbours.parse([]))
    assert failure(Client(), call("http://smsbox")).code == "address_refused"


@pytest.mark.parametrize(
    "address", ["10.255.0.1", "127.0.0.1", "172.31.0.1", "192.168.0.9", "100.64.0.1", "::1", "fd00::1"]
)
def test_an_address_of_the_inner_network_is_one(address: str) -> None:
    assert is_inner(address)


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "0.0.0.0", "255.255.255.255", "224.0.0.1", "8.8.8.8", "172.32.0.1"),
        *("fe80::1", "::", "::ffff:10.0.0.1", "::10.0.0.1", "2606:2800::1", "64:ff9b::a00:1", "ff02::1"),
    ],
)
def test_no_other_address_is_a_neighbours(address: str) -> None:
    assert not is_inner(address)


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("http://smsbox:13013", ["169.254.169.254"]),
        ("http://smsbox:13013", ["93.184.215.14"]),
        ("http://smsbox:13013", ["::ffff:127.0.0.1"]),
        ("http://smsbox:13013", ["0.0.0.0"]),
        ("http://smsbox:13013", ["127.0.0.1", "169.254.169.254"]),
        ("https://smsbox:13013", ["169.254.169.254"]),
        ("https://smsbox:443", ["10.9.0.1"]),
        ("https://vendor.example", ["10.9.0.1"]),
        ("https://vendor.example:8080", ["10.1.2.3"]),
        ("https://vendor.example", ["93.184.215.14", "10.9.0.1"]),
    ],
)
def test_what_dns_answers_widens_nothing(url: str, addresses: list[str], dns: Dns) -> None:
    dns(*addresses)
    error = failure(Client(neighbours=LISTED, connect_timeout=0.2), call(url))
    assert (type(error), error.code) == (Misconfigured, "address_refused")


def test_a_name_that_is_listed_is_called_at_its_private_address(dns: Dns) -> None:
    with serving(replying(answer(b"whole"))) as server:
        dns("127.0.0.1")
        client = Client(neighbours=Neighbours.parse([f"smsbox:{server.port}"]))
        assert client.send(call(f"http://smsbox:{server.port}"), timeout=LONG).body == b"whole"
        client.close()
    assert f"Host: smsbox:{server.port}\r\n".encode() in server.requests[0]


def test_a_redirect_of_a_neighbour_is_not_followed() -> None:
    with serving(replying(answer(b""))) as other:
        location = f"Location: {other.url}/latest/meta-data"
        with serving(replying(answer(b"", "302 Found", location))) as server:
            client = Client(neighbours=Neighbours.parse(["127.0.0.1"]))
            assert client.send(call(server.url), timeout=LONG).status == 302
            client.close()
    assert (len(server.requests), other.requests) == (1, [])
