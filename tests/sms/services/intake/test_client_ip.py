"""The client's address: from the socket, both headers, chains of proxies, and malformed values."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from django.test import RequestFactory

from config.forwarded import ForwardedScheme
from sms.services.intake.client_ip import (
    MAX_HOP,
    client_ip,
    for_axes,
    is_from_trusted_proxy,
    parse_hop,
    throttle_address,
)

PROXY, CLIENT, FORGED = "10.0.0.1", "198.51.100.7", "203.0.113.66"
CLIENT_V6 = "2001:db8::7"


@pytest.fixture(autouse=True)
def _trusted(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    settings.TRUSTS_UNIX_SOCKET = False


def meta(peer: str, forwarded_for: str | None = None, forwarded: str | None = None) -> dict[str, str]:
    given = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded_for, "HTTP_FORWARDED": forwarded}
    return {name: value for name, value in given.items() if value is not None}


HOPS = {
    "an IPv4 address": (CLIENT, CLIENT),
    "blanks around it": (f" \t{CLIENT} ", CLIENT),
    "a port": (f"{CLIENT}:1234", CLIENT),
    "an obfuscated port": (f"{CLIENT}:_x.1", CLIENT),
    "quotes": (f'"{CLIENT}"', CLIENT),
    "quotes and a port": (f'"{CLIENT}:80"', CLIENT),
    "brackets around an IPv4 address": (f"[{CLIENT}]:80", CLIENT),
    "port zero": (f"{CLIENT}:0", CLIENT),
    "an IPv6 address": (CLIENT_V6, CLIENT_V6),
    "brackets": (f"[{CLIENT_V6}]", CLIENT_V6),
    "brackets and a port": (f"[{CLIENT_V6}]:443", CLIENT_V6),
    "quotes, brackets and a port": (f'"[{CLIENT_V6}]:443"', CLIENT_V6),
    "quotes and no brackets": (f'"{CLIENT_V6}"', CLIENT_V6),
    "capital letters and all zeros": ("2001:0DB8:0000:0000:0000:0000:0000:0007", CLIENT_V6),
    "a mapped address": (f"::ffff:{CLIENT}", CLIENT),
    "a mapped address in hexadecimal": ("::ffff:c633:6407", CLIENT),
    "a mapped address with a port": (f"[::ffff:{CLIENT}]:80", CLIENT),
    "a zone": ("fe80::1%eth0", "fe80::1"),
    "a zone in brackets with a port": ("[fe80::1%25eth0]:80", "fe80::1"),
    "an unknown client": ("unknown", None),
    "an obfuscated client": ("_hidden", None),
    "nothing": ("", None),
    "a name": ("localhost", None),
    "a colon without a port": (f"{CLIENT}:", None),
    "single quotes": (f"'{CLIENT}'", None),
    "a hidden character": (f"\u200b{CLIENT}", None),
    "an empty word of a log": ("-", None),
    "a URL": (f"http://{CLIENT}", None),
    "two addresses without a comma": (f"{CLIENT} 10.0.0.2", None),
    "a port that is none": (f"{CLIENT}:http", None),
    "a port too long": (f"{CLIENT}:123456", None),
    "a network": ("198.51.100.0/24", None),
    "leading zeros": ("198.051.100.007", None),
    "a number": ("3325256711", None),
    "a short form": ("127.1", None),
    "an open bracket": (f"[{CLIENT_V6}", None),
    "words behind a bracket": (f"[{CLIENT_V6}]x", None),
    "an empty zone": ("fe80::1%", None),
    "other digits": ("１９８.51.100.7", None),
    "a zone as long as a header": (f"fe80::1%{'x' * MAX_HOP}", None),
    "a NUL": (f"{CLIENT}\0", None),
    "a line break": (f"{CLIENT}\n", None),
    "code": ("${jndi:ldap://x}", None),
}


@pytest.mark.parametrize(("word", "expected"), HOPS.values(), ids=HOPS.keys())
def test_a_hop_is_read_alike_as_peer_and_in_both_headers(word: str, expected: str | None) -> None:
    address = ip_address(expected) if expected else None
    assert parse_hop(word) == address
    if word and "\n" not in word:
        assert client_ip(meta(PROXY, forwarded_for=word)) == address
        assert client_ip(meta(PROXY, forwarded=f"for={word}")) == address


CHAINS = {
    "no header": (meta(CLIENT), CLIENT),
    "no header behind a proxy": (meta(PROXY), PROXY),
    "an empty header": (meta(PROXY, ""), PROXY),
    "commas alone": (meta(PROXY, " , ,"), PROXY),
    "one hop": (meta(PROXY, CLIENT), CLIENT),
    "a stranger is no proxy": (meta(FORGED, CLIENT), FORGED),
    "a stranger is no proxy in Forwarded": (meta(FORGED, forwarded=f"for={CLIENT}"), FORGED),
    "what the client wrote": (meta(PROXY, f"{FORGED}, {CLIENT}"), CLIENT),
    "what the client wrote with an own proxy's address": (meta(PROXY, f"10.0.0.9, {CLIENT}"), CLIENT),
    "two proxies": (meta(PROXY, f"{CLIENT}, 10.0.0.2"), CLIENT),
    "three proxies with ports": (meta(PROXY, f"{FORGED}, {CLIENT}:9, 10.0.0.3:1, 10.0.0.2:2"), CLIENT),
    "a proxy that nobody trusts": (meta(PROXY, f"{CLIENT}, {FORGED}"), FORGED),
    "proxies alone": (meta(PROXY, "10.0.0.3, 10.0.0.2"), "10.0.0.3"),
    "no blank": (meta(PROXY, f"{FORGED},{CLIENT},10.0.0.2"), CLIENT),
    "a comma at the end": (meta(PROXY, f"{CLIENT},"), CLIENT),
    "garbage of the client": (meta(PROXY, f'", for=x, unknown, {CLIENT}'), CLIENT),
    "garbage of a proxy": (meta(PROXY, f"{CLIENT}, unknown, 10.0.0.2"), None),
    "proxies over IPv6": (meta("fd00::1", f"{CLIENT_V6}, fd00::2"), CLIENT_V6),
    "a proxy with a zone": (meta("fd00::1%eth0", CLIENT_V6), CLIENT_V6),
    "a mapped proxy": (meta("::ffff:10.0.0.1", f"{CLIENT}, ::ffff:10.0.0.2"), CLIENT),
    "a Unix socket": (meta("", CLIENT), None),
    "a socket's path": (meta("/run/sms.sock", CLIENT), None),
    "no peer at all": ({"HTTP_X_FORWARDED_FOR": CLIENT}, None),
    "Forwarded": (meta(PROXY, forwarded=f"for={CLIENT};proto=https;by=10.0.0.1"), CLIENT),
    "Forwarded in another order and case": (meta(PROXY, forwarded=f"proto=https;For={CLIENT}"), CLIENT),
    "Forwarded with quotes": (meta(PROXY, forwarded=f'for="[{CLIENT_V6}]:4711"'), CLIENT_V6),
    "Forwarded through two proxies": (meta(PROXY, forwarded=f"for={CLIENT}, for=10.0.0.2;by=10.0.0.1"), CLIENT),
    "Forwarded with what the client wrote": (meta(PROXY, forwarded=f"for={FORGED}, for={CLIENT}"), CLIENT),
    "Forwarded with a quote that the client left open": (
        meta(PROXY, forwarded=f'for={FORGED};x=", for="{CLIENT}:80"'),
        CLIENT,
    ),
    "Forwarded with an escape of the client": (meta(PROXY, forwarded=f'for={FORGED};x="\\, for={CLIENT}'), CLIENT),
    "Forwarded without for": (meta(PROXY, forwarded="proto=https"), None),
    "Forwarded with for twice": (meta(PROXY, forwarded=f"for={FORGED};for={CLIENT}"), None),
    "Forwarded from the client past a proxy that writes the other": (
        meta(PROXY, forwarded_for=CLIENT, forwarded=f"for={FORGED}"),
        CLIENT,
    ),
}


@pytest.mark.parametrize(("given", "expected"), CHAINS.values(), ids=CHAINS.keys())
def test_a_chain_leads_to_the_first_address_that_is_no_proxy_of_ours(given: dict[str, str], expected: str) -> None:
    assert client_ip(given) == (ip_address(expected) if expected else None)


def test_without_trusted_proxies_no_header_counts(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    assert client_ip(meta(PROXY, CLIENT, f"for={CLIENT}")) == ip_address(PROXY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(meta(""), None), (meta("", CLIENT), CLIENT), (meta("", f"{FORGED}, {CLIENT}, 10.0.0.2"), CLIENT)],
)
def test_a_unix_socket_counts_as_a_proxy_once_it_is_named(settings: Any, given: Any, expected: str | None) -> None:
    settings.TRUSTS_UNIX_SOCKET = True
    assert client_ip(given) == (ip_address(expected) if expected else None)


@pytest.mark.parametrize(
    ("address", "expected"),
    [(CLIENT, CLIENT), ("2001:db8:0:7:ffff::1", "2001:db8:0:7::"), ("::1", "::")],
)
def test_failed_log_ins_are_counted_for_an_address_or_a_network_of_ipv6(address: str, expected: str) -> None:
    assert throttle_address(ip_address(address)) == ip_address(expected)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [(PROXY, CLIENT, CLIENT), (PROXY, "unknown", None), ("", None, None), (PROXY, CLIENT_V6, "2001:db8::")],
)
def test_axes_gets_the_same_address(peer: str, forwarded_for: str | None, expected: str | None) -> None:
    request = RequestFactory().get("/admin/", **meta(peer, forwarded_for))
    assert for_axes(request) == expected


SCHEMES = {
    "a proxy says https": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "https"}, True),
    "a proxy says HTTPS": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "HTTPS"}, True),
    "a proxy says http": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "http"}, False),
    "a proxy says nothing": ({"REMOTE_ADDR": PROXY}, False),
    "a stranger says https": ({"REMOTE_ADDR": FORGED, "HTTP_X_FORWARDED_PROTO": "https"}, False),
    "a stranger says https in Forwarded": ({"REMOTE_ADDR": FORGED, "HTTP_FORWARDED": "proto=https"}, False),
    "a stranger says https for a proxy": (
        {"REMOTE_ADDR": FORGED, "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": PROXY},
        False,
    ),
    "a Unix socket that nobody named": ({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_PROTO": "https"}, False),
    "a proxy says https in Forwarded": ({"REMOTE_ADDR": PROXY, "HTTP_FORWARDED": 'for=_a;proto="https"'}, True),
    "a proxy says http, the client's Forwarded https": (
        {"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "http", "HTTP_FORWARDED": "proto=https"},
        False,
    ),
    "garbage": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "httpss"}, False),
    "two proxies, https at the first": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "https, http"}, True),
    "two proxies, http at the first": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "http,https"}, False),
    "blanks around it": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": " https "}, True),
    "a switch": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": "on"}, False),
    "an empty header": ({"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_PROTO": ""}, False),
    "two proxies in Forwarded": (
        {"REMOTE_ADDR": PROXY, "HTTP_FORWARDED": "for=198.51.100.7;proto=https, for=10.0.0.2;proto=http"},
        True,
    ),
}


@pytest.mark.parametrize(("headers", "expected"), SCHEMES.values(), ids=SCHEMES.keys())
def test_the_scheme_is_what_a_trusted_proxy_says(settings: Any, headers: dict[str, str], expected: bool) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get("/", **headers)
    ForwardedScheme(lambda given: given)(request)
    assert request.is_secure() is expected


def test_a_trusted_proxy_is_told_from_its_address_alone() -> None:
    assert is_from_trusted_proxy(meta(PROXY))
    assert not is_from_trusted_proxy(meta(FORGED, PROXY))
