"""The only module that uses the network.

It decides what `requests` can't tell: whether the message may have been sent.

    no byte of the request was written               Unavailable, certainly not sent
    a byte was written, no complete response came    Unconfirmed, perhaps sent
    a complete response, whatever its status         HttpResponse, for the adapter to read

`requests` (its HTTPAdapter with a prepared request, no Session) does the HTTP over connections
of ours. No retries, no redirects, no proxies, no netrc, no cookies. Errors name scheme and host
only: a path may hold an account number.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from providers.marking import N_

from .address import url_problem
from .base import Failure, HttpRequest, HttpResponse, Misconfigured, ProviderError
from .connection import Connection, TlsConnection, tls_context
from .content import TooLongError, decompressed
from .neighbours import NO_NEIGHBOURS, Neighbours
from .playground import Playground
from .wire import MAX_BODY, Call, TooLate

__all__ = ["Client", "TooLate", "url_problem"]

USER_AGENT = "sms-desk"
MAX_HOSTS = 16
"""How many hosts a client keeps a connection to."""


class Transport(Protocol):
    """Makes calls to URLs of one scheme."""

    def send(self, request: HttpRequest, *, timeout: float, not_after: float | None) -> HttpResponse: ...

    def close(self) -> None: ...


class Client:
    """Makes the calls of one thread. Not to be shared between threads."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        neighbours: Neighbours = NO_NEIGHBOURS,
        connect_timeout: float = 5.0,
    ) -> None:
        call = Call(allow_private=allow_private, neighbours=neighbours, connect_timeout=connect_timeout)
        network = _Network(call)
        self._transports: dict[str, Transport] = {"https": network, "sandbox": Playground()}
        if allow_private or neighbours:
            self._transports["http"] = network

    def send(self, request: HttpRequest, *, timeout: float, not_after: float | None = None) -> HttpResponse:
        """Execute one call, once.

        `timeout`: seconds from the first byte written to the whole answer; connecting has its own.
        `not_after`: the time.monotonic() after which no first byte may be written.
        Raises TooLate and Unavailable (nothing was sent), Misconfigured (nothing was sent, staff
        must act), Unconfirmed (perhaps sent).
        """
        scheme = request.url.partition("://")[0].lower()
        transport = self._transports.get(scheme)
        if transport is None:
            words = N_("Addresses that start with {scheme!r} can't be called here; use https://.").format(
                scheme=scheme[:20]
            )
            raise Misconfigured(Failure.CONFIG, "address_refused", words)
        return transport.send(request, timeout=timeout, not_after=not_after)

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()


class _Network:
    """The transport for http and https."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._adapter = _Adapter(call)

    def send(self, request: HttpRequest, *, timeout: float, not_after: float | None) -> HttpResponse:
        try:
            self._call.begin(_origin(request.url), timeout, not_after)
            return self._exchange(request)
        except (ProviderError, TooLate):
            raise
        except Exception as error:
            failure = self._failure(error)
        raise failure  # outside the handler: the library's message may quote the request

    def close(self) -> None:
        self._adapter.close()

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        answer: Any = self._adapter.send(_prepared(request)).raw  # our connection's Whole
        answer.release_conn()
        return self._response(answer.status, answer.fields, answer.body)

    def _response(self, status: int, fields: Mapping[str, str], body: bytes) -> HttpResponse:
        try:
            plain = decompressed(body, fields.get("content-encoding", ""), MAX_BODY)
        except TooLongError:
            raise self._call.too_long() from None
        if plain is None:
            return HttpResponse(status, fields, unreadable=len(body))
        return HttpResponse(status, fields, plain)

    def _failure(self, error: Exception) -> ProviderError:
        """The error for an exception that our connection did not raise itself."""
        if not self._call.written:
            words = N_("The call can't be built from its address and credentials ({name}).").format(
                name=type(error).__name__
            )
            return Misconfigured(Failure.CONFIG, "request_invalid", words)
        if self._call.ended:
            return self._call.closed()
        return self._call.lost(
            "unreadable", N_("answered something that is no HTTP ({name})").format(name=type(error).__name__)
        )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _prepared(request: HttpRequest) -> PreparedRequest:
    """The request with three headers of ours. requests' own preparation would re-quote the URL and add others."""
    prepared = PreparedRequest()
    prepared.method = request.method
    prepared.url = request.url
    own = (("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"), ("Content-Length", str(len(request.body))))
    prepared.headers = dict((*own, *request.headers))  # type: ignore[assignment]  # a dict is all it takes, and faster
    prepared.body = request.body
    return prepared


class _Adapter(HTTPAdapter):
    """requests' adapter with pools of our connections, one connection to a host."""

    def __init__(self, call: Call) -> None:
        super().__init__(max_retries=0)
        self._call = call
        self._pools: dict[tuple[str, str | None, int | None], HTTPConnectionPool] = {}

    def get_connection_with_tls_context(self, request: PreparedRequest, *_: Any, **__: Any) -> HTTPConnectionPool:
        parts = urlsplit(request.url or "")
        key = (parts.scheme, parts.hostname, parts.port)
        pool = self._pools.get(key)
        if pool is None:
            if len(self._pools) >= MAX_HOSTS:
                self._pools.pop(next(iter(self._pools))).close()
            pool = self._pools[key] = self._new_pool(*key)
        return pool

    def _new_pool(self, scheme: str, host: str | None, port: int | None) -> HTTPConnectionPool:
        if not host:
            raise ValueError(N_("The address has no host."))
        if scheme == "https":
            pool: HTTPConnectionPool = HTTPSConnectionPool(host, port, call=self._call, ssl_context=_public_trust())
            pool.ConnectionCls = TlsConnection  # type: ignore[assignment]  # it answers with a Whole
        else:
            pool = HTTPConnectionPool(host, port, call=self._call)
            pool.ConnectionCls = Connection  # type: ignore[assignment]
        return pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """Path and query alone, because no proxy is used."""
        return request.path_url

    def cert_verify(self, *_: Any) -> None:
        """Does nothing: the TLS context verifies, and requests would load the authorities for each connection."""

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """The plain response, without reading cookies or guessing the encoding."""
        response = Response()
        response.raw = resp
        return response

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()


@functools.cache
def _public_trust() -> Any:
    return tls_context(DEFAULT_CA_BUNDLE_PATH)
