"""What staff see of an exchange: everything but the secrets, and nothing that moves their screen."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from urllib.parse import quote, quote_plus, urlencode

import pytest

from providers.base import HttpRequest, HttpResponse
from providers.exchange import LIMIT, exchange_text

SECRETS = {
    "plain": "hunter2hunter2",
    "blanks and signs": "p&ss w/rd+%=\"'<ö>",
    "not Latin": "Kodunuz: 004217. Heç kimə",
    "two lines": "first\nsecond\tthird",
    "beyond the basic plane": "kod 😀 123",
    "a backslash": "a\\b\\u00e9",
}
SPELLINGS = {
    "plain": str,
    "URL": lambda value: quote(value, safe=""),
    "URL, slashes kept": quote,
    "form": quote_plus,
    "form field": lambda value: urlencode({"a": value}),
    "URL in small letters": lambda value: re.sub("%..", lambda found: found[0].lower(), quote(value, safe="")),
    "JSON": lambda value: json.dumps({"a": value}),
    "JSON, not ASCII": lambda value: json.dumps({"a": value}, ensure_ascii=False),
    "JSON inside JSON": lambda value: json.dumps({"a": json.dumps(value)}),
    "JSON inside JSON, not ASCII": lambda value: json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False),
    "JSON as PHP writes it": lambda value: json.dumps(value).replace("/", "\\/"),
    "HTML": html.escape,
    "base64": lambda value: b64encode(value.encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_hidden_value_is_hidden_in_each_spelling(secret: str, spelling: str) -> None:
    value = SECRETS[secret]
    spelled = SPELLINGS[spelling](value)
    shown = exchange_text(HttpRequest("POST", "https://a.example/b", (), f"before {spelled} after".encode()), [value])
    assert value not in shown
    assert spelled not in shown
    body = shown.partition("\n\n")[2]
    rest = body.removeprefix("before ").removesuffix(" after").strip('"\\{} ').removeprefix('a": ').strip('"\\')
    assert rest.removeprefix("a=") == "[hidden]"


def test_a_hidden_value_is_hidden_in_address_headers_and_answer_too() -> None:
    request = HttpRequest("GET", "https://a.example/b?key=a%2Fb", (("X-Key", "a/b"),))
    assert exchange_text(request, ["a/b"]) == "GET https://a.example/b?key=[hidden]\nX-Key: [hidden]\n\n"
    answer = HttpResponse(401, {"x-echo": "a/b"}, b'{"you sent":"a\\/b"}')
    assert exchange_text(answer, ["a/b"]) == 'HTTP 401\nx-echo: [hidden]\n\n{"you sent":"[hidden]"}'


@pytest.mark.parametrize("name", ["Authorization", "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"])
def test_headers_that_carry_credentials_are_always_masked(name: str) -> None:
    request = HttpRequest("POST", "https://a.example", ((name, "Basic dXNlcjpwYXNz"),))
    assert exchange_text(request, []) == f"POST https://a.example\n{name}: [hidden]\n\n"


def test_the_longer_of_two_hidden_values_is_not_torn_by_the_shorter() -> None:
    request = HttpRequest("POST", "https://a.example", (), b"code 004217 and 42")
    assert exchange_text(request, ["42", "004217", ""]).endswith("code [hidden] and [hidden]")


def test_controls_and_bytes_that_are_no_text_show_as_escapes() -> None:
    body = "a\x00b\x1b[2Jc\u202ed\u2066e\u200bf\r\ng".encode() + b"\xff\xfe"
    shown = exchange_text(HttpResponse(200, {}, body), [])
    assert shown == "HTTP 200\n\na\\x00b\\x1b[2Jc\\u202ed\\u2066e\\u200bf\ng\\xff\\xfe"


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Sizin təsdiq kodunuz: «004217» 😀\n\tHeç kimə"
    assert exchange_text(HttpResponse(200, {}, text.encode()), []).endswith(text)


def test_a_long_exchange_is_cut_after_the_hiding() -> None:
    secret = "s" * 100
    body = b"x" * (LIMIT - 50) + secret.encode() + b"y" * 50_000
    shown = exchange_text(HttpResponse(200, {}, body), [secret])
    assert len(shown) < LIMIT + 20
    assert "sssss" not in shown
    assert shown.endswith("… (cut)")
