"""What every sender must do. The tests of each adapter inherit all of this."""

from __future__ import annotations

import inspect
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest

from providers.base import (
    Accepted,
    ApprovalKind,
    Asked,
    Callback,
    Carries,
    Encoding,
    Failure,
    HttpRequest,
    HttpResponse,
    Misconfigured,
    ProviderError,
    Refused,
    ReportChannel,
    Sender,
    SenderRule,
    SenderUse,
    Unavailable,
    Unconfirmed,
)
from providers.contract import first_problem
from providers.exchange import exchange_text, hidden_values
from providers.http import Client

from .callback_contract import CallbackContract
from .cases import without_a_code
from .example import Example
from .message_contract import MessageContract
from .wire import LONG, SHORT, Server, answer, closed_port, replying, reset, serving, silence


def send(example: Example, client: Client, base_url: str, timeout: float = LONG) -> Accepted:
    """One whole send: request, wire, outcome."""
    adapter = example.sender(base_url)
    return adapter.outcome(client.send(adapter.request(example.sms()), timeout=timeout))


def fails(example: Example, client: Client, base_url: str, timeout: float = LONG) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        send(example, client, base_url, timeout)
    return caught.value


def calls_of(adapter: Sender, example: Example) -> list[Callable[[], HttpRequest]]:
    """What builds each request of this adapter."""
    calls: list[Callable[[], HttpRequest]] = [lambda: adapter.request(example.sms())]
    if adapter.can_test:
        calls.append(adapter.test_request)
    if ReportChannel.POLL in adapter.reports:
        asked = Asked("4711", example.sms().reference, example.sms().to)
        calls.append(lambda: adapter.poll_request(asked))
    if adapter.needs_session:
        calls.append(adapter.session_request)
    if adapter.tells_balance:
        calls.append(adapter.balance_request)
    return calls


def secret_spellings(example: Example) -> set[str]:
    """Each secret of the sample account, in the forms in which it travels."""
    secrets = example.sender().secrets()
    in_basic = {b64encode(secret.encode()).decode() for secret in secrets}
    return {form(secret) for secret in secrets for form in (str, quote, quote_plus)} | in_basic


GARBAGE = {case.label: case for case in without_a_code() if case.status in (200, 500)}
LEFT_IN_DOUBT = {
    "silence": silence,
    "a close": replying(),
    "a reset": reset,
    "half an answer": replying(answer(b'{"success":true}')[:-4]),
    **{f"garbage: {label}": replying(answer(case.body, f"{case.status} X")) for label, case in GARBAGE.items()},
}


def echo(server: Server, conn: socket.socket) -> None:
    """A vendor that quotes the whole request back, headers and all."""
    conn.sendall(answer(server.take(conn), "400 Bad Request"))


class SenderContract(MessageContract, CallbackContract):
    """A package's own test class derives from this one, and gives the fixture `example`."""

    @pytest.fixture
    def example(self) -> Example:
        raise NotImplementedError("Define the fixture `example`: an Example of your adapter.")

    @pytest.fixture
    def client(self) -> Iterator[Client]:
        """A client that may call loopback, closed after its test."""
        made = Client(allow_private=True)
        yield made
        made.close()

    def test_the_class_meets_the_contract(self, example: Example) -> None:
        assert first_problem(example.adapter) == ""
        assert inspect.getdoc(inspect.getmodule(example.adapter))
        for setting in (*example.adapter.credentials, *example.adapter.options):
            assert setting.label
            assert setting.help.endswith(".")

    def test_a_code_that_contradicts_an_approval_is_a_fault_of_set_up_at_a_vendor_that_approves(
        self, example: Example
    ) -> None:
        vendor = example.adapter
        for code, kind in vendor.doubted_approvals.items():
            assert vendor.codes[code][0] is Failure.CONFIG, code
            assert vendor.approval_in_doubt(Failure.CONFIG, code) is kind
            assert vendor.approval_in_doubt(Failure.ACCOUNT, code) is None
            sender_is_approved = kind is ApprovalKind.SENDER
            assert vendor.sender_rule.takes_name if sender_is_approved else vendor.carries is not Carries.TEXT
        assert vendor.carries is Carries.TEXT or ApprovalKind.TEMPLATE in vendor.doubted_approvals.values()
        assert not vendor.sender_rule.is_required or ApprovalKind.SENDER in vendor.doubted_approvals.values()

    def test_how_delivery_reports_come_is_said_even_where_none_do(self, example: Example) -> None:
        adapter = example.adapter
        assert "reports" in vars(adapter)
        assert not adapter.ids_per_part or adapter.reports

    def test_what_is_declared_is_there(self, example: Example) -> None:
        adapter = example.sender()
        polls = ReportChannel.POLL in adapter.reports
        assert bool(adapter.poll_delays()) == polls
        assert (type(adapter).poll_request is not Sender.poll_request) == polls
        assert (type(adapter).test_request is not Sender.test_request) == adapter.can_test
        pushes = bool(adapter.reports - {ReportChannel.POLL})
        reads = type(adapter).read_reports is not Sender.read_reports or type(adapter).read is not Sender.read
        assert reads == pushes
        assert (adapter.strongest == "submitted") == (not adapter.reports)

    @pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[" * 5000, b'{"a": 1}', b"a=1"])
    def test_any_callback_is_judged_answered_and_read_without_a_fault(self, example: Example, body: bytes) -> None:
        adapter = example.sender()
        callback = Callback("POST", datetime(2026, 11, 28, tzinfo=UTC), body=body)
        without_credentials = replace(example, credentials={}).sender()
        assert {adapter.authentic(callback), without_credentials.authentic(callback)} <= {True, False}
        assert adapter.reply(callback).status // 100 == 2
        assert adapter.read(callback) in (None, [])

    def test_there_is_a_secret_and_it_is_known_as_one(self, example: Example) -> None:
        if example.adapter.credentials:
            assert set(example.sender().secrets()) <= {*example.credentials.values(), *example.session.values()}
            assert example.sender().secrets()

    def test_a_missing_credential_is_found_before_any_call_unless_it_is_optional(self, example: Example) -> None:
        optional = {setting.key for setting in example.adapter.credentials if setting.optional}
        needed = {key: value for key, value in example.credentials.items() if key not in optional}
        for call in calls_of(replace(example, credentials=needed).sender(), example):
            call()
        for key in needed:
            rest = {name: value for name, value in example.credentials.items() if name != key}
            adapter = replace(example, credentials=rest).sender()
            assert adapter.missing_credentials() == (key,)
            for call in calls_of(adapter, example):
                with pytest.raises(Misconfigured) as caught:
                    call()
                assert (caught.value.failure, caught.value.code) == (Failure.ACCOUNT, "credentials_missing")
                assert key in caught.value.detail

    def test_a_request_is_a_plain_value_made_anew_each_time(self, example: Example) -> None:
        assert example.sender().request(example.sms()) == example.sender().request(example.sms())

    def test_a_template_is_asked_for_exactly_where_texts_are_not_carried(self, example: Example) -> None:
        adapter = example.sender()
        if adapter.carries is Carries.TEXT:
            assert adapter.request(example.sms(vendor_template=None, parameters=()))
            return
        with pytest.raises(Misconfigured):
            adapter.request(example.sms(vendor_template=None))
        if adapter.carries is Carries.TEMPLATE:
            assert example.sms().text.encode() not in adapter.request(example.sms()).body

    def test_a_sender_is_named_as_the_rule_says(self, example: Example) -> None:
        adapter, rule = example.sender(), example.adapter.sender_rule
        if rule.is_required:
            with pytest.raises(Misconfigured) as missing:
                adapter.request(example.sms(sender=""))
            assert missing.value.code == "sender_missing"
        else:
            assert adapter.request(example.sms(sender=""))
        named = [adapter.request(example.sms(sender=name)) for name in ("BRAND", "OTHER")]
        assert (named[0] != named[1]) == rule.takes_name

    def test_a_sender_that_the_vendor_does_not_take_is_found_before_any_call(
        self, example: Example, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(example.adapter, "sender_rule", SenderRule(SenderUse.OPTIONAL, letters=11, digits=0))
        example.sender().request(example.sms(sender="BRAND MAX11"))
        for name in ("BRAND MAX 12", "4321", "+4321"):
            with pytest.raises(Misconfigured) as caught:
                example.sender().request(example.sms(sender=name))
            assert (caught.value.failure, caught.value.code) == (Failure.CONFIG, "sender_invalid")
            assert name in caught.value.detail

    def test_a_text_with_too_many_parts_is_refused_before_any_call(
        self, example: Example, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(example.adapter, "max_parts", 2)
        assert example.sender().request(example.sms(parts=2))
        with pytest.raises(Refused) as refused:
            example.sender().request(example.sms(parts=3))
        assert refused.value.code == "text_too_long"

    @pytest.mark.parametrize("encoding", list(Encoding))
    def test_each_encoding_and_any_time_that_is_left_can_be_sent(self, example: Example, encoding: Encoding) -> None:
        for seconds in (1, 59, 61, 86_400, 10**7):
            assert example.sender().request(example.sms(encoding=encoding, valid_for=seconds))

    def test_a_value_that_is_too_long_for_the_vendor_is_refused_before_the_call(
        self, example: Example, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(example.adapter, "max_value_length", 4)
        message = example.sms(parameters=(("code", "00421"),))
        with pytest.raises(Refused) as refused:
            example.sender().check(message)
        assert refused.value.code == "text_too_long"
        assert "00421" not in refused.value.detail
        example.sender().check(example.sms(parameters=(("code", "0042"),)))

    @pytest.mark.parametrize(
        "to", ["", "994501234567", "+994 50 123 45 67", "+0994501234567", "+12345", "+٩٩٤٥٠١٢٣٤٥٦٧"]
    )
    def test_only_an_e164_number_is_called(self, example: Example, to: str) -> None:
        with pytest.raises(ProviderError) as caught:
            example.sender().request(example.sms(to=to))
        assert caught.value.failure is Failure.RECIPIENT

    def test_a_refused_connection_is_surely_not_sent(self, example: Example, client: Client) -> None:
        assert isinstance(fails(example, client, f"http://127.0.0.1:{closed_port()}"), Unavailable)

    @pytest.mark.parametrize("case", LEFT_IN_DOUBT)
    def test_what_leaves_us_in_doubt_is_unconfirmed_and_called_once(
        self, example: Example, case: str, client: Client
    ) -> None:
        with serving(LEFT_IN_DOUBT[case]) as server:
            error = fails(example, client, server.url, SHORT if case == "silence" else LONG)
        assert isinstance(error, Unconfirmed)
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("Retry-After: 120", 120.0),
            ("Retry-After: 0", 0.0),
            ("Retry-After: -1", None),
            ("Retry-After: 1.5", None),
            ("Retry-After: soon", None),
            ("Retry-After: 99999999999999999999", 1e20),
            ("Retry-After: ٣", None),
            ("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", None),
            ("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\nDate: Wed, 21 Oct 2026 07:27:00 GMT", 60.0),
            ("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\nDate: Wed, 21 Oct 2026 08:00:00 GMT", 0.0),
            ("X-Nothing: 1", None),
        ],
    )
    def test_429_is_not_sent_and_says_when_to_come_again(
        self, example: Example, header: str, seconds: float | None, client: Client
    ) -> None:
        reply = answer(b"", "429 Too Many").replace(b"\r\n\r\n", b"\r\n" + header.encode() + b"\r\n\r\n")
        with serving(replying(reply)) as server:
            error = fails(example, client, server.url)
        assert (type(error), error.retry_after) == (Unavailable, seconds)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_a_fault_of_the_account_and_never_followed(
        self, example: Example, status: int, client: Client
    ) -> None:
        with serving(replying(answer(b"", f"{status} Moved", "Location: /login"))) as server:
            error = fails(example, client, server.url)
        assert (type(error), error.failure) == (Misconfigured, Failure.ACCOUNT)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refused_login_is_a_fault_of_the_account(self, example: Example, status: int, client: Client) -> None:
        with serving(replying(answer(b"<html>", f"{status} No"))) as server:
            assert fails(example, client, server.url).failure is Failure.ACCOUNT

    def test_no_secret_stands_in_any_error(self, example: Example, client: Client) -> None:
        scripts = {**LEFT_IN_DOUBT, "an echo": echo}
        errors = [fails(example, client, f"http://127.0.0.1:{closed_port()}")]
        for case, script in scripts.items():
            with serving(script) as server:
                errors.append(fails(example, client, server.url, SHORT if case == "silence" else LONG))
        shown = " ".join(f"{error!r} {error.detail} {error.__cause__!r} {error.__context__!r}" for error in errors)
        hidden = secret_spellings(example) | {example.sms().to, example.sms().to[1:], "004217"}
        assert [word for word in hidden if word in shown] == []

    def test_no_secret_and_no_code_stands_in_a_kept_exchange(self, example: Example) -> None:
        message = example.sms(is_otp=True)
        request = example.sender().request(message)
        hidden = (*hidden_values(example.sender(), message), *request.hidden)
        echoed = HttpResponse(400, {"x-echo": request.url}, request.body)
        for exchange in (request, echoed):
            shown = exchange_text(exchange, hidden)
            assert "[hidden]" in shown or not hidden
            assert [word for word in (*secret_spellings(example), "004217") if word in shown] == []

    def test_every_call_goes_to_the_stored_address(self, example: Example) -> None:
        adapter = example.sender("https://vendor.example/base")
        for request in [call() for call in calls_of(adapter, example)]:
            assert isinstance(request, HttpRequest)
            assert request.url.startswith("https://vendor.example/base/")
