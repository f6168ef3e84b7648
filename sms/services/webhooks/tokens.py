"""The unguessable part of the addresses that vendors and gateways call.

A key says what it is for (purpose, provider, attempt or gateway) and is signed with a key of its own: derived from
FIELD_ENCRYPTION_KEYS, apart from SECRET_KEY. The first signs, all verify, so keys rotate without a lost callback.
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


class Purpose(IntEnum):
    ATTEMPT = 1
    PROVIDER = 2
    GATEWAY = 3


@dataclass(frozen=True, slots=True)
class Address:
    """What a genuine key stands for."""

    purpose: Purpose
    provider_id: int | None = None
    attempt_id: uuid.UUID | None = None
    gateway_id: int | None = None


def attempt_key(provider_id: int, attempt_id: uuid.UUID) -> str:
    return _sign(_ATTEMPT.pack(Purpose.ATTEMPT, provider_id, attempt_id.bytes))


def provider_key(provider_id: int) -> str:
    return _sign(_SINGLE.pack(Purpose.PROVIDER, provider_id))


def gateway_key(gateway_id: int) -> str:
    return _sign(_SINGLE.pack(Purpose.GATEWAY, gateway_id))


def callback_url(vendor: str, key: str) -> str | None:
    """The whole address for a vendor, or None without PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}/webhooks/{vendor}/{key}" if settings.PUBLIC_URL else None


def inbound_url(key: str) -> str | None:
    """The whole address for a gateway, or None without PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}/inbound/{key}" if settings.PUBLIC_URL else None


def resolve(key: str) -> Address | None:
    """What a key stands for, or None for anything that we did not sign. Takes the same time for every wrong key."""
    try:
        signed = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        signed = b""
    claim, tag = signed[:-TAG_BYTES], signed[-TAG_BYTES:]
    genuine = [hmac.compare_digest(_tag(secret, claim), tag) for secret in _secrets(_keys())]
    # Only the one spelling that we gave out: base64 would let the last character vary.
    return _read(claim) if any(genuine) and _text(signed) == key else None


def _read(claim: bytes) -> Address | None:
    if len(claim) == _ATTEMPT.size:
        purpose, provider, attempt = _ATTEMPT.unpack(claim)
        return Address(Purpose(purpose), provider_id=provider, attempt_id=uuid.UUID(bytes=attempt))
    purpose, owner = _SINGLE.unpack(claim)
    if purpose == Purpose.GATEWAY:
        return Address(Purpose.GATEWAY, gateway_id=owner)
    return Address(Purpose(purpose), provider_id=owner)


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
