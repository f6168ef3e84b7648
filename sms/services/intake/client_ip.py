"""Finds the address of the client behind a request, through the proxies of TRUSTED_PROXIES and no others.

The only reader of REMOTE_ADDR, X-Forwarded-For, Forwarded and X-Forwarded-Proto. The decision record
docs/decisions/013-client-address.md says why no library does this.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Meta = Mapping[str, Any]
"""Headers and socket address as WSGI names them: `request.META`, or a WSGI environ."""

FORWARDED_PROTO = "HTTP_X_FORWARDED_PROTO"
MAX_HOP = 100
"""Characters. The longest address with brackets, zone, port and quotes has about 80."""
# An address with a port: 192.0.2.1:80, [2001:db8::1]:80. RFC 7239 allows a port such as _a1 too.
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[0-9.]+))(?::(?:[0-9]{1,5}|_[\w.-]+))?")


def client_ip(meta: Meta) -> IpAddress | None:
    """The client's address, or None if it is not known (a Unix socket, or a hop that can't be read).

    The hops are read from the last to the first. The first address that is not a trusted proxy is the client: the
    client itself may have written everything before it.
    """
    address = parse_hop(meta.get("REMOTE_ADDR", ""))
    if not is_from_trusted_proxy(meta):
        return address
    for hop in reversed(_hops(meta)):
        address = parse_hop(hop)
        if address is None or not is_in(address, settings.TRUSTED_PROXIES):
            break
    return address


def is_from_trusted_proxy(meta: Meta) -> bool:
    """Whether the peer of the connection may name the client and the scheme."""
    peer = meta.get("REMOTE_ADDR", "")
    if not peer:
        return settings.TRUSTS_UNIX_SOCKET
    address = parse_hop(peer)
    return address is not None and is_in(address, settings.TRUSTED_PROXIES)


def forwarded_scheme(meta: Meta) -> str | None:
    """The scheme that a trusted proxy names, as it names it; None if there is none."""
    if not is_from_trusted_proxy(meta):
        return None
    named = meta.get(FORWARDED_PROTO)
    return named if named is not None else _parameter(next(iter(_elements(meta, "HTTP_FORWARDED")), ""), "proto")


def throttle_address(address: IpAddress | None) -> IpAddress | None:
    """The address that failed log-ins are counted for: of IPv6 the /64 network, since one customer has all of it."""
    if isinstance(address, ipaddress.IPv6Address):
        return ipaddress.IPv6Network((address, 64), strict=False).network_address
    return address


def for_axes(request: HttpRequest) -> str | None:
    """AXES_CLIENT_IP_CALLABLE."""
    address = throttle_address(client_ip(request.META))
    return str(address) if address is not None else None


def is_in(address: IpAddress, networks: Iterable[IpNetwork]) -> bool:
    return any(address in network for network in networks)


@lru_cache(maxsize=256)
def networks_of(names: tuple[str, ...]) -> tuple[IpNetwork, ...]:
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)


def parse_hop(text: str) -> IpAddress | None:
    """One hop of X-Forwarded-For or Forwarded as an address without port, brackets, quotes and zone id.

    An IPv4-mapped IPv6 address becomes the IPv4 address. None for anything else, such as `unknown` or `_hidden`.
    """
    return _parse(text) if len(text) <= MAX_HOP else None


@lru_cache(maxsize=4096)
def _parse(text: str) -> IpAddress | None:
    text = text.strip(' \t"')
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(found["v6"] or found["v4"] if found else text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))  # without the zone id
    return address


def _hops(meta: Meta) -> list[str]:
    """X-Forwarded-For, or where there is none, the `for` of each element of Forwarded."""
    hops = _elements(meta, "HTTP_X_FORWARDED_FOR")
    return hops or [_parameter(element, "for") or "" for element in _elements(meta, "HTTP_FORWARDED")]


def _elements(meta: Meta, header: str) -> list[str]:
    """Split at every comma, quoted or not: an open quote of the client must not include what a proxy appends."""
    return [element for part in meta.get(header, "").split(",") if (element := part.strip())]


def _parameter(element: str, name: str) -> str | None:
    """A parameter of an element of Forwarded (RFC 7239); None if it is missing or occurs twice."""
    pairs = [pair.partition("=") for pair in element.split(";")]
    values = [value.strip().strip('"') for key, _, value in pairs if key.strip().lower() == name]
    return values[0] if len(values) == 1 else None
