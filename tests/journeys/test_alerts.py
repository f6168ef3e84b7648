"""An alert's way out: the dispatcher posts it, signed, and says when it is over; sending goes on beside it."""

from __future__ import annotations

import hashlib
import hmac

from tests.simulators.receiver import Receiver
from tests.support.stack import ONE_WORKER
from tests.support.waiting import eventually

SECRET = "made-up-webhook-secret"
OTP = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."


def test_an_empty_account_is_told_to_the_webhook_and_so_is_its_end(stacks):
    with Receiver() as hook:
        stack = stacks(web_words=ONE_WORKER, ALERT_WEBHOOK_URL=hook.url, ALERT_WEBHOOK_SECRET=SECRET)
        stack.vendors.smsplus.fault("code", code="119")
        stack.send_sms("+994501234567", OTP)
        stack.send_sms("+40712345678", "Salut")
        eventually(lambda: stack.messages("to=40712345678")[0]["status"] == "sent")
        [opened] = hook.wait_for(1)

        assert (opened.method, opened.content_type) == ("POST", "application/json")
        assert (opened.json["key"], opened.json["change"]) == ("breaker:smsplus-az", "opened")
        assert (opened.json["severity"], opened.json["provider"]) == ("critical", "smsplus-az")
        assert "Top up" in opened.json["advice"]
        signed = f"{opened.headers['X-Sms-Desk-Timestamp']}.{opened.body}".encode()
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert opened.headers["X-Sms-Desk-Signature"] == f"sha256={expected}"

        stack.provision(TOPPED_UP)
        closed = hook.wait_for(2)[1]
        assert (closed.json["change"], closed.json["id"]) == ("closed", opened.json["id"])
        assert OTP not in opened.body + closed.body


# Staff act: with new credentials the provider may be called at once, without waiting for the probe.
TOPPED_UP = """
[[providers]]
slug = "smsplus-az"
vendor = "smsplus"
[providers.credentials]
token = "another-made-up-token"
"""
