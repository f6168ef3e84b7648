"""The calls that a description builds: each form of body, what is escaped, what is left out, what can't be sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest

from providers.base import Asked, Call, Encoding, HttpRequest, Misconfigured, ProviderError, Refused, Sender
from providers.described import load
from providers.testing import Example

from .made_up import toml

CREDENTIALS = {"user": "user 1", "secret": "p&s=s/w+rd"}
NASTY = ["]]><x>'\"&amp;", "a&b=c+d%20 e", "😀\tə\r\nx", "{to}", "\\", '"}, {"to": "', "</text>", "&#13;", "-->", ""]


def described(request: dict[str, Any], **sections: Any) -> type[Sender]:
    """An adapter with this request, whose other sections are the simplest ones."""
    vendor = {"slug": "made_up", "name": "Made up", "documents": "none", "base_url": "https://vendor.example"}
    credentials = [
        {"key": key, "label": key, "help": key, "secret": key == "secret"} for key in CREDENTIALS
    ]  # fmt: skip
    examples = [
        {"name": "call", "request": {"method": "POST", "url": "x"}},
        {"name": "yes", "answer": {"status": 200}, "means": "accepted"},
        {"name": "no", "answer": {"status": 400}, "means": "content"},
    ]
    whole: dict[str, Any] = {
        "vendor": vendor | {"carries": "text", "sender": "fixed"} | sections.pop("vendor", {}),
        "credentials": credentials,
        "request": {"path": "/send"} | request,
        "answer": {"source": "status", "accepted_when": [{"status": ["200"]}]},
        "sample": {"credentials": CREDENTIALS},
        "examples": examples + sections.pop("examples", []),
        **sections,
    }
    return load("\n".join(f"{key} = {toml(value)}" for key, value in whole.items()))


def built(adapter: type[Sender], call: Call | None = None, **message: Any) -> HttpRequest:
    example = Example(adapter, CREDENTIALS)
    return example.sender().for_call(call or Call()).request(example.sms(**message))


def rows(*names_and_values: str) -> list[dict[str, str]]:
    pairs = zip(names_and_values[::2], names_and_values[1::2], strict=True)
    return [{"name": name, "value": value} for name, value in pairs]


TO_AND_TEXT = rows("to", "{to}", "text", "{text}")


@pytest.mark.parametrize("text", NASTY)
def test_every_text_arrives_in_a_form_and_in_a_query(text: str) -> None:
    request = built(described({"body": TO_AND_TEXT, "query": TO_AND_TEXT}), text=text)
    expected = [("to", "+994501234567"), ("text", text)]
    assert parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True) == expected
    assert parse_qsl(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True) == expected


@pytest.mark.parametrize("text", NASTY)
def test_every_text_arrives_in_json(text: str) -> None:
    body = rows("messages.0.to", "{to}", "messages.0.text", "{text}", "kind", "sms {text}", "messages.1.text", "{text}")
    sent = json.loads(built(described({"format": "json", "body": body}), text=text).body)
    assert sent == {"messages": [{"to": "+994501234567", "text": text}, {"text": text}], "kind": f"sms {text}"}


@pytest.mark.parametrize("text", NASTY)
def test_every_text_arrives_in_xml(text: str) -> None:
    body = rows(
        "m.header.@user", "{text}", "m.header.#", "{text}", "m.no.0", "{to}", "m.no.1", "{to}", "m.text", "{text}"
    )
    root = ElementTree.fromstring(built(described({"format": "xml", "body": body}), text=text).body)
    header = root.find("header")
    assert header is not None
    assert (root.tag, header.get("user"), header.text or "") == ("m", text, text)
    assert [each.text for each in root.findall("no")] == ["+994501234567"] * 2
    assert root.findtext("text") == text


def test_the_bytes_of_xml() -> None:
    body = [
        *rows("m.@v", "1", "m.to", "{to}", "m.text", "{text}"),
        {"name": "m.otp", "value": "{is_otp}", "type": "boolean"},
    ]
    request = built(described({"format": "xml", "body": body}), text="a<b", is_otp=True)
    assert request.body == (
        b'<?xml version="1.0" encoding="UTF-8"?><m v="1"><to>+994501234567</to><text>a&lt;b</text><otp>true</otp></m>'
    )
    assert request.headers == (("Content-Type", "text/xml; charset=utf-8"),)


def test_values_in_a_path_are_encoded_and_word_tables_are_not() -> None:
    words = {"end": {"from": "is_otp", "values": {"true": "/fast"}, "otherwise": "/"}}
    adapter = described({"path": "/{credential.secret}/send{words.end}", "body": TO_AND_TEXT}, words=words)
    assert built(adapter, is_otp=True).url == "https://vendor.example/p%26s%3Ds%2Fw%2Brd/send/fast"
    assert built(adapter, is_otp=False).url == "https://vendor.example/p%26s%3Ds%2Fw%2Brd/send/"


def test_the_facts_of_a_message() -> None:
    words = {
        "coding": {"from": "encoding", "values": {"GSM-7": "0", "UCS-2": "2"}},
        "flash": {"from": "is_otp", "values": {"true": "3"}, "otherwise": "1"},
    }
    named = ["reference", "parts", "valid_for", "valid_for.minutes", "valid_for.milliseconds", "now", "nonce"]
    body = [*TO_AND_TEXT, *rows("coding", "{words.coding}", "flash", "{words.flash}")]
    body += [row for name in named for row in rows(name, f"{{{name}}}")]
    call = Call(datetime(2026, 11, 28, tzinfo=UTC), "ab" * 16)
    adapter = described({"body": body}, words=words)
    request = built(adapter, call, text="x", encoding=Encoding.UCS2, is_otp=True, parts=2, valid_for=59)
    assert dict(parse_qsl(request.body.decode())) == {
        "to": "+994501234567",
        "text": "x",
        "coding": "2",
        "flash": "3",
        "reference": "0197-attempt",
        "parts": "2",
        "valid_for": "59",
        "valid_for.minutes": "1",
        "valid_for.milliseconds": "59000",
        "now": "1795824000",
        "nonce": "ab" * 16,
    }


TEMPLATE = {"vendor": {"carries": "template"}}
PARAMETERS = (("code", "1"), ("n.o", "2"), ("3", "4"))


@pytest.mark.parametrize(
    ("each", "name", "form", "expected"),
    [
        ("parameter", "p.*", "json", {"p": ["1", "2", "4"]}),
        ("parameter_name", "p.*", "json", {"p": {"code": "1", "n.o": "2", "3": "4"}}),
        ("parameter", "v.VAR*", "json", {"v": {"VAR0": "1", "VAR1": "2", "VAR2": "4"}}),
        ("parameter", "p[*]", "form", {"p[0]": "1", "p[1]": "2", "p[2]": "4"}),
        ("parameter_name", "*", "form", {"code": "1", "n.o": "2", "3": "4"}),
    ],
)
def test_a_templates_values_go_by_order_or_by_name(each: str, name: str, form: str, expected: dict[str, Any]) -> None:
    body = [*rows("to", "{to}", "id", "{template}"), {"name": name, "each": each}]
    adapter = described({"format": form, "body": body}, **TEMPLATE)
    assert adapter.names_parameters == (each == "parameter_name")
    sent = built(adapter, vendor_template="7", parameters=PARAMETERS).body.decode()
    values = json.loads(sent) if form == "json" else dict(parse_qsl(sent))
    assert values == {"to": "+994501234567", "id": "7"} | expected


CANT_BE_SENT: dict[str, tuple[dict[str, Any], dict[str, Any], type[ProviderError], str]] = {
    "a number that is none": (
        {"format": "json", "body": [{"name": "a", "value": "{text}", "type": "integer"}, *TO_AND_TEXT]},
        {"text": "12a"},
        Misconfigured,
        "field_invalid",
    ),
    "a number in Arabic digits": (
        {"format": "json", "body": [{"name": "a", "value": "{text}", "type": "integer"}, *TO_AND_TEXT]},
        {"text": "١٢"},
        Misconfigured,
        "field_invalid",
    ),
    "a line end in a header": (
        {"headers": rows("X-Text", "{text}"), "body": TO_AND_TEXT},
        {"text": "a\r\nX-Other: b"},
        Misconfigured,
        "header_invalid",
    ),
    "a letter in a header": (
        {"headers": rows("X-Text", "{text}"), "body": TO_AND_TEXT},
        {"text": "ə"},
        Misconfigured,
        "header_invalid",
    ),
    "a control character in XML": (
        {"format": "xml", "body": rows("m.to", "{to}", "m.text", "{text}")},
        {"text": "a\x00b"},
        Refused,
        "text_invalid",
    ),
    **{
        f"a single surrogate in {form}": (
            {"format": form, "body": rows("m.to", "{to}", "m.text", "{text}")},
            {"text": "a\ud800"},
            Refused,
            "text_invalid",
        )
        for form in ("form", "json", "xml")
    },
    "a single surrogate in a path": (
        {"path": "/{text}", "body": TO_AND_TEXT},
        {"text": "\ud800"},
        Refused,
        "text_invalid",
    ),
}


@pytest.mark.parametrize("case", CANT_BE_SENT)
def test_what_can_not_be_sent_is_refused_before_the_call(case: str) -> None:
    request, message, kind, code = CANT_BE_SENT[case]
    with pytest.raises(kind) as caught:
        built(described(request), **message)
    assert caught.value.code == code
    assert message["text"] not in caught.value.detail


@pytest.mark.parametrize(
    ("parameters", "code"), [((("id", "1"),), "field_twice"), ((("a", "1"), ("a", "2")), "parameter_twice")]
)
def test_two_values_in_one_place_are_refused_before_the_call(parameters: Sequence[tuple[str, str]], code: str) -> None:
    body = [*rows("to", "{to}", "p.id", "{template}"), {"name": "p.*", "each": "parameter_name"}]
    with pytest.raises(Misconfigured) as caught:
        built(described({"format": "json", "body": body}, **TEMPLATE), vendor_template="7", parameters=parameters)
    assert caught.value.code == code


def test_a_parameter_that_is_no_element_is_refused_before_the_call() -> None:
    body = [*rows("m.to", "{to}", "m.id", "{template}"), {"name": "m.*", "each": "parameter_name"}]
    with pytest.raises(Misconfigured) as caught:
        built(described({"format": "xml", "body": body}, **TEMPLATE), vendor_template="7", parameters=(("a b", "1"),))
    assert caught.value.code == "field_invalid"


def test_a_poll_asks_for_several_messages() -> None:
    poll = {"path": "/states", "format": "json", "after": [60], "at_once": 3, "state": "s", "id": "id"}
    poll |= {"body": [{"name": "ids.*", "each": "message"}, *rows("list", "{vendor_ids}")]}
    poll |= {"states": [{"word": "1", "state": "delivered"}]}
    examples = [
        {"name": "ask", "of": "poll", "request": {"method": "POST", "url": "x"}},
        {"name": "told", "of": "poll", "answer": {"status": 200}, "means": "accepted"},
    ]
    adapter = described({"body": TO_AND_TEXT}, poll=poll, examples=examples)
    request = Example(adapter, CREDENTIALS).sender().poll_request(Asked("a"), Asked("b"))
    assert json.loads(request.body) == {"ids": ["a", "b"], "list": "a,b"}
    assert (adapter.polls.at_once, adapter.strongest) == (3, "delivered")
