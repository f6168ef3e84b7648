"""Where a request came from, through proxies that we trust and no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Source = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def source_of(request: HttpRequest) -> Source | None:
    """The caller's address: the socket's, or, behind TRUSTED_PROXIES, the last one that no proxy of ours wrote.

    X-Forwarded-For is read from its end: what stands before the first address that is no proxy of ours, anybody may
    have written. None where the server was called over a Unix socket.
    """
    address = read(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return address
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and hops and is_in(address, settings.TRUSTED_PROXIES):
        before = read(hops.pop())
        if before is None:
            break
        address = before
    return address


@lru_cache(maxsize=4096)
def read(word: str) -> Source | None:
    """An address; an IPv4 one that is written as IPv6 is itself again."""
    try:
        address = ipaddress.ip_address(word.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_in(address: Source, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


@lru_cache(maxsize=256)
def networks_of(words: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word, strict=False) for word in words)
