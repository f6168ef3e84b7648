"""The inherited tests fail for adapters with a fault: one adapter that passes, and a fault for each test."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from providers.answers import by_status, json_object, text_in
from providers.base import (
    Accepted,
    Asked,
    Callback,
    Carries,
    HttpRequest,
    HttpResponse,
    MessageState,
    OutboundSms,
    Polls,
    Report,
    ReportChannel,
    Sender,
    Setting,
    json_post,
)
from providers.phone import in_format
from providers.testing import Example, GoodCallback, SenderContract
from providers.testing.message_contract import TEXTS

KEY = "made-up-key"
AT = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
STATES = {"arrived": MessageState.DELIVERED}


def signature(stamp: str, body: bytes) -> str:
    return hmac.digest(KEY.encode(), stamp.encode() + body, "sha256").hex()


class Sound(Sender):
    """Made up. It signs its callbacks, is asked for states, and takes a validity period."""

    slug = "sound"
    name = "Sound"
    documents = "none"
    default_base_url = "https://sound.example"
    credentials = (Setting("key", "Key", "The key.", secret=True),)
    carries = Carries.TEXT
    reports = frozenset({ReportChannel.CALLBACK_PER_ATTEMPT, ReportChannel.POLL})
    polls = Polls(needs_id=False)
    signed_headers = ("x-signature", "x-time")
    strongest = "delivered"
    words = frozenset(STATES)

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        to = in_format("e164", sms.to)
        payload = {"to": to, "text": sms.text, "seconds": sms.valid_for, "report_to": sms.callback_url}
        return json_post(f"{self.base_url}/send", payload, ("X-Key", self.credential["key"]))

    def outcome(self, response: HttpResponse) -> Accepted:
        raise by_status(response)

    def poll_delays(self) -> tuple[int, ...]:
        return (60,)

    def poll_request(self, *asked: Asked) -> HttpRequest:
        self.require_credentials()
        return json_post(f"{self.base_url}/poll", {"to": in_format("e164", asked[0].to)})

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        if response.status != 200:
            raise by_status(response)
        return self.read_reports(json_object(response) or {})

    def authentic(self, callback: Callback) -> bool:
        stamp, given = callback.headers.get("x-time", ""), callback.headers.get("x-signature", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12 and given.isascii()):
            return False
        is_recent = abs(callback.received_at.timestamp() - int(stamp)) <= 300
        return is_recent and hmac.compare_digest(given, signature(stamp, callback.body))

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        word = text_in(values.get("state"))
        return [Report(STATES.get(word, MessageState.UNKNOWN), code=word)] if word else []


BODY = b'{"data": {"state": "arrived"}}'
STAMP = str(int(AT.timestamp()))
HEADERS = {"x-time": STAMP, "x-signature": signature(STAMP, BODY), "content-type": "application/json", "x-other": "1"}
GOOD = GoodCallback(Callback("POST", AT, headers=HEADERS, body=BODY), "arrived")


def example_of(**facts: Any) -> Example:
    return Example(type("Changed", (Sound,), {**vars(Sound), **facts}), {"key": KEY}, callback=GOOD)


class TestASoundAdapter(SenderContract):
    @pytest.fixture
    def example(self) -> Example:
        return example_of()


def template(body: str, content_type: str) -> Callable[[Sender, OutboundSms], HttpRequest]:
    """A request whose text is pasted into its body."""

    def request(self: Sender, sms: OutboundSms) -> HttpRequest:
        body_ = body.replace("TEXT", sms.text).encode()
        return HttpRequest("POST", f"{self.base_url}/send", (("Content-Type", content_type),), body_)

    return request


def raising(self: Sender, callback: Callback) -> bool:
    return int(callback.headers["x-time"]) == 0


def without_time(self: Sender, callback: Callback) -> bool:
    return hmac.compare_digest(callback.headers.get("x-signature", "").encode(), signature(STAMP, BODY).encode())


def reading_another_header(self: Sender, callback: Callback) -> bool:
    return Sound.authentic(self, callback) and "x-other" in callback.headers  # type: ignore[arg-type]


def split(self: Sender, sms: OutboundSms) -> HttpRequest:
    """The digits of the code are apart from each other, and not named in `hidden`."""
    return HttpRequest("POST", f"{self.base_url}/send", (), sms.text.replace("&", "").encode())


HEADERS_TEST = SenderContract.test_headers_without_a_signature_are_judged_without_a_fault
CONTENT_TEST = SenderContract.test_a_changed_callback_is_not_authentic
STATE_TEST = SenderContract.test_a_state_that_is_not_listed_is_unknown
CREDENTIAL_TEST = SenderContract.test_a_missing_credential_is_found_before_any_call_unless_it_is_optional
FAULTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "authentic raises": (HEADERS_TEST, {"authentic": raising}),
    "authentic says yes": (HEADERS_TEST, {"authentic": lambda *_: True}),
    "authentic returns no bool": (HEADERS_TEST, {"authentic": lambda *_: None}),
    "the content is not signed": (CONTENT_TEST, {"authentic": without_time}),
    "the time is not checked": (
        SenderContract.test_a_callback_of_an_hour_ago_is_not_authentic,
        {"authentic": without_time},
    ),
    "a header is not declared": (
        SenderContract.test_a_good_callback_is_authentic_by_the_declared_headers,
        {"signed_headers": ("x-signature",)},
    ),
    "another header is not declared": (
        SenderContract.test_a_good_callback_is_authentic_by_the_declared_headers,
        {"authentic": reading_another_header},
    ),
    "a declared header is not needed": (
        SenderContract.test_each_declared_header_is_needed,
        {"signed_headers": (*Sound.signed_headers, "x-other")},
    ),
    "another state raises": (STATE_TEST, {"read_reports": lambda _, values: [Report(STATES[values["state"]])]}),
    "another state counts as delivered": (
        STATE_TEST,
        {"read_reports": lambda _, values: [Report(MessageState.DELIVERED)] if "state" in values else []},
    ),
    "another state is no report": (
        STATE_TEST,
        {"read_reports": lambda _, values: [Report(STATES[each]) for each in [values.get("state")] if each in STATES]},
    ),
    "the time that is left is not passed": (
        SenderContract.test_the_time_that_is_left_is_passed_if_the_vendor_takes_one,
        {"request": template("TEXT", "text/plain")},
    ),
    "the callback URL is not passed": (
        SenderContract.test_the_callback_url_is_passed_if_reports_come_to_it,
        {"request": template("TEXT", "text/plain")},
    ),
    "a code of reports is not declared": (STATE_TEST, {"words": frozenset()}),
    "an optional credential is needed": (
        CREDENTIAL_TEST,
        {"credentials": (Setting("key", "Key", "The key.", secret=True, optional=True),)},
    ),
    "a validity period is passed that the vendor does not take": (
        SenderContract.test_the_time_that_is_left_is_passed_if_the_vendor_takes_one,
        {"takes_validity": False},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_test(fault: str) -> None:
    test, facts = FAULTS[fault]
    test(SenderContract(), example_of())
    assert fails(test, example_of(**facts))


def test_an_optional_credential_may_be_missing() -> None:
    credentials = (*Sound.credentials, Setting("signing", "Signing key", "A key.", secret=True, optional=True))
    given = {"key": KEY, "signing": "made-up-too"}
    example = replace(example_of(credentials=credentials), credentials=given)
    CREDENTIAL_TEST(SenderContract(), example)
    assert set(example.sender().secrets()) == set(given.values())


def fails(test: Callable[..., None], *given: object) -> bool:
    try:
        test(SenderContract(), *given)
    except (Exception, pytest.fail.Exception):
        return True
    return False


FORMED = SenderContract.test_a_request_is_well_formed_whatever_the_text_is
HIDDEN = SenderContract.test_a_shown_request_has_nothing_of_a_one_time_password
TEXT_FAULTS: dict[str, tuple[Any, Any, set[str]]] = {
    "JSON by hand": (FORMED, template('{"text": "TEXT"}', "application/json"), {"markup", "lines", "JSON"}),
    "XML by hand": (FORMED, template("<m>TEXT</m>", "text/xml"), {"the end of CDATA", "markup", "signs of a form"}),
    "CDATA by hand": (FORMED, template("<m><![CDATA[TEXT]]></m>", "application/xml"), {"the end of CDATA"}),
    "a form by hand": (
        FORMED,
        template("text=TEXT", "application/x-www-form-urlencoded"),
        set(TEXTS),
    ),
    "a changed text that is not hidden": (HIDDEN, split, {"markup", "signs of a form"}),
}


@pytest.mark.parametrize("fault", TEXT_FAULTS)
def test_a_fault_with_a_text_fails_its_test(fault: str) -> None:
    test, request, texts = TEXT_FAULTS[fault]
    for text in TEXTS.values():
        test(SenderContract(), example_of(), text)
    caught = {name for name, text in TEXTS.items() if fails(test, example_of(request=request), text)}
    assert caught == texts


@pytest.mark.parametrize("status", [401, 500])
@pytest.mark.parametrize("result", [[], [Report(MessageState.DELIVERED)]])
def test_a_poll_that_fails_and_says_something_fails_its_test(status: int, result: list[Report]) -> None:
    test = SenderContract.test_a_failed_poll_says_nothing_of_any_message
    changed = example_of(poll_outcome=lambda *_: result)
    assert fails(test, changed, status, b"{}")
    test(SenderContract(), example_of(), status, b"{}")
