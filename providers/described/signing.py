"""The closed list of signers: how our calls show who we are, and how a vendor's calls are checked."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from providers.base import Callback

from .description import Signature
from .schema import Auth
from .trees import MAX_FOUND

Pairs = list[tuple[str, str]]
OF_SIGNATURE = frozenset({"body", "sorted", "sorted_safe"})


@dataclass(frozen=True, slots=True)
class Signed:
    """What is added to a call, and the secrets in it that are derived."""

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    body: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()


def signed(auth: Auth | None, values: Mapping[str, str], pairs: Pairs, body: Callable[[], bytes]) -> Signed:
    if auth is None:
        return Signed()
    if auth.kind == "signature":
        return _signature(auth, values, pairs, body)
    named = {name: values.get(f"credential.{getattr(auth, name)}", "") for name in ("username", "password", "token")}
    if auth.kind == "header":
        return Signed(headers=((auth.name or "", named["token"]),))
    if auth.kind == "bearer":
        return Signed(headers=(("Authorization", f"Bearer {named['token']}"),))
    basic = b64encode(f"{named['username']}:{named['password']}".encode()).decode()
    return Signed(headers=(("Authorization", f"Basic {basic}"),), hidden=(basic,))


def _signature(auth: Auth, values: Mapping[str, str], pairs: Pairs, body: Callable[[], bytes]) -> Signed:
    assert auth.text is not None
    values = {**values, **_sorted(pairs)}
    if "body" in auth.text.names:
        values["body"] = _as_text(body())
    key = values.get(f"credential.{auth.key}") if auth.key else None
    digest = _encoded(_digest(auth.algorithm or "", _as_bytes(auth.text.fill(values)), key), auth.encoding)
    placed: dict[str, Any] = {_PLACES[auth.place or ""]: ((auth.name or "", digest),)}
    return Signed(hidden=(digest,), **placed)


_PLACES = {"header": "headers", "query": "query", "body": "body"}


def _sorted(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """`sorted_safe`: with _ in place of the separators in values."""
    ordered = sorted(pairs)
    safe = [(name, value.replace("&", "_").replace("=", "_")) for name, value in ordered]
    texts = {"sorted": ordered, "sorted_safe": safe}
    return {key: "&".join(f"{name}={value}" for name, value in each) for key, each in texts.items()}


def _digest(algorithm: str, text: bytes, key: str | None) -> bytes:
    if key is not None:
        return hmac.digest(key.encode(), text, algorithm)
    return hashlib.new(algorithm, text, usedforsecurity=False).digest()


def _encoded(digest: bytes, encoding: str) -> str:
    return digest.hex() if encoding == "hex" else b64encode(digest).decode()


def _as_text(body: bytes) -> str:
    """Bytes in a template; `_as_bytes` makes the same bytes of it."""
    return body.decode("utf-8", "surrogateescape")


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


# --- calls of the vendor ----------------------------------------------------------------------------


def is_authentic(rule: Signature, values: Mapping[str, str], callback: Callback) -> bool:
    """Raises nothing, whatever the call holds. Without the credential no call is authentic."""
    try:
        return _is_signed(rule, values, callback)
    except (ValueError, InvalidSignature):
        return False


def _is_signed(rule: Signature, values: Mapping[str, str], callback: Callback) -> bool:
    fields = _fields(rule, callback)
    given = callback.headers.get(rule.header.lower(), "") if rule.header else fields.pop(rule.field or "", "")
    values = {**values, **_called(callback, fields)}
    needed = {*rule.text.names} - OF_SIGNATURE | ({f"credential.{rule.key}"} if rule.key else set())
    if not given or not all(values.get(name) for name in needed) or not _is_recent(rule, values, callback):
        return False
    text, key = _as_bytes(rule.text.fill(values)), values.get(f"credential.{rule.key}")
    if rule.algorithm == "ed25519":
        public = Ed25519PublicKey.from_public_bytes(b64decode(key or "", validate=True))
        public.verify(_decoded(given, rule.encoding), text)
        return True
    if rule.algorithm == "equal":
        return hmac.compare_digest(_as_bytes(given), text)
    return hmac.compare_digest(_decoded(given, rule.encoding), _digest(rule.algorithm, text, key))


def _decoded(given: str, encoding: str) -> bytes:
    return bytes.fromhex(given) if encoding == "hex" else b64decode(given, validate=True)


def _is_recent(rule: Signature, values: Mapping[str, str], callback: Callback) -> bool:
    if rule.time is None:
        return True
    said = values.get(rule.time, "")
    if not (said.isascii() and said.isdigit() and len(said) < 12):
        return False
    return abs(callback.received_at.timestamp() - int(said)) <= rule.tolerance


def _fields(rule: Signature, callback: Callback) -> dict[str, str]:
    """The parameters of the query and of the body, whatever type it declares: no other ones can be added to a signed
    call. Raises ValueError if a name comes twice."""
    names = {name.partition(".")[0] for name in (*rule.text.names, rule.time or "")}
    if rule.field is None and not names & {"sorted", "sorted_safe", "field"}:
        return {}
    pairs = [pair for data in (callback.query, callback.body) for pair in _pairs(data)]
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a parameter comes twice")
    return dict(pairs)


def _pairs(data: bytes) -> Pairs:
    return parse_qsl(data.decode("utf-8", "surrogateescape"), keep_blank_values=True, max_num_fields=MAX_FOUND)


def _called(callback: Callback, fields: Mapping[str, str]) -> dict[str, str]:
    headers = {f"header.{name}": value for name, value in callback.headers.items()}
    named = {f"field.{name}": value for name, value in fields.items()}
    return {**headers, **named, **_sorted(fields.items()), "body": _as_text(callback.body)}
