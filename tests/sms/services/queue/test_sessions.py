"""Sessions: one log-in for all calls of a process, renewed when it ends, never shown."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from providers.answers import by_code, by_status, words_in
from providers.base import (
    Accepted,
    Call,
    Failure,
    HttpRequest,
    HttpResponse,
    Session,
    SessionExpired,
    Setting,
    Unavailable,
    Unconfirmed,
    failed,
)
from providers.registry import SENDERS
from sms.models import Alert, Attempt, ConfigurationStamp, Message, Provider, ProviderState
from sms.services.configuration import network_policy
from sms.services.queue import sessions
from sms.services.staff import provider_actions
from tests.sms.services.fakes import TextVendor, error

HOST = "session.example"
PASSWORD = "made-up-password"


class SessionVendor(TextVendor):
    """Wants a log-in, and a signature over the time and the nonce of each call."""

    slug = "sessionvendor"
    name = "Session vendor"
    credentials = (Setting("password", "Password", "The password.", secret=True),)
    needs_session = True

    def session_request(self):
        return HttpRequest("POST", f"{self.base_url}/login", (), self.credential.get("password", "").encode())

    def session_outcome(self, response):
        if response.status != 200:
            raise by_status(response)
        answer = json.loads(response.body)
        ends = datetime.now(UTC) + timedelta(seconds=answer["seconds"]) if "seconds" in answer else None
        return Session({"token": answer["token"]}, ends)

    def request(self, sms):
        signature = hashlib.sha256(f"{self.call.now}{self.call.nonce}{PASSWORD}".encode()).hexdigest()
        head = (("X-Token", self.call.session.secret["token"]), ("X-Signature", signature))
        return HttpRequest("POST", f"{self.base_url}/send", head, sms.text.encode(), hidden=(signature,))

    def outcome(self, response):
        if response.status == 401:
            raise SessionExpired
        return super().outcome(response)


class Vendor:
    """The vendor's side. It gives tokens one after the other; `lives` tells which of them it accepts."""

    def __init__(self, **answer):
        self.answer = answer
        self.logins = 0
        self.sent = []
        self.lives = lambda token: True
        self.refuses = None

    def __call__(self, request):
        if request.url.endswith("/login"):
            self.logins += 1
            return self.refuses or HttpResponse(200, {}, self._login())
        token = dict(request.headers)["X-Token"]
        if not self.lives(token):
            return HttpResponse(401, {}, f"{token} has expired".encode())
        self.sent.append(token)
        return HttpResponse(200, {}, b"")

    def _login(self):
        return json.dumps({"token": f"made-up-token-{self.logins}", **self.answer}).encode()


@pytest.fixture
def vendor(shop, wire, monkeypatch):
    monkeypatch.setitem(SENDERS, SessionVendor.slug, SessionVendor)
    monkeypatch.setattr(sessions, "_held", {})
    provider = Provider(slug="session", vendor="sessionvendor", base_url=f"https://{HOST}")
    provider.credentials = {"password": PASSWORD}
    provider.save()
    shop.set_route(provider)
    wire.always[HOST] = made = Vendor()
    return made


def states():
    return set(Message.objects.values_list("status", flat=True))


def test_one_log_in_serves_all_calls(shop, vendor, work):
    for number in range(8):
        shop.message(f"Salam {number}")
    work()
    assert (vendor.logins, len(vendor.sent), states()) == (1, 8, {"submitted"})


def test_an_expired_session_is_renewed_without_a_try(shop, vendor, work):
    shop.message()
    work()
    vendor.lives = lambda token: token != "made-up-token-1"
    for number in range(4):
        shop.message(f"Salam {number}")
    work()
    assert (vendor.logins, states(), Attempt.objects.count()) == (2, {"submitted"}, 5)
    assert ProviderState.objects.get(provider__slug="session").bad_calls == 0


def test_a_session_that_is_refused_at_once_is_a_fault_of_the_account(shop, vendor, work):
    vendor.lives = lambda token: False
    shop.message()
    work()
    state = ProviderState.objects.get(provider__slug="session")
    assert (vendor.logins, states(), state.breaker, state.breaker_code) == (2, {"queued"}, "open", "session_refused")


@pytest.mark.parametrize(("seconds", "used_for"), [(3600, 3570), (45, 15), (31, 10), (30, 10), (5, 10), (-60, 10)])
def test_a_session_is_renewed_before_its_end_but_not_by_each_call(shop, vendor, work, seconds, used_for):
    """One that soon ends is used all the same: should it end earlier, the vendor says so."""
    vendor.answer = {"seconds": seconds}
    before = time.monotonic()
    for number in range(4):
        shop.message(f"Salam {number}")
    work()
    [held] = sessions._held.values()
    assert used_for - 1 < held.renew_at - before < used_for + time.monotonic() - before + 1
    held.renew_at = math.inf
    shop.message("Salam 5")
    work()
    assert vendor.logins == 1
    held.renew_at = time.monotonic()
    shop.message("Salam 6")
    work()
    assert (vendor.logins, len(vendor.sent)) == (2, 6)


def test_a_provider_and_a_partner_with_one_id_have_sessions_of_their_own(shop, vendor, work, wire):
    shop.message()
    work()
    provider = Provider.objects.get(slug="session")

    class Partner(SessionVendor):
        slug = "anotherslug"

    adapter = Partner(base_url=f"https://{HOST}", credentials={"password": PASSWORD}, options={})
    account = SimpleNamespace(id=provider.pk, slug="partner", adapter=adapter, timeout=5)
    sessions.get(account, wire, time.monotonic() + 60, None)
    shop.message("Salam 2")
    work()
    assert vendor.logins == 2


FAILED = [
    (HttpResponse(401), "account", "open"),
    (HttpResponse(403), "account", "open"),
    (HttpResponse(400), "account", "open"),
    (HttpResponse(429), "transient", "closed"),
    (HttpResponse(500), "transient", "closed"),
    (HttpResponse(200, {}, b"no JSON"), "transient", "closed"),
]


@pytest.mark.parametrize(("answer", "failure", "breaker"), FAILED)
def test_a_failed_log_in_sends_nothing_and_is_not_repeated_by_each_message(
    shop, vendor, work, answer, failure, breaker
):
    vendor.refuses = answer
    for number in range(4):
        shop.message(f"Salam {number}")
    work()
    assert (vendor.sent, states()) == ([], {"queued"})
    assert {each.failure for each in Attempt.objects.all()} == {failure}
    assert ProviderState.objects.get(provider__slug="session").breaker == breaker
    assert vendor.logins == 1


@pytest.mark.parametrize("fault", [error(Unavailable, Failure.TRANSIENT), error(Unconfirmed, Failure.AMBIGUOUS)])
def test_a_log_in_that_breaks_off_leaves_no_doubt(shop, vendor, wire, work, fault):
    wire.script(HOST, fault)
    shop.message()
    work()
    assert (states(), Attempt.objects.get().failure) == ({"queued"}, "transient")


def test_new_credentials_need_a_new_log_in(shop, vendor, work):
    shop.message()
    work()
    provider = Provider.objects.get(slug="session")
    provider.credentials = {"password": "another-made-up-password"}
    provider.save()
    ConfigurationStamp.touch()
    shop.message("Salam 2")
    work()
    assert vendor.logins == 2


def test_tokens_and_derived_secrets_are_never_shown(shop, vendor, work, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.lives = lambda token: token != "made-up-token-1"
    shop.message()
    work()
    attempt = Attempt.objects.get()
    shown = Session({"token": "made-up-token-2"})
    kept = f"{attempt.raw_request}{attempt.raw_response}{attempt.detail}{caplog.text}{shown}"
    assert "X-Token: [hidden]" in attempt.raw_request
    assert "X-Signature: [hidden]" in attempt.raw_request
    assert "made-up-token" not in kept
    assert PASSWORD not in kept


def test_a_token_that_our_own_code_fails_on_is_never_shown(shop, vendor, work, caplog, monkeypatch):
    monkeypatch.setattr(
        SessionVendor, "session_outcome", lambda self, response: int(json.loads(response.body)["token"])
    )
    shop.message()
    work()
    attempt = Attempt.objects.get()
    assert (attempt.code, "not sent" in attempt.detail) == ("internal_fault", True)
    logged = [record.getMessage() for record in caplog.records]
    assert any("log_in.crashed" in line for line in logged)
    assert "made-up-token" not in f"{attempt.detail}{Message.objects.get().detail}{logged}"


def test_a_remembered_failure_holds_no_traceback_of_calls(shop, vendor, work):
    vendor.refuses = HttpResponse(500)
    for number in range(30):
        shop.message(f"Salam {number}")
    work()
    [held] = sessions._held.values()
    assert vendor.logins == 1
    assert len(traceback.extract_tb(held.error.__traceback__)) < 10


QUOTED = [
    ("login", f"The password {PASSWORD} is wrong."),
    ("send", f"No right for {PASSWORD}"),
    ("send", f"No right for {PASSWORD.upper()}."),
    ("send", "The token made-up-token-1 has no right."),
    ("send", f"{'x' * 180} {PASSWORD}"),
]


@pytest.mark.parametrize(("where", "words"), QUOTED)
def test_a_secret_that_the_vendor_quotes_is_hidden(shop, vendor, work, caplog, monkeypatch, where, words):
    caplog.set_level(logging.DEBUG)

    def refuse(self, response):
        raise by_code({}, "bad", response, refused=True, said=words_in(words))

    monkeypatch.setattr(SessionVendor, "session_outcome" if where == "login" else "outcome", refuse)
    shop.message()
    work()
    state = ProviderState.objects.get(provider__slug="session")
    alerts = list(Alert.objects.values_list("title", "advice"))
    kept = f"{Attempt.objects.get().detail}{state.last_error_detail}{state.breaker_detail}{alerts}{caplog.text}".lower()
    assert "[hidden]" in kept
    assert PASSWORD[:7] not in kept


DERIVED = "made-up-derived-secret"


class DerivingVendor(SessionVendor):
    """Sends a secret that it derives for each request."""

    slug = "derivingvendor"
    can_test = True

    def session_request(self):
        return replace(super().session_request(), hidden=(DERIVED,))

    def test_request(self):
        return HttpRequest("GET", f"{self.base_url}/ping", (("X-Token", "t"),), hidden=(DERIVED,))

    def request(self, sms):
        return replace(super().request(sms), hidden=(DERIVED,))


def quoting(code, detail):
    def refuse(self, response):
        raise failed(Failure.CONFIG, code, detail)

    return refuse


@pytest.mark.parametrize("secret", [DERIVED, PASSWORD])
@pytest.mark.parametrize(
    ("method", "made"),
    [
        ("session_outcome", lambda said: quoting("bad", said)),
        ("session_outcome", lambda said: quoting(said, "no")),
        ("outcome", lambda said: quoting("bad", said)),
        ("outcome", lambda said: quoting(said, "no")),
        ("outcome", lambda said: lambda self, response: Accepted(code=said)),
        ("outcome", lambda said: lambda self, response: Accepted(detail=said)),
    ],
)
def test_no_secret_that_the_vendor_quotes_is_stored(shop, vendor, work, monkeypatch, secret, method, made):
    monkeypatch.setitem(SENDERS, SessionVendor.slug, DerivingVendor)
    monkeypatch.setattr(DerivingVendor, method, made(f"no right for {secret}"))
    shop.message()
    work()
    attempt, state = Attempt.objects.get(), ProviderState.objects.get(provider__slug="session")
    alerts = list(Alert.objects.values_list("title", "advice"))
    kept = f"{attempt.code} {attempt.detail} {state.last_error_code} {state.last_error_detail} {alerts}"
    assert "[hidden]" in kept
    assert secret not in f"{kept} {attempt.raw_response} {Message.objects.get().detail}"


@pytest.mark.parametrize("secret", [DERIVED, PASSWORD])
@pytest.mark.parametrize("needs_session", [True, False])
@pytest.mark.parametrize("made", [lambda said: quoting("bad", said), lambda said: quoting(said, "no")])
def test_a_test_of_the_connection_stores_no_derived_secret(
    shop, vendor, wire, monkeypatch, secret, needs_session, made
):
    monkeypatch.setitem(SENDERS, SessionVendor.slug, DerivingVendor)
    monkeypatch.setattr(DerivingVendor, "needs_session", needs_session)
    monkeypatch.setattr(DerivingVendor, "session_outcome" if needs_session else "test_outcome", made(f"no {secret}"))
    monkeypatch.setattr(network_policy, "client", lambda: wire)
    with pytest.raises(provider_actions.ActionRefused) as refused:
        provider_actions.test_connection(Provider.objects.get(slug="session").pk, actor="staff")
    assert secret not in f"{refused.value}{ProviderState.objects.get(provider__slug='session').last_test_detail}"


def test_an_accepted_test_of_the_connection_stores_no_secret(shop, vendor, wire, monkeypatch):
    monkeypatch.setitem(SENDERS, SessionVendor.slug, DerivingVendor)
    monkeypatch.setattr(DerivingVendor, "needs_session", False)
    monkeypatch.setattr(DerivingVendor, "test_outcome", lambda self, response: f"Hello {PASSWORD} {DERIVED}")
    monkeypatch.setattr(network_policy, "client", lambda: wire)
    said = provider_actions.test_connection(Provider.objects.get(slug="session").pk, actor="staff")
    assert said == ProviderState.objects.get(provider__slug="session").last_test_detail == "Hello [hidden] [hidden]"


def test_the_connection_is_tested_by_a_log_in(shop, vendor, wire, monkeypatch):
    monkeypatch.setattr(network_policy, "Client", lambda **_: wire)
    provider = Provider.objects.get(slug="session")
    assert provider_actions.test_connection(provider.pk, actor="staff") == "The vendor accepted the log-in."
    vendor.refuses = HttpResponse(401)
    with pytest.raises(provider_actions.ActionRefused):
        provider_actions.test_connection(provider.pk, actor="staff")


def test_a_test_of_the_connection_shows_no_secret_that_the_vendor_quotes(shop, vendor, wire, monkeypatch):
    def refuse(self, response):
        raise by_code({}, "bad", response, refused=True, said=f"The password {PASSWORD} is wrong.")

    monkeypatch.setattr(network_policy, "Client", lambda **_: wire)
    monkeypatch.setattr(SessionVendor, "session_outcome", refuse)
    with pytest.raises(provider_actions.ActionRefused) as refused:
        provider_actions.test_connection(Provider.objects.get(slug="session").pk, actor="staff")
    assert PASSWORD not in f"{refused.value}{ProviderState.objects.get(provider__slug='session').last_test_detail}"


def test_with_equal_calls_an_adapter_builds_equal_requests(shop):
    adapter = SessionVendor(base_url=f"https://{HOST}", credentials={"password": PASSWORD}, options={})
    message = type("Sms", (), {"text": "Salam"})
    now = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    calls = [Call(now, nonce, Session({"token": "t"})) for nonce in ("a", "a", "b")]
    first, second, third = (adapter.for_call(call).request(message) for call in calls)
    assert first == second != third
    assert adapter.call == Call()


def test_each_call_has_the_time_and_a_nonce_of_its_own():
    first, second = sessions.new_call(), sessions.new_call()
    assert first.nonce != second.nonce
    assert len(first.nonce) == 32
    assert abs(datetime.now(UTC) - first.now) < timedelta(minutes=1)
