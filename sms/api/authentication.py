"""Checks the Basic credentials of clients (RFC 7617) against digests."""

from __future__ import annotations

import binascii
import hmac
import re

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from sms.domain.codes import refuse
from sms.models.client import digest
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import ClientFacts
from sms.services.database import clock
from sms.services.intake import login_throttle
from sms.services.intake.client_ip import client_ip

_NO_SECRET = digest("no client has this secret")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_HEADER = 1024
"""Characters. User names have at most 64, secrets 32."""


class BasicAuthentication(BaseAuthentication):
    """Sets `request.user` to the client's ClientFacts. Every cause of a 401 gives the same response."""

    def authenticate(self, request: Request) -> tuple[ClientFacts, None]:
        username, secret = credentials(request.META.get("HTTP_AUTHORIZATION", "")) or ("", "")
        client = snapshot.current().clients.get(username)
        source = client_ip(request._request.META)
        if not has_secret(client, secret):
            if username:
                login_throttle.record_failure(username, client, source)
            raise refuse("unauthorized")
        if not login_throttle.throttle.allows(client, source):
            raise refuse("unauthorized")
        return client, None


def has_secret(client: ClientFacts | None, secret: str) -> bool:
    """Whether the secret is the client's. Makes the same comparisons in every case, so that its time tells nothing."""
    given = digest(secret)
    is_current = hmac.compare_digest(given, (client and client.secret_digest) or _NO_SECRET)
    is_previous = hmac.compare_digest(given, (client and client.previous_digest) or _NO_SECRET)
    if client is None or not client.enabled:
        return False
    return is_current or (is_previous and _is_previous_valid(client))


def _is_previous_valid(client: ClientFacts) -> bool:
    """Only clients that still use the old secret pay for this query of the database's clock."""
    return client.previous_valid_until is not None and clock.now() < client.previous_valid_until


def credentials(header: str) -> tuple[str, str] | None:
    """User name and secret of an Authorization header; None if it holds none, or a control character."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > _MAX_HEADER:
        return None
    try:
        decoded = _decoded(token.strip(" ").encode("ascii"))
    except ValueError:
        return None
    username, colon, secret = decoded.partition(":")
    return (username, secret) if colon and not _CONTROL.search(decoded) else None


def claimed_username(header: str) -> str:
    """The name of a client that the header gives, before its secret is checked; "" for a name of no client."""
    known = snapshot.cached()
    username, _ = credentials(header) or ("", "")
    return username if known is not None and username in known.clients else ""


def _decoded(token: bytes) -> str:
    """Decodes canonical base64 only: Python's strict mode accepts surplus padding."""
    raw = binascii.a2b_base64(token, strict_mode=True)
    if binascii.b2a_base64(raw, newline=False) != token:
        raise ValueError("not canonical base64")
    return raw.decode()
