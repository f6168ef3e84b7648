"""Signed tokens in the URLs that vendors and gateways call. Nobody can guess a URL without them.

A token names its purpose and its provider, attempt or gateway. The signing keys are derived from FIELD_ENCRYPTION_KEYS,
not from SECRET_KEY. The first one signs, all verify, so a key rotation loses no callback.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
import uuid
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

TAG_BYTES = 16
_ATTEMPT = struct.Struct(">BQ16s")
_SINGLE = struct.Struct(">BQ")
_NUMBERED = struct.Struct(">BQI")
"""With the address's number, from the second address on: those that were given out before have none."""


class Purpose(IntEnum):
    ATTEMPT = 1
    PROVIDER = 2
    GATEWAY = 3


@dataclass(frozen=True, slots=True)
class TokenTarget:
    """What a valid token names."""

    purpose: Purpose
    provider_id: int | None = None
    attempt_id: uuid.UUID | None = None
    gateway_id: int | None = None
    number: int = 0
    """Of the address; an attempt has one only."""


def attempt_token(provider_id: int, attempt_id: uuid.UUID) -> str:
    return _sign(_ATTEMPT.pack(Purpose.ATTEMPT, provider_id, attempt_id.bytes))


def provider_token(provider_id: int, number: int = 0) -> str:
    return _numbered(Purpose.PROVIDER, provider_id, number)


def gateway_token(gateway_id: int, number: int = 0) -> str:
    return _numbered(Purpose.GATEWAY, gateway_id, number)


def _numbered(purpose: Purpose, owner: int, number: int) -> str:
    return _sign(_NUMBERED.pack(purpose, owner, number) if number else _SINGLE.pack(purpose, owner))


def callback_url(vendor: str, token: str) -> str | None:
    """The URL for a vendor, or None without PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}/webhooks/{vendor}/{token}" if settings.PUBLIC_URL else None


def inbound_url(token: str) -> str | None:
    """The URL for a gateway, or None without PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}/inbound/{token}" if settings.PUBLIC_URL else None


def resolve_token(token: str) -> TokenTarget | None:
    """What a token names, or None for one that we did not sign. Every wrong token takes the same time."""
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        signed = b""
    claim, tag = signed[:-TAG_BYTES], signed[-TAG_BYTES:]
    valid = [hmac.compare_digest(_tag(secret, claim), tag) for secret in _secrets(_keys())]
    # Base64 has several spellings of the last character: only the one that we gave out is valid.
    return _unpack(claim) if any(valid) and _text(signed) == token else None


def _unpack(claim: bytes) -> TokenTarget | None:
    if len(claim) == _ATTEMPT.size:
        purpose, provider, attempt = _ATTEMPT.unpack(claim)
        return TokenTarget(Purpose(purpose), provider_id=provider, attempt_id=uuid.UUID(bytes=attempt))
    purpose, owner, number = _NUMBERED.unpack(claim) if len(claim) == _NUMBERED.size else (*_SINGLE.unpack(claim), 0)
    if purpose == Purpose.GATEWAY:
        return TokenTarget(Purpose.GATEWAY, gateway_id=owner, number=number)
    return TokenTarget(Purpose(purpose), provider_id=owner, number=number)


def _sign(claim: bytes) -> str:
    return _text(claim + _tag(_secrets(_keys())[0], claim))


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _tag(secret: bytes, claim: bytes) -> bytes:
    return hmac.digest(secret, claim, "sha256")[:TAG_BYTES]


def _keys() -> tuple[str, ...]:
    return tuple(settings.FIELD_ENCRYPTION_KEYS)


@lru_cache(maxsize=4)
def _secrets(keys: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(HKDF(SHA256(), 32, salt=None, info=b"callback-addresses").derive(key.encode()) for key in keys)
