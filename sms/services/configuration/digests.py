"""Keyed digests in place of values that the database must not reveal: idempotency keys, callbacks, forgotten numbers.

The keys are outside the database: from DIGEST_KEY if it is set, then from each of FIELD_ENCRYPTION_KEYS. The first key
makes new digests. A lookup uses all keys, so a digest is found for as long as its key is kept.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

MARK = "#"
LENGTH = 16
"""Characters of a pseudonym: as many as the longest number, so that it fits into the same columns."""
_NUMBER = "number"


def digests(purpose: str, *parts: bytes) -> list[str]:
    """The digests of these parts with each key; the first is that of new rows."""
    message = b"".join(b"%d:%b" % (len(part), part) for part in parts)  # the lengths keep the parts apart
    return [hmac.digest(key, message, "sha256").hex() for key in _keys(purpose, _secrets())]


def digest(purpose: str, *parts: bytes) -> str:
    return digests(purpose, *parts)[0]


def number_digests(number: str) -> list[str]:
    return digests(_NUMBER, number.encode())


def number_digest(number: str) -> str:
    return number_digests(number)[0]


def pseudonym(number: str) -> str:
    """The pseudonym that replaces a forgotten number."""
    return _short(number_digest(number))


@lru_cache(maxsize=1024)
def _pseudonyms(number: str, secrets: tuple[str, ...], secret_key: str) -> tuple[str, ...]:
    before = hmac.digest(_key_of_earlier_version(secret_key), number.encode(), "sha256").hex()
    return tuple(map(_short, (*number_digests(number), before)))


@lru_cache(maxsize=16)
def _key_of_earlier_version(secret_key: str) -> bytes:
    """As Django's salted_hmac derived it."""
    return sha256(f"sms.forgotten_number{secret_key}".encode()).digest()


def pseudonyms(number: str) -> tuple[str, ...]:
    """All pseudonyms that a number may have, including that of earlier versions, which used SECRET_KEY."""
    return _pseudonyms(number, _secrets(), settings.SECRET_KEY)


def _short(value: str) -> str:
    return MARK + value[: LENGTH - 1]


def _secrets() -> tuple[str, ...]:
    own = (settings.DIGEST_KEY,) if settings.DIGEST_KEY else ()
    return (*own, *settings.FIELD_ENCRYPTION_KEYS)


@lru_cache(maxsize=16)
def _keys(purpose: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """A key of its own for each purpose: equal parts have different digests."""
    info = f"digests {purpose}".encode()
    return tuple(HKDF(SHA256(), 32, salt=None, info=info).derive(secret.encode()) for secret in secrets)
