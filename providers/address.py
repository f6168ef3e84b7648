"""Which addresses our server may call: the messages for forms, and the check of the address that is connected to.

Vendors are on the public internet. An internal address (loopback, private networks, the
cloud's metadata service) is refused unless the installation allows it: for all hosts, or for its neighbours.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container
from urllib.parse import SplitResult, urlsplit

from providers.marking import N_

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_VISIBLE = re.compile(r"[!-~]+")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# IANA's special-purpose registries; the ones that ipaddress of Python 3.11 takes for global.
_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_INSIDE_NAMES = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa")


def is_public(address: str) -> bool:
    """Whether this literal IP address is on the public internet.

    IPv6 forms that contain an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64) count
    as not public, whatever they contain: they could be used to get around this check.
    """
    ip = ipaddress.ip_address(address)
    if ip.version == 6 and ip not in _GLOBAL_UNICAST:
        return False
    special = any(ip in network for network in _SPECIAL if network.version == ip.version)
    return ip.is_global and not (special or ip.is_multicast or ip.is_reserved)


_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> str:
    """Scheme, host and port in one spelling: URLs with equal origins belong to the same server.

    The origin of a URL that programs may read in different ways is the URL itself.
    """
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        return url
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return url
    return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}:{port}"


def url_problem(
    url: str,
    *,
    allow_private: bool,
    scheme: str = "https",
    neighbours: Container[tuple[str, int]] = (),
    is_base: bool = False,
) -> str | None:
    """A message for staff why our server can't call this address; None if it can. Makes no DNS query.

    `neighbours`: hosts with their ports that are called as if `allow_private` were on. `is_base`: paths are
    appended to the address, so it may hold no query.
    """
    if not _VISIBLE.fullmatch(url):
        return N_(
            "The address may hold visible ASCII characters only; write an international host name in its xn-- form."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return N_("The address can't be read: host or port is malformed.")
    if port == 0:
        return N_("Port 0 can't be called.")
    allow_private = allow_private or (parts.hostname or "", port or _PORTS.get(parts.scheme, 0)) in neighbours
    return (
        _scheme_problem(parts.scheme, allow_private, scheme)
        or _form_problem(url, parts, is_base=is_base)
        or _host_problem(parts.hostname or "", allow_private, scheme)
    )


def _scheme_problem(given: str, allow_private: bool, wanted: str) -> str | None:
    if given == wanted or (wanted == "https" and given == "http" and allow_private):
        return None
    if given == "http":
        return N_("The address must start with https://: over http the credentials would travel in plain text.")
    return N_("The address must start with {wanted}://.").format(wanted=wanted)


def _form_problem(url: str, parts: SplitResult, *, is_base: bool) -> str | None:
    if "@" in parts.netloc:
        return N_("The address may not hold a user name or password; credentials have fields of their own.")
    if "#" in url:
        return N_("The address may not hold a fragment (#…): it is never sent.")
    if is_base and "?" in url:
        return N_("The address may not hold a query (?…): the vendor's paths are appended to it.")
    if "\\" in parts.netloc + parts.path:
        return N_("The address may not hold a backslash.")
    return None


def _host_problem(host: str, allow_private: bool, scheme: str) -> str | None:
    if not host:
        return N_("The address has no host.")
    if scheme != "https":
        return None
    address = literal(host)
    if address is not None:
        return None if allow_private or is_public(address) else _inside(host)
    if not is_host_name(host):
        return N_("{host} is no host name; write an IP address as four decimal numbers, or in brackets.").format(
            host=host
        )
    name = "." + host.rstrip(".").lower()
    return _inside(host) if name.endswith(_INSIDE_NAMES) and not allow_private else None


def is_host_name(host: str) -> bool:
    """Whether it is a name that no program reads as an IP address."""
    return bool(_HOST_NAME.fullmatch(host)) and not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])


def literal(host: str) -> str | None:
    """The host if it is an IP address in its plain form; octal, hex and one-number forms are not."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _inside(host: str) -> str:
    return N_("{host} is not a public address; providers must be reached over the public internet.").format(host=host)
