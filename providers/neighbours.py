"""The hosts of the operator's own network that may be called over http and at private addresses (NEIGHBOUR_HOSTS)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from .address import is_host_name, literal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_INNER = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7"),
    )
)
"""Neither link-local addresses, such as the cloud's metadata service, nor IPv6 forms that contain an IPv4 address."""


def is_inner(address: str) -> bool:
    """Whether a neighbour may have this literal address."""
    ip = ipaddress.ip_address(address)
    return any(ip in network for network in _INNER if network.version == ip.version)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Host names and networks, each with its port, or with None for every port."""

    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[tuple[Network, int | None], ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """Entries such as smsbox, smsbox:13013, 10.1.2.3:13013, [fd00::1]:13013 or 10.1.2.0/24. Raises ValueError."""
        names: set[tuple[str, int | None]] = set()
        networks: list[tuple[Network, int | None]] = []
        for word in words:
            network = _network(word)
            if network:
                networks.append((network, None))
                continue
            host, port = _host_and_port(word)
            if is_host_name(host):
                names.add((_plain(host), port))
            else:
                networks.append((_inner(ipaddress.ip_network(host), word), port))
        return cls(frozenset(names), tuple(networks))

    def __bool__(self) -> bool:
        return bool(self.names or self.networks)

    def __contains__(self, place: tuple[str, int]) -> bool:
        """Whether a URL with this host and port may be called over http and at an inner address.

        A network is compared with an address in the URL only: a name never becomes a neighbour by what DNS answers.
        """
        host, port = place
        address = literal(host)
        if address is None:
            return not self.names.isdisjoint({(_plain(host), port), (_plain(host), None)})
        ip = ipaddress.ip_address(address)
        return any(
            ip in network and its_port in (port, None)
            for network, its_port in self.networks
            if network.version == ip.version
        )


NO_NEIGHBOURS = Neighbours()


def _plain(host: str) -> str:
    return host.removesuffix(".").lower()


def _network(word: str) -> Network | None:
    """The entry as a network or as an address without a port; None if it is neither."""
    try:
        network = ipaddress.ip_network(word)
    except ValueError as error:
        if "/" in word:
            raise ValueError(f"{word!r}: {error}") from None
        return None
    return _inner(network, word)


def _inner(network: Network, word: str) -> Network:
    if not any(network.version == inner.version and network.subnet_of(inner) for inner in _INNER):  # type: ignore[arg-type]
        raise ValueError(f"{word!r} is not in a private network; call a public host over https without an entry")
    return network


def _host_and_port(word: str) -> tuple[str, int | None]:
    """Host and port of an entry, read as in a URL."""
    try:
        parts = urlsplit(f"//{word}")
        host, port = parts.hostname or "", parts.port
        is_clear = parts.netloc == word and port != 0 and not word.endswith(":") and not {"@", "\\"} & set(word)
        if is_clear and (is_host_name(host) or ipaddress.ip_address(host)):
            return host, port
    except ValueError:
        pass  # the reason is the same for every unclear entry
    raise ValueError(f"{word!r} is neither a host, host:port nor a network")
