"""Signers: our calls against digests that are computed here, and the vendor's calls, true and forged."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from providers.base import Call, Callback, Sender
from providers.described import DescriptionError
from providers.exchange import exchange_text
from providers.testing import Example

from .test_calls import CREDENTIALS, TO_AND_TEXT, built, described, rows

SECRET = CREDENTIALS["secret"]
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def signature(**keys: str) -> dict[str, str]:
    return {"kind": "signature", "algorithm": "sha256", "place": "header", "name": "X-Sig", **keys}


def headers(auth: dict[str, str], **request: Any) -> dict[str, str]:
    return dict(built(described({"body": TO_AND_TEXT, **request}, auth=auth), Call(NOW, "ab" * 16)).headers)


def test_basic_bearer_and_a_header() -> None:
    basic = "Basic " + b64encode(f"user 1:{SECRET}".encode()).decode()
    assert headers({"kind": "basic", "username": "user", "password": "secret"})["Authorization"] == basic
    assert headers({"kind": "bearer", "token": "secret"})["Authorization"] == f"Bearer {SECRET}"
    assert headers({"kind": "header", "name": "X-Key", "token": "secret"})["X-Key"] == SECRET


def test_a_digest_of_a_text() -> None:
    auth = signature(algorithm="md5", text="{credential.user}{now}{nonce}{credential.secret}")
    expected = hashlib.md5(f"user 11795824000{'ab' * 16}{SECRET}".encode()).hexdigest()
    assert headers(auth)["X-Sig"] == expected


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("form", ["form", "json", "xml"])
def test_an_hmac_of_the_body(algorithm: str, form: str) -> None:
    auth = signature(algorithm=algorithm, text="{now}.{body}", key="secret", encoding="base64")
    request = built(
        described({"format": form, "body": rows("m.to", "{to}", "m.text", "{text}")}, auth=auth), Call(NOW, "")
    )
    expected = hmac.digest(SECRET.encode(), b"1795824000." + request.body, algorithm)
    assert dict(request.headers)["X-Sig"] == b64encode(expected).decode()


@pytest.mark.parametrize("place", ["query", "body"])
def test_a_signature_over_sorted_parameters(place: str) -> None:
    auth = signature(algorithm="md5", place=place, name="sig", text="&{sorted_safe}{credential.secret}")
    request = built(described({"body": TO_AND_TEXT, "query": rows("key", "1")}, auth=auth), text="a&b=c")
    where = urlsplit(request.url).query if place == "query" else request.body.decode()
    expected = hashlib.md5(f"&key=1&text=a_b_c&to=+994501234567{SECRET}".encode()).hexdigest()
    assert dict(parse_qsl(where))["sig"] == expected


def test_what_is_derived_of_a_secret_is_hidden() -> None:
    for auth in (
        {"kind": "basic", "username": "user", "password": "secret"},
        signature(place="query", name="sig", text="{sorted}", key="secret"),
    ):
        request = built(described({"body": TO_AND_TEXT}, auth=auth))
        [derived] = request.hidden
        assert derived in request.url + str(request.headers)
        assert derived not in exchange_text(request, (SECRET, *request.hidden))


# --- calls of the vendor ----------------------------------------------------------------------------

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
BODY = b'{"id": "1", "state": "ok"} \xff'
Sign = Callable[[bytes], str]


def checking(source: str = "", **rule: Any) -> type[Sender]:
    """An adapter whose receipts are checked by this rule."""
    receipts = {"address": "registered", "id": "id", "state": "state", "states": [{"word": "ok", "state": "delivered"}]}
    receipts["source"] = source or ("json" if "{body}" in rule["text"] else "fields")
    examples = [
        {"name": "told", "receipt": {}, "reports": [{"state": "delivered"}]},
        {"name": "forged", "receipt": {}, "forged": True},
    ]
    return described({"body": TO_AND_TEXT}, receipts=receipts | {"signature": rule}, examples=examples)


def is_authentic(adapter: type[Sender], credentials: dict[str, str] = CREDENTIALS, **call: Any) -> bool:
    callback = Callback(**{"method": "POST", "received_at": NOW, "body": BODY, **call})
    return Example(adapter, credentials).sender().authentic(callback)


RULES: dict[str, tuple[dict[str, Any], Sign]] = {
    "an HMAC in hex": (
        {"algorithm": "sha256", "key": "secret", "text": "{body}"},
        lambda text: hmac.digest(SECRET.encode(), text, "sha256").hex(),
    ),
    "an HMAC in base64": (
        {"algorithm": "sha1", "key": "secret", "text": "{body}", "encoding": "base64"},
        lambda text: b64encode(hmac.digest(SECRET.encode(), text, "sha1")).decode(),
    ),
    "a digest with the secret": (
        {"algorithm": "md5", "text": "{body}{credential.secret}"},
        lambda text: hashlib.md5(text + SECRET.encode()).hexdigest(),
    ),
    "a secret as it is": ({"algorithm": "equal", "text": "Bearer {credential.secret}"}, lambda _: f"Bearer {SECRET}"),
    "Ed25519": (
        {"algorithm": "ed25519", "key": "user", "text": "{body}", "encoding": "base64"},
        lambda text: b64encode(PRIVATE.sign(text)).decode(),
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_only_the_vendors_own_call_is_authentic(case: str) -> None:
    rule, sign = RULES[case]
    adapter = checking(**rule, header="X-Sig")
    assert adapter.signed_headers == ("x-sig",)
    credentials = {"user": PUBLIC, "secret": SECRET}
    true = sign(BODY)
    assert is_authentic(adapter, credentials, headers={"x-sig": true})
    forged = ["", "x", true[:-2], true + "00", "é", sign(BODY)[::-1], "=" * 8, "00" * 32, "\udcff"]
    forged += [] if rule["algorithm"] == "equal" else [sign(BODY + b" ")]
    for given in forged:
        assert not is_authentic(adapter, credentials, headers={"x-sig": given}), given
    assert not is_authentic(adapter, credentials)
    assert not is_authentic(adapter, {}, headers={"x-sig": true})
    assert not is_authentic(adapter, dict.fromkeys(CREDENTIALS, "other"), headers={"x-sig": true})


def test_an_empty_key_signs_nothing() -> None:
    adapter = checking(algorithm="sha256", key="secret", text="{body}", header="X-Sig")
    unkeyed = hmac.digest(b"", BODY, "sha256").hex()
    assert not is_authentic(adapter, {"user": "x", "secret": ""}, headers={"x-sig": unkeyed})


@pytest.mark.parametrize(("seconds", "expected"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_an_old_call_is_not_authentic(seconds: int, expected: bool) -> None:
    said = str(int(NOW.timestamp()) + seconds)
    adapter = checking(
        algorithm="sha256", key="secret", text="{header.x-time}|{body}", header="X-Sig", time="header.x-time"
    )
    assert adapter.signed_headers == ("x-sig", "x-time")
    given = {"x-time": said, "x-sig": hmac.digest(SECRET.encode(), said.encode() + b"|" + BODY, "sha256").hex()}
    assert is_authentic(adapter, headers=given) is expected
    for time in ("", "soon", "-1", "٣", "9" * 400):
        signed = hmac.digest(SECRET.encode(), time.encode() + b"|" + BODY, "sha256").hex()
        assert not is_authentic(adapter, headers={"x-time": time, "x-sig": signed})


@pytest.mark.parametrize("place", ["query", "body"])
def test_sorted_parameters_without_the_signature(place: str) -> None:
    adapter = checking(algorithm="md5", text="&{sorted_safe}{credential.secret}", field="sig", time="field.timestamp")
    values = {"msisdn": "994501234567", "timestamp": str(int(NOW.timestamp())), "text": "a&b=ə"}
    text = f"&msisdn=994501234567&text=a_b_ə&timestamp={values['timestamp']}{SECRET}"
    values["sig"] = hashlib.md5(text.encode()).hexdigest()
    wrong = [{"msisdn": "994501234568"}, {"more": "1"}, {"sig": ""}, {"sig": "00"}, {"text": "a_b_ə "}]
    for changes in ({}, *wrong):
        data = urlencode(values | changes).encode()
        call = {"query": data, "body": b""} if place == "query" else {"body": data}
        assert is_authentic(adapter, **call) is (not changes)
    signed = urlencode(values).encode()
    for query, body in ((signed + b"&msisdn=1", b""), (signed, signed), (signed, b"msisdn=1"), (signed, b'{"a": 1}')):
        assert not is_authentic(adapter, query=query, body=body)


def test_a_signed_body_does_not_prove_a_query() -> None:
    rule = {"algorithm": "sha256", "key": "secret", "text": "{body}", "header": "X-Sig"}
    with pytest.raises(DescriptionError) as refused:
        checking(**rule, source="fields")
    assert [each.place for each in refused.value.problems] == ["receipts.source"]
