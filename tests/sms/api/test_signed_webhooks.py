"""Callbacks of vendors that sign them, want an answer of their own, or send what no reader of fields understands."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from providers.base import Callback as RawCallback
from providers.base import MessageState, Reply, Report, ReportChannel
from providers.registry import SENDERS
from sms.models import Callback, DeliveryReport, Provider
from sms.services.configuration import snapshot
from sms.services.reports.receive import read_pending
from sms.services.webhooks import tokens
from tests.sms import cast

KEY = b"made-up-signing-key"
BODY = b"<report><id>V-1</id><state>delivered</state></report>"
SEEN: list[RawCallback] = []


class Signing(cast.FreeText):
    """Signs its URL, the time and the raw body; reports in XML; wants to hear "ACK/Signing"."""

    slug = "signing"
    reports = frozenset({ReportChannel.CALLBACK_REGISTERED})
    signed_headers = ("X-Signature", "X-Timestamp")

    def authentic(self, callback: RawCallback) -> bool:
        SEEN.append(callback)
        said = callback.headers.get("x-signature", "")
        return hmac.compare_digest(said, signature(callback.headers.get("x-timestamp", ""), callback.body))

    def reply(self, callback: RawCallback) -> Reply:
        return Reply(202, "text/plain", b"ACK/Signing")

    def read(self, callback: RawCallback) -> list[Report]:
        assert callback.headers["x-timestamp"] == "1764324000"
        assert callback.headers["content-type"] == "text/xml"
        assert callback.url == ""
        return [Report(MessageState.DELIVERED, vendor_id="V-1")] if b"<state>delivered" in callback.body else []


def signature(timestamp: str, body: bytes) -> str:
    return hmac.new(KEY, timestamp.encode() + b"|" + body, hashlib.sha256).hexdigest()


@pytest.fixture
def address(caller: Client, monkeypatch: pytest.MonkeyPatch, settings: Any) -> str:
    settings.PUBLIC_URL = "https://desk.example"
    monkeypatch.setitem(SENDERS, Signing.slug, Signing)
    provider = Provider.objects.create(slug="signing", vendor=Signing.slug)
    snapshot.reset_cache()
    SEEN.clear()
    return f"/webhooks/signing/{tokens.provider_token(provider.pk)}"


def post(caller: Client, address: str, body: bytes = BODY, **headers: str) -> Any:
    sent: Mapping[str, str] = {"X-Signature": signature("1764324000", BODY), "X-Timestamp": "1764324000", **headers}
    return caller.generic("POST", address, body, content_type="text/xml", headers=sent)


def test_a_signed_call_is_stored_with_what_the_signature_needs_and_answered_as_the_vendor_wants(caller, address):
    answer = post(caller, address)
    assert (answer.status_code, answer["Content-Type"], answer.content) == (202, "text/plain", b"ACK/Signing")
    stored = Callback.objects.get()
    assert stored.headers == f"x-signature: {signature('1764324000', BODY)}\nx-timestamp: 1764324000"
    assert bytes(stored.body) == BODY
    assert SEEN[0].url == f"https://desk.example{address}"


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Signature": ""},
        {"X-Signature": "0" * 64},
        {"X-Signature": "x" * 3000},
        {"X-Timestamp": "1764324001"},
        {"body": BODY + b" "},
    ],
)
def test_a_forged_call_is_answered_403_and_nothing_is_stored(caller, address, forged):
    headers = {name: value for name, value in forged.items() if name != "body"}
    answer = post(caller, address, forged.get("body", BODY), **headers)
    assert (answer.status_code, answer.content) == (403, b"")
    assert not Callback.objects.exists()


def test_the_adapter_reads_the_raw_call_later(caller, address):
    post(caller, address)
    assert read_pending() == 1
    report = DeliveryReport.objects.get()
    assert (report.status, report.vendor_message_id, report.is_waiting) == ("delivered", "V-1", True)


def test_a_call_in_which_the_adapter_finds_nothing_is_kept_with_a_note(caller, address):
    body = b"<report/>"
    post(caller, address, body, **{"X-Signature": signature("1764324000", body)})
    read_pending()
    assert Callback.objects.get().note == "no delivery report was found in it"


def test_an_equal_call_that_is_signed_anew_is_counted_once(caller, address):
    post(caller, address)
    later = {"X-Timestamp": "1764324060", "X-Signature": signature("1764324060", BODY)}
    assert post(caller, address, **later).status_code == 202
    assert Callback.objects.get().count == 2
