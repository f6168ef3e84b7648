"""What every registered vendor must do, whoever it is. A new vendor inherits all of this."""

from __future__ import annotations

import inspect
import socket
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from providers import vendors
from providers.address import url_problem
from providers.base import (
    Accepted,
    Adapter,
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
from providers.exchange import exchange_text
from providers.http import Client
from providers.registry import FORWARDERS, SENDERS

from .calls import LONG, SHORT, break_off, silence
from .cases import without_a_code
from .samples import sample, sender, sms
from .wire import Server, answer, closed_port, replying, serving

every_vendor = pytest.mark.parametrize("slug", sorted(SENDERS))


def send(slug: str, client: Client, base_url: str, timeout: float = LONG) -> Accepted:
    """One whole send: request, wire, outcome."""
    adapter = sender(slug, base_url)
    return adapter.outcome(client.send(adapter.request(sms(slug)), timeout=timeout))


def fails(slug: str, client: Client, base_url: str, timeout: float = LONG) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        send(slug, client, base_url, timeout)
    return caught.value


def secret_spellings(slug: str) -> set[str]:
    """Each secret of the sample account, in the forms in which it travels."""
    secrets = sender(slug).secrets()
    forms = (str, quote, quote_plus, lambda secret: b64encode(secret.encode()).decode())
    return {form(secret) for secret in secrets for form in forms}


def test_each_vendors_file_holds_one_adapter() -> None:
    files = {path.stem for path in Path(vendors.__file__).parent.glob("[!_]*.py")}
    assert files == {*SENDERS, *FORWARDERS}
    assert not set(SENDERS) & set(FORWARDERS)


# --- facts ----------------------------------------------------------------------------------------


@every_vendor
def test_a_code_that_contradicts_an_approval_is_a_fault_of_set_up_at_a_vendor_that_approves(slug: str) -> None:
    vendor = SENDERS[slug]
    for code, kind in vendor.doubted_approvals.items():
        assert vendor.codes[code][0] is Failure.CONFIG, code
        assert vendor.approval_in_doubt(Failure.CONFIG, code) is kind
        assert vendor.approval_in_doubt(Failure.ACCOUNT, code) is None
        sender_is_approved = kind is ApprovalKind.SENDER
        assert vendor.sender_rule.takes_name if sender_is_approved else vendor.carries is not Carries.TEXT
    assert vendor.carries is Carries.TEXT or ApprovalKind.TEMPLATE in vendor.doubted_approvals.values()
    assert not vendor.sender_rule.is_required or ApprovalKind.SENDER in vendor.doubted_approvals.values()


@pytest.mark.parametrize("adapter", [*SENDERS.values(), *FORWARDERS.values()])
def test_the_facts_are_declared(adapter: type[Adapter]) -> None:
    assert adapter.slug.isidentifier()
    assert adapter.__module__ == f"providers.vendors.{adapter.slug}"
    assert adapter.name
    assert adapter.documents
    assert inspect.getdoc(inspect.getmodule(adapter))
    for setting in (*adapter.credentials, *adapter.options):
        assert setting.label
        assert setting.help.endswith(".")


@every_vendor
def test_how_delivery_reports_come_is_said_even_where_none_do(slug: str) -> None:
    adapter = SENDERS[slug]
    assert "reports" in vars(adapter)
    assert not adapter.ids_per_part or adapter.reports


@every_vendor
def test_the_own_address_can_be_called(slug: str) -> None:
    adapter = SENDERS[slug]
    assert url_problem(adapter.default_base_url, allow_private=False, scheme=adapter.scheme) is None


@every_vendor
def test_what_is_declared_is_there(slug: str) -> None:
    adapter = sender(slug)
    polls = ReportChannel.POLL in adapter.reports
    assert bool(adapter.poll_delays()) == polls
    assert (type(adapter).poll_request is not Sender.poll_request) == polls
    assert (type(adapter).test_request is not Sender.test_request) == adapter.can_test
    pushes = bool(adapter.reports - {ReportChannel.POLL})
    reads = type(adapter).read_reports is not Sender.read_reports or type(adapter).read is not Sender.read
    assert reads == pushes
    assert (adapter.strongest == "submitted") == (not adapter.reports)


@every_vendor
@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[" * 5000, b'{"a": 1}', b"a=1"])
def test_any_callback_is_judged_answered_and_read_without_a_fault(slug: str, body: bytes) -> None:
    adapter = sender(slug)
    callback = Callback("POST", datetime(2026, 11, 28, tzinfo=UTC), body=body)
    without_credentials = SENDERS[slug](base_url="https://vendor.example", credentials={}, options={})
    assert {adapter.authentic(callback), without_credentials.authentic(callback)} <= {True, False}
    assert adapter.reply(callback).status // 100 == 2
    assert adapter.read(callback) in (None, [])


@every_vendor
def test_there_is_a_secret_and_it_is_known_as_one(slug: str) -> None:
    if SENDERS[slug].credentials:
        assert set(sender(slug).secrets()) <= set(sample(slug).credentials.values())
        assert sender(slug).secrets()


# --- before the wire ------------------------------------------------------------------------------


@every_vendor
def test_a_missing_credential_is_found_before_any_call(slug: str) -> None:
    for key in sample(slug).credentials:
        rest = {name: value for name, value in sample(slug).credentials.items() if name != key}
        adapter = SENDERS[slug](base_url="https://vendor.example", credentials=rest, options={})
        assert adapter.missing_credentials() == (key,)
        calls = [lambda made=adapter: made.request(sms(slug))]
        calls += [adapter.test_request] if adapter.can_test else []
        calls += (
            [lambda made=adapter: made.poll_request(Asked(vendor_id="4711"))]
            if ReportChannel.POLL in adapter.reports
            else []
        )
        for call in calls:
            with pytest.raises(Misconfigured) as caught:
                call()
            assert (caught.value.failure, caught.value.code) == (Failure.ACCOUNT, "credentials_missing")
            assert key in caught.value.detail


@every_vendor
def test_a_request_is_a_plain_value_made_anew_each_time(slug: str) -> None:
    assert sender(slug).request(sms(slug)) == sender(slug).request(sms(slug))


@every_vendor
def test_a_template_is_asked_for_exactly_where_texts_are_not_carried(slug: str) -> None:
    adapter = sender(slug)
    if adapter.carries is Carries.TEXT:
        assert adapter.request(sms(slug, vendor_template=None, parameters=()))
        return
    with pytest.raises(Misconfigured):
        adapter.request(sms(slug, vendor_template=None))
    if adapter.carries is Carries.TEMPLATE:
        assert sms(slug).text.encode() not in adapter.request(sms(slug)).body


@every_vendor
def test_a_sender_is_named_as_the_rule_says(slug: str) -> None:
    adapter, rule = sender(slug), SENDERS[slug].sender_rule
    if rule.is_required:
        with pytest.raises(Misconfigured) as missing:
            adapter.request(sms(slug, sender=""))
        assert missing.value.code == "sender_missing"
    else:
        assert adapter.request(sms(slug, sender=""))
    named = [adapter.request(sms(slug, sender=name)) for name in ("BRAND", "OTHER")]
    assert (named[0] != named[1]) == rule.takes_name


@every_vendor
def test_a_sender_that_the_vendor_does_not_take_is_found_before_any_call(
    slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SENDERS[slug], "sender_rule", SenderRule(SenderUse.OPTIONAL, letters=11, digits=0))
    sender(slug).request(sms(slug, sender="BRAND MAX11"))
    for name in ("BRAND MAX 12", "4321", "+4321"):
        with pytest.raises(Misconfigured) as caught:
            sender(slug).request(sms(slug, sender=name))
        assert (caught.value.failure, caught.value.code) == (Failure.CONFIG, "sender_invalid")
        assert name in caught.value.detail


@every_vendor
def test_a_text_with_too_many_parts_is_refused_before_any_call(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SENDERS[slug], "max_parts", 2)
    assert sender(slug).request(sms(slug, parts=2))
    with pytest.raises(Refused) as refused:
        sender(slug).request(sms(slug, parts=3))
    assert refused.value.code == "text_too_long"


@every_vendor
@pytest.mark.parametrize("encoding", list(Encoding))
def test_each_encoding_and_any_time_that_is_left_can_be_sent(slug: str, encoding: Encoding) -> None:
    for seconds in (1, 59, 61, 86_400, 10**7):
        assert sender(slug).request(sms(slug, encoding=encoding, valid_for=seconds))


@every_vendor
def test_a_value_that_is_too_long_for_the_vendor_is_refused_before_the_call(
    slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SENDERS[slug], "max_value_length", 4)
    message = sms(slug, parameters=(("code", "00421"),))
    with pytest.raises(Refused) as refused:
        sender(slug).check(message)
    assert refused.value.code == "text_too_long"
    assert "00421" not in refused.value.detail
    sender(slug).check(sms(slug, parameters=(("code", "0042"),)))


@every_vendor
@pytest.mark.parametrize("to", ["", "994501234567", "+994 50 123 45 67", "+0994501234567", "+12345", "+٩٩٤٥٠١٢٣٤٥٦٧"])
def test_only_an_e164_number_is_called(slug: str, to: str) -> None:
    with pytest.raises(ProviderError) as caught:
        sender(slug).request(sms(slug, to=to))
    assert caught.value.failure is Failure.RECIPIENT


# --- on the wire ----------------------------------------------------------------------------------


def reset_at_once(server: Server, conn: socket.socket) -> None:
    server.take(conn)
    break_off(conn)


GARBAGE = {case.label: case for case in without_a_code() if case.status in (200, 500)}
LEFT_IN_DOUBT = {
    "silence": silence,
    "a close": replying(),
    "a reset": reset_at_once,
    "half an answer": replying(answer(b'{"success":true}')[:-4]),
    **{f"garbage: {label}": replying(answer(case.body, f"{case.status} X")) for label, case in GARBAGE.items()},
}


@every_vendor
def test_a_refused_connection_is_surely_not_sent(slug: str, client: Client) -> None:
    assert isinstance(fails(slug, client, f"http://127.0.0.1:{closed_port()}"), Unavailable)


@every_vendor
@pytest.mark.parametrize("case", LEFT_IN_DOUBT)
def test_what_leaves_us_in_doubt_is_unconfirmed_and_called_once(slug: str, case: str, client: Client) -> None:
    with serving(LEFT_IN_DOUBT[case]) as server:
        error = fails(slug, client, server.url, SHORT if case == "silence" else LONG)
    assert isinstance(error, Unconfirmed)
    assert len(server.requests) == 1


@every_vendor
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
    slug: str, header: str, seconds: float | None, client: Client
) -> None:
    reply = answer(b"", "429 Too Many").replace(b"\r\n\r\n", b"\r\n" + header.encode() + b"\r\n\r\n")
    with serving(replying(reply)) as server:
        error = fails(slug, client, server.url)
    assert (type(error), error.retry_after) == (Unavailable, seconds)


@every_vendor
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_fault_of_the_account_and_never_followed(slug: str, status: int, client: Client) -> None:
    with serving(replying(answer(b"", f"{status} Moved", "Location: /login"))) as server:
        error = fails(slug, client, server.url)
    assert (type(error), error.failure) == (Misconfigured, Failure.ACCOUNT)
    assert len(server.requests) == 1


@every_vendor
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_a_fault_of_the_account(slug: str, status: int, client: Client) -> None:
    with serving(replying(answer(b"<html>", f"{status} No"))) as server:
        assert fails(slug, client, server.url).failure is Failure.ACCOUNT


# --- secrets --------------------------------------------------------------------------------------


def echo(server: Server, conn: socket.socket) -> None:
    """A vendor that quotes the whole request back, headers and all."""
    conn.sendall(answer(server.take(conn), "400 Bad Request"))


@every_vendor
def test_no_secret_stands_in_any_error(slug: str, client: Client) -> None:
    scripts = {**LEFT_IN_DOUBT, "an echo": echo}
    errors = [fails(slug, client, f"http://127.0.0.1:{closed_port()}")]
    for case, script in scripts.items():
        with serving(script) as server:
            errors.append(fails(slug, client, server.url, SHORT if case == "silence" else LONG))
    shown = " ".join(f"{error!r} {error.detail} {error.__cause__!r} {error.__context__!r}" for error in errors)
    hidden = secret_spellings(slug) | {sms(slug).to, sms(slug).to[1:], "004217"}
    assert [word for word in hidden if word in shown] == []


@every_vendor
def test_no_secret_and_no_code_stands_in_a_kept_exchange(slug: str) -> None:
    message = sms(slug, is_otp=True)
    hidden = (*sender(slug).secrets(), message.text, *(value for _, value in message.parameters))
    request = sender(slug).request(message)
    echoed = HttpResponse(400, {"x-echo": request.url}, request.body)
    for exchange in (request, echoed):
        shown = exchange_text(exchange, hidden)
        assert "[hidden]" in shown or not hidden
        assert [word for word in (*secret_spellings(slug), "004217") if word in shown] == []


@every_vendor
def test_every_call_goes_to_the_stored_address(slug: str) -> None:
    adapter = sender(slug, "https://vendor.example/base")
    requests = [adapter.request(sms(slug))]
    requests += [adapter.test_request()] if adapter.can_test else []
    requests += [adapter.poll_request(Asked(vendor_id="4711"))] if ReportChannel.POLL in adapter.reports else []
    for request in requests:
        assert isinstance(request, HttpRequest)
        assert request.url.startswith("https://vendor.example/base/")
