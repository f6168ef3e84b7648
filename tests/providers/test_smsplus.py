"""smsplus.az, by its document: what goes out, and what each answer means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.base import Accepted, Failure, HttpRequest, Misconfigured, ProviderError, Refused
from providers.testing.cases import Answer, answers, check, without_a_code
from providers.vendors.smsplus import CODES, SmsPlus

from .samples import Sample, secret_settings, sender, sms

TOKEN = "12|s3cr3tT0ken+/="
SAMPLE = Sample(
    {"token": TOKEN},
    {"sender": "AKINON", "vendor_template": "1432", "parameters": (("code", "004217"),)},
)

# The classes, written out again from the vendor's list: a slip in the adapter's table must not pass.
CLASSES = {
    Failure.ACCOUNT: ["101", "102", "103", "104", "105", "106"],
    Failure.CONFIG: ["107", "108", "109", "110", "111", "112", "113", "114", "115", "116", "117", "118", "123"],
    Failure.BALANCE: ["119"],
    Failure.CONTENT: ["120"],
    Failure.RECIPIENT: ["121"],
    Failure.AMBIGUOUS: ["122"],
}


def said(success: Any, code: Any, **more: Any) -> dict[str, Any]:
    return {"success": success, "code": code, "message": "Words.", **more}


TOOK = ('{"success": true, "code": "100", "message": "Gönderildi ', '"}')


def test_a_message_goes_out_as_the_document_says() -> None:
    body = (
        '{"sender_name": "AKINON", "message_template_id": 1432, '
        '"mobile_numbers": ["994501234567"], "first_parameters": ["004217"]}'
    )
    headers = (
        ("Content-Type", "application/json"),
        ("Accept", "application/json"),
        ("Authorization", f"Bearer {TOKEN}"),
    )
    assert sender("smsplus").request(sms("smsplus")) == HttpRequest(
        "POST", "https://vendor.example/api/sms/send", headers, body.encode()
    )


REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "no parameter": ({}, {"parameters": ()}, {}),
    "two parameters": (
        {},
        {"parameters": (("name", "Ayşə"), ("order", "007"))},
        {"first_parameters": ["Ayşə"], "second_parameters": ["007"]},
    ),
    "three parameters, by order and not by name": (
        {},
        {"parameters": (("z", "1"), ("y", "2"), ("x", "3"))},
        {"first_parameters": ["1"], "second_parameters": ["2"], "third_parameters": ["3"]},
    ),
    "the same name twice": (
        {},
        {"parameters": (("a", "1"), ("a", "2"))},
        {"first_parameters": ["1"], "second_parameters": ["2"]},
    ),
    "a plus": ({"phone_format": "e164"}, {"parameters": ()}, {"mobile_numbers": ["+994501234567"]}),
    "blanks around the template": ({}, {"parameters": (), "vendor_template": " 77 "}, {"message_template_id": 77}),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_the_body_holds_only_what_the_template_has(case: str) -> None:
    options, message, expected = REQUESTS[case]
    always = {"sender_name": "AKINON", "message_template_id": 1432, "mobile_numbers": ["994501234567"]}
    body = sender("smsplus", **options).request(sms("smsplus", **message)).body
    assert json.loads(body) == always | expected


def test_a_slash_at_the_end_of_the_address_does_not_double() -> None:
    adapter = sender("smsplus", "https://vendor.example/base/")
    assert adapter.request(sms("smsplus")).url == "https://vendor.example/base/api/sms/send"


FAULTS: dict[str, tuple[dict[str, Any], type[ProviderError], str]] = {
    "no sender name": ({"sender": ""}, Misconfigured, "sender_missing"),
    "no template": ({"vendor_template": None}, Misconfigured, "template_invalid"),
    "a template that is no number": ({"vendor_template": "OTP_01"}, Misconfigured, "template_invalid"),
    "a template in Arabic digits": ({"vendor_template": "١٤٣٢"}, Misconfigured, "template_invalid"),
    "template 0": ({"vendor_template": "0"}, Misconfigured, "template_invalid"),
    "four parameters": ({"parameters": tuple((str(n), "x") for n in range(4))}, Misconfigured, "too_many_parameters"),
    "161 characters": ({"text": "x" * 161}, Refused, "text_too_long"),
    "a number without plus": ({"to": "994501234567"}, Refused, "phone_format"),
    "a number with blanks": ({"to": "+994 50 123 45 67"}, Refused, "phone_format"),
    "a number in Arabic digits": ({"to": "+٩٩٤٥٠١٢٣٤٥٦٧"}, Refused, "phone_format"),
    "a number and a new line": ({"to": "+994501234567\n"}, Refused, "phone_format"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_the_vendor_cannot_take_is_refused_before_the_wire(case: str) -> None:
    changes, kind, code = FAULTS[case]
    with pytest.raises(kind) as caught:
        sender("smsplus").request(sms("smsplus", **changes))
    assert caught.value.code == code


def test_160_characters_still_go_out() -> None:
    assert sender("smsplus").request(sms("smsplus", text="ə" * 160)).body


@answers(
    Answer("the document's own", 200, said(True, "100"), Accepted(code="100")),
    Answer("the code as a number", 200, said(True, 100), Accepted(code="100")),
    Answer("201", 201, said(True, "100"), Accepted(code="100")),
    Answer("more than is written", 200, said(True, "100", id="x"), Accepted(code="100")),
    Answer("the code as a float with blanks", 200, b'{"success": true, "code" :  100.0 }\r\n\0', Accepted(code="100")),
    Answer("a letter in a code page", 200, "ş".join(TOOK).encode("cp1254"), Accepted(code="100")),
    Answer("a byte order mark", 200, b'\xef\xbb\xbf{"success":true,"code":"100"}', Accepted(code="100")),
)
def test_the_vendor_took_the_message(case: Answer) -> None:
    check(sender("smsplus").outcome, case)


@answers(
    *(
        Answer(f"{code} at {status}, {type(shown).__name__}", status, said(False, shown), failure, code)
        for failure, codes in CLASSES.items()
        for code in codes
        for status in (200, 400, 401, 422, 500)
        for shown in (code, int(code))
    ),
    Answer("a code without success", 402, {"code": "119"}, Failure.BALANCE, "119"),
    Answer(
        "an empty balance in a code page",
        402,
        '{"success": false, "code": "119", "message": "Bakiye yetersiz, lütfen yükleyin ş"}'.encode("cp1254"),
        Failure.BALANCE,
        "119",
    ),
)
def test_each_code_of_the_document_has_its_class_at_any_status(case: Answer) -> None:
    check(sender("smsplus").outcome, case)


def test_the_table_holds_the_documents_codes_and_no_other() -> None:
    assert sorted(CODES) == sorted(code for codes in CLASSES.values() for code in codes)


@answers(
    *(
        Answer(label, status, body, Failure.AMBIGUOUS, code)
        for label, status, body, code in [
            ("success with the code of an error", 200, said(True, "119"), "119"),
            ("failure with the code of success", 200, said(False, "100"), "100"),
            ("success at 400", 400, said(True, "100"), "100"),
            ("success at 500", 500, said(True, "100"), "100"),
            ("success at 302", 302, said(True, "100"), "100"),
            ("success as a word", 200, said("true", "100"), "100"),
            ("success as 1", 200, said(1, "100"), "100"),
            ("success as null", 200, said(None, "100"), "100"),
            ("success with an unknown code", 200, said(True, "200"), "200"),
            ("success without a code", 200, {"success": True}, "http-200"),
            ("failure without a code", 200, {"success": False}, "http-200"),
            ("a code that is true", 200, said(True, True), "http-200"),
            ("a code in a list", 200, said(True, ["100"]), "http-200"),
            ("an unknown code without success", 404, {"code": 404, "message": "Not found"}, "404"),
            ("a code that comes twice", 200, b'{"success": true, "code": "100", "code": "119"}', "two_values"),
            ("an answer in a list", 200, [said(True, "100")], "http-200"),
        ]
    )
)
def test_a_contradictory_or_undocumented_answer_is_ambiguous(case: Answer) -> None:
    check(sender("smsplus").outcome, case)


@answers(
    Answer("at 200", 200, said(False, "199"), Failure.CONFIG, "199", words="Words."),
    Answer("at 500", 500, said(False, "199"), Failure.CONFIG, "199"),
    Answer("a word", 400, said(False, "E_X"), Failure.CONFIG, "E_X"),
)
def test_an_unknown_code_beside_the_mark_of_failure_is_a_fault_of_the_settings(case: Answer) -> None:
    check(sender("smsplus").outcome, case)


@answers(
    Answer("no token, in JSON", 401, {"message": "Unauthenticated."}, Failure.ACCOUNT, "http-401"),
    Answer("no token, sent to a login page", 302, b"", Failure.ACCOUNT, "http-302", {"location": "/login"}),
    Answer("a validation error of the framework", 422, {"message": "x", "errors": {}}, Failure.CONTENT, "http-422"),
    Answer("an unknown code at 401", 401, {"code": 401, "message": "JWT not found"}, Failure.ACCOUNT, "401"),
    Answer("an unknown code at 403", 403, said(False, "E_IP"), Failure.ACCOUNT, "E_IP"),
    *without_a_code(),
)
def test_an_answer_without_a_code_is_read_by_its_status(case: Answer) -> None:
    check(sender("smsplus").outcome, case)


def test_the_vendors_words_show_no_number_and_no_code() -> None:
    body = said(False, "199", message="Code 004217 for 994501234567 \x00\u202e refused")
    with pytest.raises(Misconfigured) as caught:
        sender("smsplus").outcome(Answer("", 200, body, None).response())
    assert "Code #### for #### " in caught.value.detail
    assert caught.value.detail.isprintable()


def test_the_facts_are_the_documents() -> None:
    facts = (
        SmsPlus.max_parameters,
        SmsPlus.max_length,
        SmsPlus.sender_rule.is_required,
        SmsPlus.strongest,
        SmsPlus.reports,
    )
    assert facts == (3, 160, True, "submitted", frozenset())


def test_the_settings_are_the_promised_ones() -> None:
    assert SmsPlus.options_with_defaults({}) == {"phone_format": "digits"}
    assert secret_settings(SmsPlus) == {"token": True}
