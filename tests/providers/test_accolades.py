"""Accolades, by its documents: what goes out, what each answer means, and its callback."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from providers.base import Accepted, Callback, Failure, HttpRequest, MessageState, Refused, Report, ReportChannel
from providers.testing import GoodCallback
from providers.testing.cases import Answer, answers, check, without_a_code
from providers.vendors.accolades import CODES, Accolades

from .samples import Sample, secret_settings, sender, sms

SAMPLE = Sample(
    {"account_number": "4711", "password": "pass word&+ü"},
    {"callback_url": "https://desk.example/webhooks/accolades/k3y"},
    callback=GoodCallback(
        Callback("POST", datetime(2026, 11, 28, tzinfo=UTC), body=b"type=deliveryReport&id=0197-attempt&status=sent"),
        "sent",
    ),
)

CLASSES = {
    "400": Failure.CONTENT,
    "401": Failure.ACCOUNT,
    "403": Failure.ACCOUNT,
    "403.6": Failure.ACCOUNT,
    "404": Failure.ACCOUNT,
    "413": Failure.CONTENT,
    "500": Failure.AMBIGUOUS,
}


def error(code: Any, message: str = "Words.") -> dict[str, Any]:
    return {"type": "Error", "message": message, "code": code}


def form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))


def test_a_message_goes_out_as_the_document_says() -> None:
    body = (
        "password=pass+word%26%2B%C3%BC&phoneNumber=%2B994501234567"
        "&message=Sizin+t%C9%99sdiq+kodunuz%3A+004217.+He%C3%A7+kim%C9%99+verm%C9%99yin."
        "&sendResultTo=https%3A%2F%2Fdesk.example%2Fwebhooks%2Faccolades%2Fk3y&messageId=0197-attempt"
    )
    assert sender("accolades").request(sms("accolades")) == HttpRequest(
        "POST",
        "https://vendor.example/4711/sms/send",
        (("Content-Type", "application/x-www-form-urlencoded"),),
        body.encode("ascii"),
    )


@pytest.mark.parametrize("text", ["Salut\nVezi https://shop.example/new", "a&b=c+d%20 e", "😀\tə", "=", " x "])
def test_every_text_arrives_as_it_was(text: str) -> None:
    assert form(sender("accolades").request(sms("accolades", text=text)).body)["message"] == text


def test_without_an_address_for_reports_none_is_named() -> None:
    fields = form(sender("accolades").request(sms("accolades", callback_url=None)).body)
    assert sorted(fields) == ["message", "messageId", "password", "phoneNumber"]


@pytest.mark.parametrize(
    ("name", "to", "written"),
    [
        ("e164", "+40721234567", "+40721234567"),
        ("digits", "+40721234567", "40721234567"),
        ("00", "+40721234567", "0040721234567"),
        ("national", "+40721234567", "0721234567"),
        ("national", "+994501234567", "0501234567"),
        ("national", "+4915112345678", "015112345678"),
        ("national", "+34612345678", "612345678"),
    ],
)
def test_the_number_is_written_as_the_option_says(name: str, to: str, written: str) -> None:
    body = sender("accolades", phone_format=name).request(sms("accolades", to=to)).body
    assert form(body)["phoneNumber"] == written


@pytest.mark.parametrize("to", ["0721234567", "+0721234567", "+40 721 234 567", "+12345", "+1234567890123456", ""])
@pytest.mark.parametrize("name", ["e164", "digits", "00", "national"])
def test_what_is_no_e164_number_is_refused_before_the_wire(name: str, to: str) -> None:
    with pytest.raises(Refused) as caught:
        sender("accolades", phone_format=name).request(sms("accolades", to=to))
    assert (caught.value.failure, caught.value.code) == (Failure.RECIPIENT, "phone_format")


def test_an_unknown_country_has_no_national_form() -> None:
    with pytest.raises(Refused) as caught:
        sender("accolades", phone_format="national").request(sms("accolades", to="+999123456789"))
    assert caught.value.code == "phone_format"


def test_the_slash_at_the_end_is_an_option() -> None:
    adapter = sender("accolades", trailing_slash=True)
    assert adapter.request(sms("accolades")).url == "https://vendor.example/4711/sms/send/"


@answers(
    Answer("the document's own", 200, {"type": "ok"}, Accepted(code="ok")),
    Answer("spelled otherwise, with more", 200, {"type": "OK", "id": 1}, Accepted(code="ok")),
)
def test_the_vendor_took_the_message(case: Answer) -> None:
    check(sender("accolades").outcome, case)


@answers(
    *(
        Answer(f"{code} at {status}, {type(shown).__name__}", status, error(shown), failure, code, words="Words.")
        for code, failure in CLASSES.items()
        for status in (200, int(code[:3]))
        for shown in (code, float(code) if "." in code else int(code))
    ),
    *(
        Answer(f"no code at {code}", int(code), {"type": "Error", "message": "x"}, failure, code)
        for code, failure in CLASSES.items()
        if "." not in code
    ),
    Answer("a further part behind the dot", 401, error("401.2"), Failure.ACCOUNT, "401.2"),
    Answer("another blocked form", 403, error("403.9"), Failure.ACCOUNT, "403.9"),
)
def test_each_code_of_the_document_has_its_class(case: Answer) -> None:
    check(sender("accolades").outcome, case)


def test_the_table_holds_the_documents_codes_and_no_other() -> None:
    assert {code: failure for code, (failure, _) in CODES.items()} == CLASSES


@answers(
    Answer("at 400", 400, error("499"), Failure.CONFIG, "499", words="Words."),
    Answer("a word", 200, error("E_X"), Failure.CONFIG, "E_X"),
    Answer("without a code", 409, {"type": "Error"}, Failure.CONFIG, "409"),
    Answer("502 is as open as 500", 502, error("502"), Failure.AMBIGUOUS, "502"),
    Answer("a word at 503", 503, error("E_X"), Failure.AMBIGUOUS, "E_X"),
    Answer("503 at 200", 200, error("503.2"), Failure.AMBIGUOUS, "503.2"),
)
def test_an_unknown_code_beside_the_mark_of_failure_is_a_fault_of_the_settings_unless_the_server_failed(
    case: Answer,
) -> None:
    check(sender("accolades").outcome, case)


@answers(
    Answer("ok with an error's code", 200, {"type": "ok", "code": "401"}, Failure.AMBIGUOUS, "401"),
    Answer("ok at 500", 500, {"type": "ok"}, Failure.AMBIGUOUS, "http-500"),
    Answer("ok at 400", 400, {"type": "ok"}, Failure.AMBIGUOUS, "http-400"),
    Answer("ok at 202", 202, {"type": "ok"}, Failure.AMBIGUOUS, "http-202"),
    Answer("ok at 302", 302, {"type": "ok"}, Failure.AMBIGUOUS, "http-302"),
    Answer("another type", 200, {"type": "pong"}, Failure.AMBIGUOUS, "http-200"),
    Answer("a type that is true", 200, {"type": True}, Failure.AMBIGUOUS, "http-200"),
    Answer("a type in a list", 200, {"type": ["ok"]}, Failure.AMBIGUOUS, "http-200"),
    Answer("an unknown code without a type", 400, {"code": "E_X"}, Failure.AMBIGUOUS, "E_X"),
)
def test_a_contradictory_or_undocumented_answer_is_ambiguous(case: Answer) -> None:
    check(sender("accolades").outcome, case)


# A bare 404 is the account's: the account number is in the path, and calling on would get us blocked.
@answers(*without_a_code({404: Failure.ACCOUNT}))
def test_an_answer_without_a_code_is_read_by_its_status(case: Answer) -> None:
    check(sender("accolades").outcome, case)


REPORT = {"apiName": "sms", "type": "deliveryReport", "status": "sent", "id": "0197-attempt"}


@pytest.mark.parametrize(
    ("fields", "reports"),
    [
        (REPORT, [Report(MessageState.SENT, "0197-attempt", code="sent")]),
        (
            REPORT | {"status": "error", "errorMessage": "No route\x00 to carrier"},
            [Report(MessageState.UNDELIVERED, "0197-attempt", code="error", detail="No route  to carrier", left=False)],
        ),
        (REPORT | {"status": "error"}, [Report(MessageState.UNDELIVERED, "0197-attempt", code="error", left=False)]),
        (REPORT | {"id": 17}, [Report(MessageState.SENT, "17", code="sent")]),
        (REPORT | {"status": "pending"}, [Report(MessageState.UNKNOWN, "0197-attempt", code="pending")]),
        ({"status": "sent"}, [Report(MessageState.SENT, code="sent")]),
        ({"status": "sent", "further": {"a": 1}}, [Report(MessageState.SENT, code="sent")]),
        (REPORT | {"type": "incoming"}, []),
        (REPORT | {"status": ""}, []),
        (REPORT | {"status": None}, []),
        (REPORT | {"status": ["sent"]}, []),
        ({}, []),
    ],
)
def test_a_callback_is_read_and_sent_is_never_delivered(fields: dict[str, Any], reports: list[Report]) -> None:
    assert sender("accolades").read_reports(fields) == reports


def test_the_connection_test_is_a_ping_with_the_password() -> None:
    assert sender("accolades", trailing_slash=False).test_request() == HttpRequest(
        "POST",
        "https://vendor.example/4711/ping/",
        (("Content-Type", "application/x-www-form-urlencoded"),),
        b"password=pass+word%26%2B%C3%BC",
    )


@answers(
    Answer("pong", 200, {"type": "pong"}, "Accolades accepts the account and the password."),
    Answer("a wrong password", 401, error("401"), Failure.ACCOUNT, "401"),
    Answer("a wrong account", 404, b"<html>", Failure.ACCOUNT, "404"),
    Answer("blocked", 403, error("403.6"), Failure.ACCOUNT, "403.6"),
    Answer("ok is no pong", 200, {"type": "ok"}, Failure.AMBIGUOUS, "http-200"),
    Answer("pong at 500", 500, {"type": "pong"}, Failure.AMBIGUOUS, "http-500"),
)
def test_only_a_pong_passes_the_connection_test(case: Answer) -> None:
    check(sender("accolades").test_outcome, case)


def test_the_facts_are_the_documents() -> None:
    assert Accolades.blocks_callers
    assert Accolades.can_test
    assert not Accolades.sender_rule.takes_name
    assert (Accolades.strongest, Accolades.reports) == ("sent", frozenset({ReportChannel.CALLBACK_PER_ATTEMPT}))


def test_the_settings_are_the_promised_ones() -> None:
    assert Accolades.options_with_defaults({}) == {"phone_format": "e164", "trailing_slash": False}
    assert secret_settings(Accolades) == {"account_number": False, "password": True}
