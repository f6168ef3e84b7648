"""Kannel's sendsms interface: what goes out, and what each answer and report means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from providers.base import (
    Accepted,
    Callback,
    Encoding,
    Failure,
    MessageState,
    Misconfigured,
    ProviderError,
    Refused,
    Report,
)
from providers.testing import GoodCallback
from providers.testing.cases import Answer, answers, check, without_a_code
from providers.vendors.kannel import CODES, Kannel

from .samples import Sample, secret_settings, sender, sms

CALLBACK = "https://sms.example/webhooks/kannel/k3y"
SAMPLE = Sample(
    {"username": "sms-desk", "password": "made-up+pass/word="},
    {"callback_url": CALLBACK},
    callback=GoodCallback(
        Callback("GET", datetime(2026, 11, 28, tzinfo=UTC), query=b"ref=0197-attempt&state=1&id=&said="), "1"
    ),
)


def fields_of(options: dict[str, Any] | None = None, **message: Any) -> dict[str, str]:
    url = urlsplit(sender("kannel", **(options or {})).request(sms("kannel", **message)).url)
    fields = parse_qs(url.query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: value for name, [value] in fields.items()}


def test_a_message_goes_out_as_measured() -> None:
    request = sender("kannel", "http://smsbox:13013/").request(sms("kannel", sender="AKINON"))
    assert (request.method, request.body, request.headers) == ("GET", b"", ())
    assert request.url.startswith("http://smsbox:13013/cgi-bin/sendsms?username=sms-desk&password=made-up%2Bpass%2F")
    assert fields_of(sender="AKINON") == {
        "username": "sms-desk",
        "password": "made-up+pass/word=",
        "to": "994501234567",
        "from": "AKINON",
        "text": "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin.",
        "charset": "UTF-8",
        "coding": "2",
        "priority": "0",
        "validity": "1440",
        "dlr-mask": "31",
        "dlr-url": f"{CALLBACK}?ref=0197-attempt&state=%d&id=%F&said=%A",
    }


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str | None]]] = {
    "GSM-7": ({}, {"encoding": Encoding.GSM7}, {"coding": "0", "charset": "UTF-8"}),
    "UCS-2": ({}, {"encoding": Encoding.UCS2}, {"coding": "2", "charset": "UTF-8"}),
    "an OTP": ({}, {"is_otp": True}, {"priority": "3"}),
    "90 seconds are one whole minute": ({}, {"valid_for": 90}, {"validity": "1"}),
    "119 seconds are one whole minute": ({}, {"valid_for": 119}, {"validity": "1"}),
    "1 second is one minute, because Kannel refuses 0": ({}, {"valid_for": 1}, {"validity": "1"}),
    "no sender": ({}, {"sender": ""}, {"from": None}),
    "a connection": ({"smsc": "operator-1"}, {}, {"smsc": "operator-1"}),
    "any connection, as declared": ({"smsc": "any"}, {}, {"smsc": None}),
    "any connection": ({}, {}, {"smsc": None}),
    "no callback": ({}, {"callback_url": None}, {"dlr-mask": None, "dlr-url": None}),
    "a callback with a query": (
        {},
        {"callback_url": f"{CALLBACK}?a=1"},
        {"dlr-url": f"{CALLBACK}?a=1&ref=0197-attempt&state=%d&id=%F&said=%A"},
    ),
    "signs of the query's own, and a plus": ({}, {"text": "50% & 1+1=2?\n#%d"}, {"text": "50% & 1+1=2?\n#%d"}),
    "an emoji": ({}, {"text": "\U0001f600"}, {"text": "\U0001f600"}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_each_fact_of_the_message_has_its_field(case: str) -> None:
    options, message, expected = CHANGES[case]
    fields = fields_of(options, **message)
    assert {name: fields.get(name) for name in expected} == expected


def test_a_text_that_kannel_would_cut_is_refused_before_the_call() -> None:
    assert fields_of(parts=10)
    with pytest.raises(Refused) as caught:
        fields_of(parts=11)
    assert (caught.value.failure, caught.value.code) == (Failure.CONTENT, "text_too_long")


@pytest.mark.parametrize(("name", "fits"), [("x" * 11, True), ("x" * 12, False), ("9" * 15, True), ("9" * 16, False)])
def test_a_sender_name_has_the_length_that_smpp_carries(name: str, fits: bool) -> None:
    if fits:
        assert fields_of(sender=name)["from"] == name
        return
    with pytest.raises(Misconfigured):
        fields_of(sender=name)


@answers(
    Answer("accepted", 202, b"0: Accepted for delivery", Accepted(code="0")),
    Answer("queued", 202, b"3: Queued for later delivery", Accepted(code="3")),
    Answer("with a line end", 202, b"0: Accepted for delivery\r\n", Accepted(code="0")),
)
def test_both_words_for_stored_are_accepted_without_an_id(case: Answer) -> None:
    check(sender("kannel").outcome, case)


DENIED = b"Number(s) has/have been denied by white- and/or black-lists."


@answers(
    Answer("the account", 403, b"Authorization failed for sendsms", Failure.ACCOUNT, "authorization"),
    Answer("no sender", 400, b"Sender missing and no global set, rejected", Failure.CONFIG, "sender_missing"),
    Answer("a list", 400, DENIED, Failure.RECIPIENT, "denied"),
    Answer("no route", 403, b"Not routable. Do not try again.", Failure.CONFIG, "not_routable"),
    Answer("no receiver", 400, b"Missing receiver number, rejected", Failure.CONFIG, "receiver_missing"),
    Answer("no receivers", 400, b"Missing receiver(s) number(s), rejected", Failure.CONFIG, "receiver_missing"),
    Answer("a field", 400, b"Validity field misformed, rejected", Failure.CONTENT, "http-400"),
    Answer("no such page", 404, b"Unknown request.", Failure.CONFIG, "http-404"),
    Answer("busy", 503, b"Temporal failure, try again later.", Failure.AMBIGUOUS, "http-503"),
    Answer("another word at 202", 202, b"1: Something else", Failure.AMBIGUOUS, "http-202"),
    Answer("half a word at 202", 202, b"0: Accepted for", Failure.AMBIGUOUS, "http-202"),
    Answer("a longer word at 202", 202, b"0: Accepted for delivery, almost", Failure.AMBIGUOUS, "http-202"),
    Answer("accepted at 200", 200, b"0: Accepted for delivery", Failure.AMBIGUOUS, "http-200"),
    Answer("accepted at 503", 503, b"0: Accepted for delivery", Failure.AMBIGUOUS, "http-503"),
    Answer("a refusal at 202", 202, DENIED, Failure.AMBIGUOUS, "http-202"),
    Answer("a refusal at 503", 503, DENIED, Failure.AMBIGUOUS, "http-503"),
    Answer("nothing at 202", 202, b"", Failure.AMBIGUOUS, "http-202"),
    *without_a_code(),
)
def test_each_answer_has_its_class(case: Answer) -> None:
    check(sender("kannel").outcome, case)


SMSC_SAID = "id:7 sub:001 dlvrd:001 submit date:2611281200 done date:2611281201 stat:{} err:000 Text:Sizin kod 0042"
SAID = SMSC_SAID.removesuffix(" Text:Sizin kod 0042")
REPORTS: dict[str, tuple[dict[str, str], Report]] = {
    "the SMSC took it": ({"state": "8", "id": "7", "said": "ACK/"}, Report(MessageState.SENT, code="8", detail="ACK/")),
    "delivered": (
        {"state": "1", "id": "7", "said": SMSC_SAID.format("DELIVRD")},
        Report(MessageState.DELIVERED, code="DELIVRD", detail=SAID.format("DELIVRD")),
    ),
    **{
        f"not delivered: {word}": (
            {"state": "2", "id": "7", "said": SMSC_SAID.format(word)},
            Report(state, code=word, detail=SAID.format(word)),
        )
        for word, state in (
            ("UNDELIV", MessageState.UNDELIVERED),
            ("EXPIRED", MessageState.EXPIRED),
            ("expired", MessageState.EXPIRED),
            ("REJECTD", MessageState.REJECTED),
            ("OTHER", MessageState.UNDELIVERED),
        )
    },
    "delivered, with a word that contradicts it": (
        {"state": "1", "said": "stat:EXPIRED"},
        Report(MessageState.DELIVERED, code="EXPIRED", detail="stat:EXPIRED"),
    ),
    "on its way": (
        {"state": "4", "id": "7", "said": SMSC_SAID.format("ENROUTE")},
        Report(MessageState.SENT, code="ENROUTE", detail=SAID.format("ENROUTE")),
    ),
    "the SMSC refused it": (
        {"state": "16", "id": "", "said": "NACK/0x0000000b/Invalid Destination Address"},
        Report(
            MessageState.UNDELIVERED,
            code="0x0000000b",
            detail="NACK/0x0000000b/Invalid Destination Address",
            left=False,
        ),
    ),
    "tried too often": (
        {"state": "16", "id": "", "said": "NACK/Retries Exceeded"},
        Report(MessageState.UNDELIVERED, code="16", detail="NACK/Retries Exceeded"),
    ),
    "tried too often, in other words": (
        {"state": "16", "said": "Retries Exceeded"},
        Report(MessageState.UNDELIVERED, code="16", detail="Retries Exceeded"),
    ),
    "refused without a word": ({"state": "16"}, Report(MessageState.UNDELIVERED, code="16")),
    "an error that only stands in the quoted text": (
        {"state": "16", "said": "text:NACK/0x0000000b/"},
        Report(MessageState.UNDELIVERED, code="16"),
    ),
    "an error behind other words": (
        {"state": "16", "said": "Retries Exceeded after NACK/0x00000058/"},
        Report(MessageState.UNDELIVERED, code="16", detail="Retries Exceeded after NACK/0x00000058/"),
    ),
    "an error in another state": (
        {"state": "2", "said": "NACK/0x0000000b/x"},
        Report(MessageState.UNDELIVERED, code="2", detail="NACK/0x0000000b/x"),
    ),
    "an unknown state": ({"state": "64", "said": "x"}, Report(MessageState.UNKNOWN, code="64", detail="x")),
}


@pytest.mark.parametrize("case", REPORTS)
def test_each_report_has_its_state(case: str) -> None:
    values, expected = REPORTS[case]
    [report] = sender("kannel").read_reports({"ref": "0197-attempt", **values})
    known = {"reference": "0197-attempt", "vendor_id": values.get("id", "")}
    assert report == Report(expected.state, **known, code=expected.code, detail=expected.detail, left=expected.left)


@pytest.mark.parametrize("quoted", ["text:004217", "Text:004217 x", "TEXT: 004217", "text:a\ntext:004217", "text:"])
def test_the_beginning_of_the_text_is_cut_from_the_smscs_words(quoted: str) -> None:
    values = {"ref": "1", "state": "1", "id": "7", "said": f"stat:DELIVRD err:000 {quoted}"}
    [report] = sender("kannel").read_reports(values)
    assert report.detail == "stat:DELIVRD err:000"


@pytest.mark.parametrize("values", [{}, {"ref": "1"}, {"state": "1"}, {"ref": "", "state": "8"}, {"ref": ["1"]}])
def test_fields_that_are_no_report_give_none(values: dict[str, Any]) -> None:
    assert sender("kannel").read_reports(values) == []


def test_the_connection_test_sends_nothing_and_checks_the_account() -> None:
    request = sender("kannel").test_request()
    assert set(parse_qs(urlsplit(request.url).query)) == {"username", "password"}


@answers(
    Answer(
        "the account is known",
        400,
        b"Missing receiver number, rejected",
        "Kannel accepts the user name and the password.",
    ),
    Answer("another account", 403, b"Authorization failed for sendsms", Failure.ACCOUNT, "authorization"),
    Answer("another service", 404, b"Unknown request.", Failure.CONFIG, "http-404"),
    Answer("another answer", 202, b"0: Accepted for delivery", Failure.AMBIGUOUS, "http-202"),
)
def test_the_answer_to_the_connection_test(case: Answer) -> None:
    check(sender("kannel").test_outcome, case)


def test_no_password_stands_in_an_error() -> None:
    with pytest.raises(ProviderError) as caught:
        sender("kannel").outcome(Answer("", 400, b"made-up+pass/word= Sender missing", None).response())
    assert "pass" not in caught.value.detail


def test_the_facts_are_the_measured_ones() -> None:
    assert (Kannel.max_parts, Kannel.strongest, Kannel.repeats_are_safe) == (10, "delivered", False)
    assert {code: failure for code, (failure, _) in CODES.items()} == {
        "authorization": Failure.ACCOUNT,
        "sender_missing": Failure.CONFIG,
        "denied": Failure.RECIPIENT,
        "not_routable": Failure.CONFIG,
        "receiver_missing": Failure.CONFIG,
    }
    assert secret_settings(Kannel) == {"username": False, "password": True}
