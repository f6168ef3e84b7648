"""What answers and reports mean: each source, lists, parts, amounts, contradictions, and what is not listed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from providers.base import Accepted, Callback, Failure, HttpResponse, MessageState, Money, Report, Sender
from providers.described.trees import MAX_FOUND, decode, records_at, values_at
from providers.testing import Example
from providers.testing.cases import Answer, answers, check

from .test_calls import CREDENTIALS, TO_AND_TEXT, described

CODES = [
    {"code": "7", "class": "recipient", "text": "No such number."},
    {"code": "7.*", "class": "content", "text": "The text."},
    {"code": "7.5*", "class": "balance", "text": "No credit."},
    {"code": "7.55", "class": "account", "text": "No account."},
    {"code": "8", "class": "repeated", "text": "Sent before."},
    {"code": "9", "class": "transient", "text": "Too many calls."},
]


def answering(**answer: Any) -> Sender:
    """A sender of a vendor with such answers."""
    given = {"accepted_when": [{"path": "ok", "is": True}], "code": "code", "id": "id", "codes": CODES} | answer
    adapter = described({"body": TO_AND_TEXT}, answer=given)
    return Example(adapter, CREDENTIALS).sender()


JSON = answering(words="said", refused_when=[{"path": "ok", "is": False}])


@answers(
    Answer("all holds", 200, {"ok": True, "id": 5}, Accepted("5", "200")),
    Answer("with a code that is not listed", 201, {"ok": True, "code": "0"}, Accepted("", "0")),
    Answer("at another status than 2xx", 302, {"ok": True, "id": 5}, Failure.AMBIGUOUS, "http-302"),
    Answer("with the code of a failure", 200, {"ok": True, "code": 7}, Failure.AMBIGUOUS, "7"),
    Answer("and said to be sent before", 200, {"ok": True, "code": 8}, Failure.AMBIGUOUS, "8"),
    Answer("sent before", 409, {"ok": False, "code": 8}, Accepted(code="8", detail="Sent before.", repeated=True)),
    Answer("the code itself", 200, {"code": "7"}, Failure.RECIPIENT, "7", words="No such number."),
    Answer("a beginning", 200, {"code": "7.1"}, Failure.CONTENT, "7.1"),
    Answer("a longer beginning", 200, {"code": "7.51"}, Failure.BALANCE, "7.51"),
    Answer("a beginning, and listed itself", 200, {"code": 7.55}, Failure.ACCOUNT, "7.55"),
    Answer("not listed", 400, {"code": "70"}, Failure.AMBIGUOUS, "70"),
    Answer("not listed, in a refusal", 200, {"ok": False, "code": "70", "said": "No 12345"}, Failure.CONFIG, "70"),
    Answer("not listed, at 401", 401, {"code": "70"}, Failure.ACCOUNT, "70"),
    Answer("a refusal without a code", 200, {"ok": False}, Failure.AMBIGUOUS, "http-200"),
    Answer("a code in a list", 200, {"code": ["7"]}, Failure.AMBIGUOUS, "http-200"),
    Answer("true as a word", 200, {"ok": "true"}, Failure.AMBIGUOUS, "http-200"),
    Answer("true as 1", 200, {"ok": 1}, Failure.AMBIGUOUS, "http-200"),
    Answer("two values", 200, b'{"ok": true, "ok": false}', Failure.AMBIGUOUS, "two_values"),
    Answer("two values inside", 200, b'{"ok": true, "a": [{"b": 1, "b": 2}]}', Failure.AMBIGUOUS, "two_values"),
    Answer("one value twice", 200, b'{"ok": true, "ok": true}', Accepted("", "200")),
    Answer("in another charset", 200, '{"ok": true, "id": "ə"}'.encode("utf-16"), Accepted("ə", "200")),
)
def test_an_answer_in_json(case: Answer) -> None:
    check(JSON.outcome, case)


def test_the_vendors_words_show_no_run_of_digits_and_no_secret() -> None:
    said = f"No 12345 for {CREDENTIALS['secret']}"
    with pytest.raises(Exception, match=r"The vendor says: No #### for \[hidden\]$"):
        JSON.outcome(HttpResponse(200, {}, json.dumps({"ok": False, "code": "70", "said": said}).encode()))


@answers(
    Answer("a text", 200, b"<r><ok>true</ok><id> 5 </id></r>", Failure.AMBIGUOUS, "http-200"),
    Answer("the expected word", 200, b"<r><ok>Yes</ok><id> 5 </id></r>", Accepted("5", "yes")),
    Answer("with a declaration and a namespace", 200, b'<?xml version="1.0"?><r xmlns="a"><ok>yes</ok></r>',
           Accepted("", "yes")),
    Answer("an attribute", 200, b'<r><error code="7">x</error></r>', Failure.RECIPIENT, "7"),
    Answer("an entity", 200, b'<!DOCTYPE r [<!ENTITY y "yes">]><r><ok>&y;</ok></r>', Failure.AMBIGUOUS, "http-200"),
    Answer("half", 200, b"<r><ok>yes</ok>", Failure.AMBIGUOUS, "http-200"),
)  # fmt: skip
def test_an_answer_in_xml(case: Answer) -> None:
    ok = [{"path": "r.ok", "in": ["yes"]}]
    check(answering(source="xml", accepted_when=ok, code="r.error.@code", id="r.id").outcome, case)


@answers(
    Answer("accepted", 200, b"0: Accepted for delivery: m-1\n", Accepted("m-1", "0")),
    Answer("a code", 403, b"7 : No", Failure.RECIPIENT, "7"),
    Answer("a word", 200, b"Hello", Failure.AMBIGUOUS, "Hello"),
    Answer("nothing", 200, b"", Failure.AMBIGUOUS, "http-200"),
)
def test_an_answer_in_fields(case: Answer) -> None:
    ok = [{"path": "0", "in": ["0"]}]
    check(answering(source="text", split=":", accepted_when=ok, code="0", id="2").outcome, case)


@answers(
    Answer("accepted", 204, b"", Accepted("", "204")),
    Answer("accepted, whatever it says", 200, b"<html>", Accepted("", "200")),
    Answer("refused", 410, b"", Failure.RECIPIENT, "410"),
    Answer("another status", 418, b"", Failure.CONTENT, "http-418"),
    Answer("a fault of the server", 500, b"", Failure.AMBIGUOUS, "http-500"),
)
def test_an_answer_by_its_status(case: Answer) -> None:
    codes = [{"code": "410", "class": "recipient", "text": "Gone."}]
    check(
        answering(source="status", accepted_when=[{"status": ["2xx"]}], status_is_code=[410], codes=codes).outcome, case
    )


PARTS = {
    "messages": [{"status": "0", "message-id": "a"}, {"status": "0", "message-id": "b", "remaining-balance": "1.5"}]
}


@answers(
    Answer("each part", 200, PARTS, Accepted("a", "0", part_ids=("a", "b"), balance=Money(Decimal("1.5"), "EUR"))),
    Answer("one part of two", 200, {"messages": [{"status": "0"}, {"status": "7"}]}, Failure.AMBIGUOUS, "0"),
    Answer("no part", 200, {"messages": [{"status": "7"}, {"status": "7"}]}, Failure.RECIPIENT, "7"),
    Answer("no list", 200, {"messages": []}, Failure.AMBIGUOUS, "http-200"),
)
def test_each_part_has_its_own_id_and_status(case: Answer) -> None:
    ok = [{"path": "messages.*.status", "in": ["0"]}]
    balance = {"amount": "messages.1.remaining-balance", "currency_is": "EUR"}
    sender = answering(accepted_when=ok, code="messages.0.status", id="messages.*.message-id", balance=balance)
    check(sender.outcome, case)


# --- reports ----------------------------------------------------------------------------------------

STATES = [
    {"word": "1", "state": "delivered"},
    {"word": "2", "state": "undelivered", "left": False, "class": "recipient"},
    {"word": "9", "state": "unknown", "final": True},
]
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def reporting(**receipts: Any) -> Sender:
    given = {"address": "registered", "state": "status", "id": "id", "states": STATES} | receipts
    examples = [{"name": "told", "receipt": {}, "reports": [{"state": "sent"}]}]
    adapter = described({"body": TO_AND_TEXT}, receipts=given, examples=examples)
    return Example(adapter, CREDENTIALS).sender()


def read(sender: Sender, body: bytes = b"", query: bytes = b"", **headers: str) -> list[Report] | None:
    return sender.read(Callback("POST", NOW, query, headers, body))


FULL = {
    "reference": "ref", "to": "to", "code": "err", "detail": "text", "at": "when",
    "price": {"amount": "cost", "currency": "unit"},
}  # fmt: skip
LATE = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("form", "when", "at"),
    [
        ("unix", 1795824000, NOW),
        ("unix", "1795824000", NOW),
        ("unix_milliseconds", 1795824000500, NOW + timedelta(milliseconds=500)),
        ("iso", "2026-11-28T02:00:00+02:00", NOW),
        ("iso", "2026-11-28T00:00:00", NOW),
        *(
            (form, wrong, None)
            for form in ("unix", "unix_milliseconds", "iso")
            for wrong in ("soon", "", "1e999", None, [])
        ),
    ],
)
def test_every_fact_of_a_report(form: str, when: Any, at: datetime | None) -> None:
    fields = {
        "status": "2",
        "id": 5,
        "ref": "r",
        "to": "+99450",
        "err": 13,
        "text": "No\x00",
        "when": when,
        "cost": "0.1",
    }
    [report] = read(reporting(source="json", at_format=form, **FULL), json.dumps(fields).encode()) or []
    assert report == Report(
        MessageState.UNDELIVERED, "r", "5", "13", "No", left=False, to="+99450", failure=Failure.RECIPIENT, at=at,
        price=Money(Decimal("0.1")),
    )  # fmt: skip


@pytest.mark.parametrize("word", ["3", "", None, True, ["1"], {"a": 1}, "1 ", "x" * 300])
def test_a_word_that_is_not_listed_is_unknown_or_no_report(word: Any) -> None:
    found = read(reporting(source="json"), json.dumps({"status": word, "id": "5"}).encode())
    if word in ("3", "x" * 300):
        assert found == [Report(MessageState.UNKNOWN, vendor_id="5", code=word[:64])]
    elif word == "1 ":
        assert found == [Report(MessageState.DELIVERED, vendor_id="5", code="1")]
    else:
        assert found == []


DELIVERED = Report(MessageState.DELIVERED, vendor_id="m", code="1")
LISTED = [
    {"requestId": "m", "report": [{"status": "1"}, {"status": "9"}]},
    {"requestId": "n", "report": {"status": "1"}},
]
IN_LIST = {"records": "*.report.*", "id": "*.requestId", "state": "*.report.*.status"}
EXPECTED = [
    DELIVERED,
    Report(MessageState.UNKNOWN, vendor_id="m", code="9", final=True),
    Report(MessageState.DELIVERED, vendor_id="n", code="1"),
]


@pytest.mark.parametrize(
    ("receipts", "query", "body", "expected"),
    [
        ({"source": "query"}, b"id=m&status=1", b"id=x&status=2", [DELIVERED]),
        ({"source": "form"}, b"id=x&status=2", b"id=m&status=1", [DELIVERED]),
        ({"source": "form"}, b"", b"id=m&status=1&status=2", []),
        ({"source": "json"} | IN_LIST, b"", json.dumps(LISTED).encode(), EXPECTED),
        (
            {"source": "form", "json_in": "data"} | IN_LIST,
            b"",
            urlencode({"data": json.dumps(LISTED)}).encode(),
            EXPECTED,
        ),
        (
            {"source": "query", "json_in": "data"},
            urlencode({"data": '{"id": "m", "status": 1}'}).encode(),
            b"",
            [DELIVERED],
        ),
        ({"source": "form", "json_in": "data"}, b"", b"data=[", []),
        ({"source": "json"}, b"", b'{"id": "m", "id": "n", "status": "1"}', []),
        (
            {"source": "xml", "records": "r.m.*", "id": "r.m.*.@id", "state": "r.m.*.status"},
            b"",
            b'<r><m id="m"><status>1</status></m><m id="m"><status>1</status></m></r>',
            [DELIVERED] * 2,
        ),
        (
            {"source": "xml", "records": "r.m.*", "id": "r.m.*.@id", "state": "r.m.*.status"},
            b"",
            b'<r><m id="m"><status>1</status></m></r>',
            [DELIVERED],
        ),
        (
            {"source": "text", "rows": "<br>", "records": "*", "id": "*.0", "state": "*.1"},
            b"",
            b"m 1 x<br>m 1<br><br>",
            [DELIVERED] * 2,
        ),
        ({"source": "json", "only_when": [{"path": "type", "in": ["dlr"]}]}, b"", b'{"id": "m", "status": "1"}', []),
        (
            {"source": "json", "only_when": [{"path": "type", "in": ["dlr"], "optional": True}]},
            b"",
            b'{"id": "m", "status": "1"}',
            [DELIVERED],
        ),
        (
            {
                "source": "json",
                "records": "*",
                "id": "*.id",
                "state": "*.s",
                "only_when": [{"path": "*.t", "in": ["d"]}],
            },
            b"",
            b'[{"id": "x", "s": "1", "t": "in"}, {"id": "m", "s": "1", "t": "d"}]',
            [DELIVERED],
        ),
    ],
)
def test_reports_are_read_from_where_they_are(
    receipts: dict[str, Any], query: bytes, body: bytes, expected: list[Report]
) -> None:
    assert read(reporting(**receipts), body, query) == expected


def test_fields_are_found_in_any_letter_case_and_nested() -> None:
    sender = reporting(id="data.Id")
    assert sender.read(Callback("POST", NOW)) is None
    assert sender.read_reports({"STATUS": "1", "Data": {"Id": "m"}}) == [DELIVERED]


def test_the_reply_and_the_networks_are_the_described_ones() -> None:
    sender = reporting(reply={"status": 202, "content_type": "text/plain", "body": "ACK"})
    reply = sender.reply(Callback("POST", NOW))
    assert (reply.status, reply.content_type, reply.body) == (202, "text/plain", b"ACK")
    assert sender.report_networks() == ()


def test_the_work_on_one_body_is_bounded() -> None:
    many = [{"report": [{"status": "1"}] * 100}] * 100
    found = read(reporting(source="json", **IN_LIST), json.dumps(many).encode())
    assert found is not None
    assert len(found) == MAX_FOUND
    assert len(values_at([[[0] * 100] * 100] * 100, ("*", "*", "*"))) == MAX_FOUND
    assert records_at({"a": {"a": {}}}, ("a", "*", "*")) == [("0", "0")]


@pytest.mark.parametrize(
    ("source", "text"),
    [("json", "[" * 60_000), ("json", '{"a":' * 9_000), ("xml", "<a>" * 20_000), ("xml", "<a>" * 5000 + "</a>" * 5000),
     ("json", "1" * 60_000), ("form", "&".join(["a=1"] * 5_000)), ("json", "NaN x"), ("xml", "")],
)  # fmt: skip
def test_a_body_that_can_not_be_read_has_no_tree(source: str, text: str) -> None:
    assert decode(source, text) is None
