"""eTelecom, by its documents: what goes out, what each answer means, the status call, the webhook."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from providers.base import (
    Accepted,
    Asked,
    Callback,
    Failure,
    HttpRequest,
    MessageState,
    Misconfigured,
    Report,
    ReportChannel,
)
from providers.testing import GoodCallback
from providers.testing.cases import Answer, answers, check, without_a_code
from providers.vendors.etelecom import CODES, ETelecom

from .samples import Sample, secret_settings, sender, sms

SAMPLE = Sample(
    {"username": "shop", "password": 'p"ss\\w/rd'},
    {"vendor_template": "OTP_01", "parameters": (("otp", "004217"),), "to": "+84901234567"},
    callback=GoodCallback(
        Callback("POST", datetime(2026, 11, 28, tzinfo=UTC), body=b'{"IdOmniMess": "ICOMNI1", "Status": "Success"}'),
        "Success",
    ),
)

ID = "ICOMNI0123456789012345678901234567890"[:36]
CLASSES = {
    "-1": Failure.RECIPIENT,
    "-2": Failure.CONTENT,
    "-3": Failure.BALANCE,
    "-6": Failure.CONFIG,
    "-8": Failure.CONFIG,
    "-9": Failure.CONFIG,
}
ZNS = "Channel zns"
NO_ID = "Taken without an id: this message can't be traced at the vendor."


def test_a_message_goes_out_as_the_document_says() -> None:
    body = (
        '{"username": "shop", "password": "p\\"ss\\\\w/rd", "phonenumber": "84901234567", '
        '"routerule": "3", "templatecode": "OTP_01", "list_param": {"otp": "004217"}}'
    )
    assert sender("etelecom").request(sms("etelecom")) == HttpRequest(
        "POST",
        "https://vendor.example/api/OmniMessage/SendMessage",
        (("Content-Type", "application/json"),),
        body.encode(),
    )


@pytest.mark.parametrize(
    ("rule", "shape", "written"),
    [("3", "string", "3"), ("1,3", "string", "1,3"), ("3", "array", ["3"]), ("1,2,3", "array", ["1", "2", "3"])],
)
def test_the_route_rule_goes_out_in_the_form_that_is_chosen(rule: str, shape: str, written: Any) -> None:
    body = sender("etelecom", routerule=rule, routerule_form=shape).request(sms("etelecom")).body
    assert json.loads(body)["routerule"] == written


@pytest.mark.parametrize("parameters", [(), (("tên", "Nguyễn"), ("mã", "0042"))])
def test_parameters_go_out_under_the_vendors_names(parameters: tuple[tuple[str, str], ...]) -> None:
    body = sender("etelecom").request(sms("etelecom", parameters=parameters)).body
    assert json.loads(body)["list_param"] == dict(parameters)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"vendor_template": " "}, "template_invalid"),
        ({"vendor_template": None}, "template_invalid"),
        ({"parameters": (("a", "1"), ("a", "2"))}, "parameter_twice"),
    ],
)
def test_what_the_vendor_cannot_take_is_refused_before_the_wire(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        sender("etelecom").request(sms("etelecom", **changes))
    assert caught.value.code == code


def took(**more: Any) -> dict[str, Any]:
    return {"status": "1", "code": "Success", **more}


@answers(
    Answer("the document's own, blanks and all", 200, took(**{" idOmniMess ": ID}), Accepted(ID, "1", "Success")),
    Answer("the clients' spelling", 200, took(idOmniMess=ID), Accepted(ID, "1", "Success")),
    Answer("other cases and blanks", 200, {" Status": 1, "IDOMNIMESS": f" {ID} "}, Accepted(ID, "1")),
    Answer("status as a number", 200, {"status": 1, "code": "Success", "idOmniMess": ID}, Accepted(ID, "1", "Success")),
    Answer("the id as a number", 200, took(idOmniMess=4711), Accepted("4711", "1", "Success")),
    Answer("no id", 200, took(), Accepted(code="1", detail=NO_ID)),
    Answer("an empty id", 200, took(idOmniMess=" "), Accepted(code="1", detail=NO_ID)),
    Answer("an id that is null", 200, took(idOmniMess=None), Accepted(code="1", detail=NO_ID)),
)
def test_the_vendor_took_the_message(case: Answer) -> None:
    check(sender("etelecom").outcome, case)


@answers(
    *(
        Answer(f"{code} at {http}, {type(shown).__name__}", http, {"status": shown, "code": "Words"}, failure, code)
        for code, failure in CLASSES.items()
        for http in (200, 400, 500)
        for shown in (code, int(code), f" {code} ")
    ),
    Answer("an unknown negative", 200, {"status": "-4", "code": "New"}, Failure.CONFIG, "-4", words="New"),
    Answer("an unknown negative number", 200, {"status": -77}, Failure.CONFIG, "-77"),
    Answer(
        "which parameter", 200, {"status": "-2", "code": "Wrong Format Parameter: otp"}, Failure.CONTENT, words="otp"
    ),
)
def test_each_code_of_the_document_has_its_class_at_any_status(case: Answer) -> None:
    check(sender("etelecom").outcome, case)


def test_the_table_holds_the_documents_codes_and_no_other() -> None:
    assert {code: failure for code, (failure, _) in CODES.items()} == CLASSES


REFUSED_LOGINS = [
    Answer("login", 401, b"Unauthorized", Failure.ACCOUNT, "unauthorized"),
    Answer("login as a JSON string", 401, b'"Unauthorized"\r\n', Failure.ACCOUNT, "unauthorized"),
    Answer("address", 401, b"Can't access from this IP", Failure.ACCOUNT, "ip_not_allowed", words="allow-list"),
    Answer("address, curly", 401, "Can\u2019t access from this IP.".encode(), Failure.ACCOUNT, "ip_not_allowed"),
    Answer("something else", 401, b"Nope", Failure.ACCOUNT, "http-401"),
    Answer("in UTF-16", 401, "Unauthorized\r\n".encode("utf-16"), Failure.ACCOUNT, "unauthorized"),
    Answer("padded", 401, b"Unauthorized\0\n", Failure.ACCOUNT, "unauthorized"),
    Answer("the framework's JSON", 401, {"title": "Unauthorized", "status": 401}, Failure.ACCOUNT, "401"),
    Answer("the framework's JSON at 403", 403, {"title": "Forbidden", "status": "403"}, Failure.ACCOUNT, "403"),
    Answer("an unknown negative status", 401, {"status": -40}, Failure.ACCOUNT, "-40"),
]


@answers(*REFUSED_LOGINS)
def test_a_wrong_login_and_a_wrong_address_are_told_apart(case: Answer) -> None:
    check(sender("etelecom").outcome, case)


@answers(
    *(
        Answer(label, http, body, Failure.AMBIGUOUS)
        for label, http, body in [
            ("status 0", 200, {"status": 0}),
            ("status 2", 200, {"status": "2", "idOmniMess": ID}),
            ("a word", 200, {"status": "Success"}),
            ("status true", 200, {"status": True, "idOmniMess": ID}),
            ("status null", 200, {"status": None, "idOmniMess": ID}),
            ("no status", 200, {"code": "Success", "idOmniMess": ID}),
            ("success at 500", 500, took(idOmniMess=ID)),
            ("success at 401", 401, took(idOmniMess=ID)),
            ("success at 202", 202, took(idOmniMess=ID)),
            ("success in other words, without an id", 200, {"status": "1", "code": "PhoneNumber Wrong Format"}),
            ("minus alone", 200, {"status": "-"}),
            ("the framework's JSON at 500", 500, {"title": "Error", "status": 500}),
            ("two spellings of one name", 200, {" status": "1", "Status": "-3", "idOmniMess": ID}),
        ]
    )
)
def test_a_contradictory_or_undocumented_answer_is_ambiguous(case: Answer) -> None:
    check(sender("etelecom").outcome, case)


@answers(*without_a_code())
def test_an_answer_without_a_status_of_its_own_is_read_by_http(case: Answer) -> None:
    check(sender("etelecom").outcome, case)


def test_the_status_call_asks_with_the_id() -> None:
    request = sender("etelecom").poll_request(Asked(ID))
    assert request.url == "https://vendor.example/api/OmniReport/GetStatusOmni"
    assert json.loads(request.body) == {"username": "shop", "password": 'p"ss\\w/rd', "idOmniMess": ID}


def state(status: Any, **more: Any) -> dict[str, Any]:
    return {"status": status, "errorCode": "0", "channel": "BrandnameSms", "mtcount": 1, "idOmniMess": ID, **more}


BROKEN = '{"idOmniMess":"%s","list_param":"{"otp":"1","status":"FAIL"}","status":"%s","channel":"zns","errorCode":"%s"}'


@answers(
    Answer("delivered", 200, state("SUCCESS"), Report(MessageState.DELIVERED, "", ID, "0", "Channel BrandnameSms")),
    Answer(
        "undelivered",
        200,
        state("FAIL", errorCode=-124, channel=None),
        Report(MessageState.UNDELIVERED, "", ID, "-124"),
    ),
    Answer("still at it", 200, state("PROCESSING"), None),
    Answer("small letters", 200, {"Status": "success"}, Report(MessageState.DELIVERED, code="SUCCESS")),
    Answer(
        "the vendor's own sample, which is no JSON",
        200,
        (BROKEN % (ID, "SUCCESS", "0")).encode(),
        Report(MessageState.DELIVERED, "", ID, "0", ZNS),
    ),
    Answer(
        "no JSON, and not delivered",
        200,
        (BROKEN % (ID, "FAIL", "-118")).encode(),
        Report(MessageState.UNDELIVERED, "", ID, "-118", ZNS),
    ),
    Answer("no JSON, and still at it", 200, (BROKEN % (ID, "PROCESSING", "")).encode(), None),
    *REFUSED_LOGINS,
    Answer("a wrong id", 200, {"status": "-5", "code": "Not found"}, Failure.CONFIG, "-5"),
    Answer("another word", 200, state("QUEUED"), Failure.AMBIGUOUS, "QUEUED"),
    Answer("success at 500", 500, state("SUCCESS"), Failure.AMBIGUOUS),
    Answer("HTML", 200, b"<html>status</html>", Failure.AMBIGUOUS, "http-200"),
    Answer("too many calls", 429, b"", Failure.TRANSIENT, "http-429"),
)
def test_the_answer_of_the_status_call_is_read(case: Answer) -> None:
    check(lambda response: next(iter(sender("etelecom").poll_outcome(response)), None), case)


PUSHED = {"IdOmniMess": ID, "Status": "SUCCESS", "Channel": "zns", "ErrorCode": "0", "MtCount": 1, "TelcoId": 2}


@pytest.mark.parametrize(
    ("fields", "reports"),
    [
        (PUSHED, [Report(MessageState.DELIVERED, "", ID, "0", ZNS)]),
        (PUSHED | {"IsCharged": True}, [Report(MessageState.DELIVERED, "", ID, "0", ZNS)]),
        (
            PUSHED | {"Status": "FAIL", "ErrorCode": -118},
            [Report(MessageState.UNDELIVERED, "", ID, "-118", ZNS)],
        ),
        (
            PUSHED | {"Status": "fail", "ErrorCode": None},
            [Report(MessageState.UNDELIVERED, "", ID, "FAIL", ZNS)],
        ),
        (PUSHED | {"Status": "PROCESSING"}, [Report(MessageState.UNKNOWN, "", ID, "0", ZNS)]),
        (PUSHED | {"Status": 1, "Channel": 3}, [Report(MessageState.UNKNOWN, "", ID, "0", "Channel 3")]),
        ({" idomnimess ": 4711, "STATUS": "SUCCESS"}, [Report(MessageState.DELIVERED, "", "4711", "SUCCESS")]),
        (PUSHED | {"status": "FAIL"}, []),  # it can't be known which of them the vendor means
        (PUSHED | {"idOmniMess": "ICOMNI" + "0" * 30}, []),
        (PUSHED | {"STATUS": "SUCCESS"}, [Report(MessageState.DELIVERED, "", ID, "0", ZNS)]),
        ({"Status": "SUCCESS"}, []),
        ({"IdOmniMess": ID}, []),
        (PUSHED | {"IdOmniMess": {"a": 1}}, []),
        ({}, []),
    ],
)
def test_the_webhook_is_read_with_numbers_and_strings(fields: dict[str, Any], reports: list[Report]) -> None:
    assert sender("etelecom").read_reports(fields) == reports


def test_a_report_that_gives_no_error_code_has_words_for_staff_all_the_same() -> None:
    (report,) = sender("etelecom").read_reports(PUSHED | {"Status": "Fail", "ErrorCode": ""})
    assert "No channel" in ETelecom.codes[report.code][1]
    assert report.code not in CODES  # what answers to a call mean stays as documented


@pytest.mark.parametrize(
    ("rule", "word", "final"),
    [
        ("3", "SUCCESS", True),
        ("3", "FAIL", True),
        ("1,3", "SUCCESS", True),
        ("1,3", "FAIL", False),
        ("1,2,3", "fail", False),
        ("3", "QUEUED", False),
        ("3", "PROCESSING", False),
    ],
)
def test_a_failure_is_final_where_no_other_channel_is_left(rule: str, word: str, final: bool) -> None:
    [report] = sender("etelecom", routerule=rule).read_reports(PUSHED | {"Status": word})
    assert (report.is_final, report.left) == (final, None)
    if word in ("SUCCESS", "FAIL"):
        [polled] = sender("etelecom", routerule=rule).poll_outcome(Answer("", 200, state(word), None).response())
        assert polled.is_final == final


def test_options_say_when_to_ask_and_who_may_report() -> None:
    assert sender("etelecom").poll_delays() == (30, 120, 600, 3600, 21600)
    assert sender("etelecom").report_networks() == ()
    adapter = sender("etelecom", poll_after=[5, 10], webhook_ips=["203.0.113.0/24"])
    assert (adapter.poll_delays(), adapter.report_networks()) == ((5, 10), ("203.0.113.0/24",))


def test_the_facts_are_the_documents() -> None:
    assert ETelecom.names_parameters
    assert not ETelecom.sender_rule.takes_name
    assert ETelecom.strongest == "delivered"
    assert ETelecom.reports == frozenset({ReportChannel.CALLBACK_REGISTERED, ReportChannel.POLL})


def test_the_settings_are_the_promised_ones() -> None:
    assert ETelecom.options_with_defaults({}) == {
        "routerule": "3",
        "routerule_form": "string",
        "webhook_ips": [],
        "poll_after": [30, 120, 600, 3600, 21600],
    }
    assert secret_settings(ETelecom) == {"username": False, "password": True}
