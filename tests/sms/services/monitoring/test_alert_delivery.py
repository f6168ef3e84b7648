"""Alerts are delivered by e-mail and webhook: once per change, retried, in their own thread."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from providers.base import Failure, HttpRequest, HttpResponse, Unavailable
from sms.models import Alert, AlertNotice
from sms.services.database import clock
from sms.services.monitoring import alert_delivery, alerts
from tests.sms.services.fakes import Wire, error

SECRET = "made-up-webhook-secret"


@pytest.fixture
def hook(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """A webhook and a mail server."""
    settings.ALERT_EMAIL = ["staff@shop.example", "night@shop.example"]
    settings.ALERT_WEBHOOK_URL = "https://hook.example/alerts"
    settings.ALERT_WEBHOOK_SECRET = SECRET
    wire = Wire()
    monkeypatch.setattr(alert_delivery, "Client", lambda **_: wire)
    return wire


def open_one(key: str = "breaker:smsplus-az") -> None:
    words = {"title": "smsplus-az is not called: balance (119)", "advice": "Top up the account at the vendor."}
    alerts.open_alert(key, severity="critical", **words)


def posted(wire: Wire) -> list[dict[str, Any]]:
    return [json.loads(call.body) for call in wire.calls]


def make_due() -> None:
    AlertNotice.objects.exclude(due_at=None).update(due_at=clock.now() - timedelta(seconds=1))


def test_each_change_of_state_is_told_once_on_each_channel(hook):
    open_one()
    open_one()
    assert alert_delivery.deliver() == 2
    assert alert_delivery.deliver() == 0
    alerts.close_alert("breaker:smsplus-az")
    alerts.close_alert("breaker:smsplus-az")
    assert alert_delivery.deliver() == 2
    assert [told["change"] for told in posted(hook)] == ["opened", "closed"]
    assert [message.subject.partition(":")[0] for message in mail.outbox] == ["[SMS Desk] opened", "[SMS Desk] closed"]


def test_an_alert_that_opens_again_is_told_again(hook):
    for _ in range(2):
        open_one()
        alerts.close_alert("breaker:smsplus-az")
    alert_delivery.deliver()
    assert [told["change"] for told in posted(hook)] == ["opened", "closed"] * 2


def test_a_notice_says_what_is_wrong_what_to_do_and_where(hook, settings):
    settings.PUBLIC_URL = "https://desk.example"
    open_one()
    alert_delivery.deliver()
    [told] = posted(hook)
    assert told["opened_at"].endswith("Z")
    assert {key: told[key] for key in ("key", "severity", "title", "advice", "provider", "closed_at", "desk")} == {
        "key": "breaker:smsplus-az",
        "severity": "critical",
        "title": "smsplus-az is not called: balance (119)",
        "advice": "Top up the account at the vendor.",
        "provider": None,
        "closed_at": None,
        "desk": "https://desk.example/admin/sms/alert/",
    }
    [message] = mail.outbox
    assert message.to == ["staff@shop.example", "night@shop.example"]
    assert "Top up the account" in message.body
    assert "https://desk.example/admin/sms/alert/" in message.body


def test_the_webhook_is_signed_over_time_and_body(hook):
    open_one()
    alert_delivery.deliver()
    [call] = hook.calls
    headers = dict(call.headers)
    signed = headers["X-Sms-Desk-Timestamp"].encode() + b"." + call.body
    assert headers["X-Sms-Desk-Signature"] == "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert abs(int(headers["X-Sms-Desk-Timestamp"]) - clock.now().timestamp()) < 60


def test_without_a_secret_there_is_no_signature(hook, settings):
    settings.ALERT_WEBHOOK_SECRET = ""
    open_one()
    alert_delivery.deliver()
    assert "X-Sms-Desk-Signature" not in dict(hook.calls[0].headers)


def test_nothing_is_left_to_tell_where_no_channel_is_set(db):
    open_one()
    assert not AlertNotice.objects.exists()


@pytest.mark.parametrize(
    "answer", [HttpResponse(500), HttpResponse(302), error(Unavailable, Failure.TRANSIENT), RuntimeError("made up")]
)
def test_a_webhook_that_fails_is_tried_again_later_until_it_takes_it(hook, settings, answer):
    settings.ALERT_EMAIL = []
    hook.script("hook.example", answer)
    open_one()
    assert alert_delivery.deliver() == 0
    notice = AlertNotice.objects.get()
    assert (notice.told_at, notice.tries) == (None, 1)
    assert notice.last_error
    assert notice.due_at > clock.now()
    assert alert_delivery.deliver() == 0
    make_due()
    assert alert_delivery.deliver() == 1
    notice.refresh_from_db()
    assert (notice.tries, notice.due_at, notice.last_error) == (2, None, "")


def test_a_mail_server_that_fails_keeps_no_webhook_waiting(hook, monkeypatch):
    def fail(*_: Any) -> int:
        raise ConnectionRefusedError("made up")

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    open_one()
    assert alert_delivery.deliver() == 1
    assert len(hook.calls) == 1


def test_a_notice_is_given_up_after_a_day_and_the_alert_stays(hook, settings):
    settings.ALERT_EMAIL = []
    hook.always["hook.example"] = HttpResponse(500)
    open_one()
    AlertNotice.objects.update(tries=alert_delivery.MAX_TRIES - 1)
    alert_delivery.deliver()
    assert AlertNotice.objects.get().due_at is None
    assert Alert.objects.filter(closed_at=None).exists()
    assert (
        sum(alert_delivery.PAUSES[min(n, len(alert_delivery.PAUSES)) - 1] for n in range(1, alert_delivery.MAX_TRIES))
        >= 20 * 3600
    )


def test_two_processes_tell_a_notice_once(hook, settings):
    settings.ALERT_EMAIL = []
    open_one()

    def meanwhile(_: HttpRequest) -> HttpResponse:
        assert alert_delivery.deliver() == 0
        return HttpResponse(200)

    hook.script("hook.example", meanwhile)
    assert alert_delivery.deliver() == 1
    assert len(hook.calls) == 1


def test_opening_an_alert_calls_nobody(hook):
    hook.always["hook.example"] = RuntimeError("called from where it must not be")
    open_one()
    alerts.close_alert("breaker:smsplus-az")
    assert (hook.calls, mail.outbox) == ([], [])
