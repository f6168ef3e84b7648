"""Every error code that Django answers: status, code and field, and the order of the checks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from sms.models import Message, Provider, RefusedRequest
from sms.services.configuration import snapshot
from tests.sms import cast
from tests.sms.cast import body, errors, send

LONG = "a" * 1601
BAD_JSON = {
    "nothing at all": b"",
    "half an object": b'{"from": "AKINON",',
    "two objects": b"{}{}",
    "an array": b"[]",
    "a string": b'"text"',
    "null": b"null",
    "UTF-16": json.dumps(body()).encode("utf-16"),
    "Latin-1": json.dumps(body(text="\u00e9"), ensure_ascii=False).encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a lone surrogate": b'{"from": "AKINON", "to": "+40712345678", "text": "\\ud800"}',
    "a lone surrogate in a key that nobody knows": b'{"x": {"\\udfff": 1}}',
    "a surrogate in UTF-8": b'{"text": "\xed\xa0\x80"}',
    "a key twice": b'{"from": "A", "from": "A"}',
    "a key twice, deep": b'{"x": [{"a": 1, "a": 1}]}',
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": Infinity}',
    "minus Infinity": b'{"x": -Infinity}',
    "a number beyond a double": b'{"x": 1e999}',
    "an integer of 5,000 digits": b'{"x": ' + b"9" * 5000 + b"}",
    "33 levels": b'{"x":' + b"[" * 32 + b"]" * 32 + b"}",
    "30,000 levels": b'{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "30,000 levels without an end": b"[" * 30_000,
    "a raw control character in a string": b'{"text": "\x01"}',
    "a raw NUL": b'{"text": "\x00"}',
    "form data": b"from=AKINON&to=%2B40712345678&text=Hi",
}


@pytest.mark.parametrize("raw", BAD_JSON.values(), ids=BAD_JSON)
def test_a_body_that_is_no_strict_json_object_is_malformed(caller: Client, raw: bytes) -> None:
    assert errors(send(caller, raw)) == [(400, "malformed_json", "")]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"x":' + b"[" * 31 + b"]" * 31 + b"}",
        b'{"x": "' + b"[" * 100 + b'"}',
        b'{"x": "\\"' + b"{" * 100 + b'"}',
        b'{"x": "\\ud83d\\ude00"}',
        b'{"x": 1e308}',
    ],
)
def test_what_is_strict_json_gets_to_the_fields(caller: Client, raw: bytes) -> None:
    assert errors(send(caller, raw)) == [
        (400, "required", "from"),
        (400, "required", "to"),
        (400, "required", "text"),
    ]


FIELD_FAULTS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("from missing", {"from_": None}, [("required", "from")]),
    ("to missing", {"to": None}, [("required", "to")]),
    ("text missing", {"text": None}, [("required", "text")]),
    ("from a number", {"from_": 7}, [("invalid_type", "from")]),
    ("to a number", {"to": 40712345678}, [("invalid_type", "to")]),
    ("text a list", {"text": ["Hi"]}, [("invalid_type", "text")]),
    ("text an object", {"text": {}}, [("invalid_type", "text")]),
    ("text false", {"text": False}, [("invalid_type", "text")]),
    ("isOtp yes", {"isOtp": "yes"}, [("invalid_type", "isOtp")]),
    ("isOtp the word true", {"isOtp": "true"}, [("invalid_type", "isOtp")]),
    ("isOtp 1", {"isOtp": 1}, [("invalid_type", "isOtp")]),
    ("isOtp 0", {"isOtp": 0}, [("invalid_type", "isOtp")]),
    ("from empty", {"from_": ""}, [("blank", "from")]),
    ("from white", {"from_": " \u00a0"}, [("blank", "from")]),
    ("to empty", {"to": ""}, [("blank", "to")]),
    ("to white", {"to": "  "}, [("blank", "to")]),
    ("text empty", {"text": ""}, [("blank", "text")]),
    ("text white", {"text": " \n\t"}, [("blank", "text")]),
    ("text of new lines to be", {"text": "/n/n"}, [("blank", "text")]),
    ("from NUL", {"from_": "AKI\x00NON"}, [("invalid_characters", "from")]),
    ("from new line", {"from_": "AKI\nNON"}, [("invalid_characters", "from")]),
    ("from bidi", {"from_": "AKI\u202eNON"}, [("invalid_characters", "from")]),
    ("from bidi isolate", {"from_": "\u2066AKINON"}, [("invalid_characters", "from")]),
    ("to trailing new line", {"to": "+40712345678\n"}, [("invalid_characters", "to")]),
    ("to NUL", {"to": "+40712345678\x00"}, [("invalid_characters", "to")]),
    ("text NUL", {"text": "a\x00"}, [("invalid_characters", "text")]),
    ("text escape", {"text": "a\x1b"}, [("invalid_characters", "text")]),
    ("text C1", {"text": "a\x85"}, [("invalid_characters", "text")]),
    ("text of 1,601", {"text": LONG}, [("too_long", "text")]),
    ("from of 65", {"from_": "A" * 65}, [("too_long", "from")]),
    ("to national", {"to": "0712345678"}, [("invalid_phone_number", "to")]),
    ("to without plus", {"to": "40712345678"}, [("invalid_phone_number", "to")]),
    ("to 00", {"to": "0040712345678"}, [("invalid_phone_number", "to")]),
    ("to with blanks", {"to": "+40 712 345 678"}, [("invalid_phone_number", "to")]),
    ("to Arabic digits", {"to": "+٤٠٧١٢٣٤٥٦٧٨"}, [("invalid_phone_number", "to")]),
    ("to too short", {"to": "+40712"}, [("invalid_phone_number", "to")]),
    ("to 16 digits", {"to": "+4071234567890123"}, [("invalid_phone_number", "to")]),
    ("to bidi", {"to": "\u202e+40712345678"}, [("invalid_phone_number", "to")]),
    ("to with a trunk zero", {"to": "+400712345678"}, [("invalid_phone_number", "to")]),
    ("to of no country", {"to": "+99912345678"}, [("invalid_phone_number", "to")]),
    (
        "every field at once",
        {"from_": "", "to": "x", "text": LONG, "isOtp": "x"},
        [("blank", "from"), ("invalid_phone_number", "to"), ("too_long", "text"), ("invalid_type", "isOtp")],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in FIELD_FAULTS], ids=[c[0] for c in FIELD_FAULTS])
def test_each_field_at_fault_is_named_once(
    caller: Client, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert errors(send(caller, body(**changes))) == [(400, code, field) for code, field in expected]
    assert not Message.objects.exists()
    kept = RefusedRequest.objects.get()
    assert (kept.http_status, kept.code, kept.field) == (400, *expected[0])


def test_null_counts_as_missing(caller: Client) -> None:
    response = send(caller, {"from": None, "to": None, "text": None, "isOtp": None})
    assert errors(response) == [
        (400, "required", "from"),
        (400, "required", "to"),
        (400, "required", "text"),
    ]


def test_is_otp_of_null_is_that_of_a_call_without_it(caller: Client) -> None:
    for values in ({"isOtp": None}, {}, {"isOtp": False}):
        assert send(caller, body(**values), x_akinon_request_id="r-1").status_code == 201
    assert [message.is_otp for message in Message.objects.all()] == [False]  # the same call three times


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "a" * 1600},
        {"text": "/n".join("a" * 800)},  # 800 letters and 799 new lines once the escapes are one
        {"text": "\U0001f600" * 1600},
        {"text": "tab\there\r\nand\rthere"},
        {"from_": "AKINON"},
    ],
)
def test_the_bounds_themselves_are_fine(caller: Client, changes: dict[str, Any]) -> None:
    assert send(caller, body(**changes)).status_code == 201


class TestVersions:
    @pytest.fixture(autouse=True)
    def _versions(self, settings: Any) -> None:
        settings.API_VERSIONS = ["2", "3"]

    def test_one_of_the_list_is_served(self, caller: Client) -> None:
        assert send(caller, x_akinon_api_version="2").status_code == 201

    @pytest.mark.parametrize("version", ["1", "", None])
    def test_any_other_is_refused_beside_the_fields(self, caller: Client, version: str | None) -> None:
        response = send(caller, body(text=None), x_akinon_api_version=version)
        assert errors(response) == [
            (400, "required", "text"),
            (400, "unsupported_api_version", "x-akinon-api-version"),
        ]


ROUTING: list[tuple[str, dict[str, Any], str, str]] = [
    ("no such sender", {"from_": "SHOP"}, "unknown_sender", "from"),
    ("another letter case", {"from_": "Akinon"}, "unknown_sender", "from"),
    ("a blank at its end", {"from_": "AKINON "}, "unknown_sender", "from"),
    ("no route", {"to": "+4915112345678"}, "no_route", "to"),
    ("sender pending", {"to": cast.TEMPLATE_TO, "from_": "PENDING"}, "sender_not_approved", "from"),
    ("no template", {"to": cast.TEMPLATE_TO, "text": "Hello"}, "template_not_matched", "text"),
    ("a tie", {"to": cast.TEMPLATE_TO, "text": "Tied x here"}, "template_ambiguous", "text"),
    (
        "too long for the vendor",
        {"to": cast.TEMPLATE_TO, "text": cast.TEXT.replace("Aysel", "A" * 150)},
        "text_too_long",
        "text",
    ),
]


@pytest.mark.parametrize(("changes", "code", "field"), [c[1:] for c in ROUTING], ids=[c[0] for c in ROUTING])
def test_what_no_provider_can_carry_is_422_with_one_entry(
    caller: Client, changes: dict[str, Any], code: str, field: str
) -> None:
    assert errors(send(caller, body(**changes))) == [(422, code, field)]
    assert not Message.objects.exists()


def test_a_disabled_provider_is_no_route(caller: Client) -> None:
    Provider.objects.update(enabled=False)
    snapshot.reset_cache()
    assert errors(send(caller)) == [(422, "no_route", "to")]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json; charset = latin-1",
        "application/json ;charset =latin-1",
        "application/json; charset=utf-8; charset=latin-1",
        'application/json; charset="iso-8859-9"',
        'application/json; profile="a;charset=utf-8"; charset=utf-16',
        "application/json; charset=",
        "application/jsonp",
        "*/*",
    ],
)
def test_other_content_types_are_415(caller: Client, content_type: str) -> None:
    assert errors(send(caller, content_type=content_type)) == [(415, "unsupported_media_type", "")]


def test_over_64_kib_is_413_and_64_kib_is_not(caller: Client) -> None:
    assert errors(send(caller, b" " * 65_537)) == [(413, "payload_too_large", "")]
    assert errors(send(caller, b" " * 65_536)) == [(400, "malformed_json", "")]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/send-sms/x", "/messages/7", "/static/nothing.css", "/admin"])
def test_an_unknown_address_is_404_in_the_format(caller: Client, path: str) -> None:
    assert errors(caller.get(path, headers={"accept": "text/html"})) == [(404, "not_found", "")]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/send-sms", "POST"),
        ("OPTIONS", "/send-sms/", "POST"),
        ("DELETE", "/send-sms", "POST"),
        ("BREW", "/send-sms", "POST"),
        ("POST", "/messages", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/readyz", "GET, HEAD"),
    ],
)
def test_another_method_is_405_even_without_credentials(caller: Client, method: str, path: str, allowed: str) -> None:
    response = caller.generic(method, path)
    assert errors(response) == [(405, "method_not_allowed", "")]
    assert response["Allow"] == allowed


def test_another_host_is_400(caller: Client) -> None:
    assert errors(caller.post("/send-sms", headers={"host": "evil.example"})) == [(400, "bad_request", "")]


def test_plain_http_is_400_where_https_is_due_but_for_the_probes(caller: Client, settings: Any) -> None:
    settings.IS_HTTPS = True
    settings.SECURE_HSTS_SECONDS = 60
    response = send(caller)
    assert errors(response) == [(400, "bad_request", "")]
    assert response["Strict-Transport-Security"] == "max-age=60"
    assert caller.get("/healthz").status_code == 200
    assert caller.get("/readyz/").status_code == 200
    assert caller.post("/send-sms", secure=True).status_code == 401


class TestOrder:
    """The first group of checks that fails decides the answer."""

    def test_credentials_come_before_the_body(self, caller: Client) -> None:
        assert errors(send(caller, b" " * 70_000, authorization=None)) == [(401, "unauthorized", "")]

    def test_size_comes_before_the_content_type(self, caller: Client) -> None:
        assert errors(send(caller, b" " * 70_000, content_type="text/xml")) == [(413, "payload_too_large", "")]

    def test_the_content_type_comes_before_the_json(self, caller: Client) -> None:
        assert errors(send(caller, b"<", content_type="text/xml")) == [(415, "unsupported_media_type", "")]

    def test_the_fields_come_before_the_sender(self, caller: Client) -> None:
        assert errors(send(caller, body(from_="SHOP", to="x"))) == [(400, "invalid_phone_number", "to")]

    def test_the_sender_comes_before_routing(self, caller: Client) -> None:
        assert errors(send(caller, body(from_="SHOP", to="+4915112345678"))) == [(422, "unknown_sender", "from")]
