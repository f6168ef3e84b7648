"""Which addresses our server may call."""

from __future__ import annotations

import pytest

from providers.address import is_public, url_problem

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
INSIDE = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1", "fec0::1"],
    "link-local, the cloud's metadata service among them": ["169.254.169.254", "fe80::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "multicast and broadcast": ["224.0.0.1", "239.1.1.1", "255.255.255.255", "ff02::1"],
    "reserved, shared, documentation, benchmark": [
        *("240.0.0.1", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("2001:db8::1", "3fff::1", "100::1", "4000::1"),
    ],
    "IPv4 inside IPv6": [
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::", "2002:808:808::"),
        *("64:ff9b::7f00:1", "64:ff9b:1::1", "2001:0:808:808::1"),
    ],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [address for group in INSIDE.values() for address in group])
def test_an_address_that_is_not_the_internets_may_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://smsplus.az",
        "https://client.voipit.ro/",
        "https://vendor.example:8443/a/b?c=d",
        "https://93.184.215.14/x",
    ],
)
def test_an_ordinary_address_is_fine(url: str) -> None:
    assert url_problem(url, allow_private=False) is None


PROBLEMS = {
    "http://vendor.example/": "must start with https",
    "ftp://vendor.example/": "must start with https",
    "vendor.example": "must start with https",
    "": "visible ASCII",
    "https://": "no host",
    "https:///path": "no host",
    "https://user:password@vendor.example/": "user name or password",
    "https://user@vendor.example/": "user name or password",
    "https://@vendor.example/": "user name or password",
    "https://vendor.example/#part": "fragment",
    "https://vendor.example/#": "fragment",
    "https://vendor.example\\@10.0.0.1/": "user name or password",
    "https://vendor.example\\.10.0.0.1/": "backslash",
    "https://vendor.example/a b": "visible ASCII",
    "https://vendor.example/\n": "visible ASCII",
    "https://véndor.example/": "visible ASCII",
    "https://１２７.0.0.1/": "visible ASCII",
    "https://vendor.example:0/": "Port 0",
    "https://vendor.example:99999/": "malformed",
    "https://vendor.example:a/": "malformed",
    "https://[::1/": "malformed",
    "https://vendor..example/": "no host name",
    "https://127%2e0.0.1/": "no host name",
    "https://2130706433/": "no host name",
    "https://0x7f000001/": "no host name",
    "https://0x7f.0.0.0x1/": "no host name",
    "https://0177.0.0.1/": "no host name",
    "https://127.1/": "no host name",
    "https://127.0.0.1./": "no host name",
    "https://127.0.0.1/": "not a public address",
    "https://[::ffff:127.0.0.1]/": "not a public address",
    "https://[fe80::1%25eth0]/": "not a public address",
    "https://10.1.2.3:8443/": "not a public address",
    "https://localhost/": "not a public address",
    "https://LOCALHOST./": "not a public address",
    "https://api.localhost/": "not a public address",
    "https://metadata.google.internal/": "not a public address",
}


@pytest.mark.parametrize("url", PROBLEMS)
def test_an_address_that_cannot_be_called_is_refused_with_the_reason(url: str) -> None:
    assert PROBLEMS[url] in (url_problem(url, allow_private=False) or "")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000",
        "https://127.0.0.1:9000/a",
        "http://localhost:8001",
        "http://[::1]:80/",
        "http://vendor.example",
    ],
)
def test_a_demonstration_may_call_loopback_and_plain_http(url: str) -> None:
    assert url_problem(url, allow_private=True) is None


@pytest.mark.parametrize(
    "url", ["http://2130706433/", "http://0177.0.0.1/", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/"]
)
def test_odd_forms_stay_refused_where_private_addresses_are_allowed(url: str) -> None:
    assert url_problem(url, allow_private=True)


def test_an_adapter_can_ask_for_a_scheme_of_its_own() -> None:
    assert url_problem("sandbox://training", allow_private=False, scheme="sandbox") is None
    assert "must start with sandbox://" in (
        url_problem("https://a.example", allow_private=False, scheme="sandbox") or ""
    )
    assert "must start with https://" in (url_problem("sandbox://training", allow_private=False) or "")
