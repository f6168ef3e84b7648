"""An account and a message for each registered vendor; secrets that no error and no kept text may show."""

from __future__ import annotations

from typing import Any

from providers.base import OutboundSms, Sender
from providers.registry import SENDERS

TO = "+994501234567"
TEXT = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."

CREDENTIALS: dict[str, dict[str, str]] = {
    "accolades": {"account_number": "4711", "password": "pass word&+ü"},
    "etelecom": {"username": "shop", "password": 'p"ss\\w/rd'},
    "sandbox": {},
    "smsplus": {"token": "12|s3cr3tT0ken+/="},
}
SMS: dict[str, dict[str, Any]] = {
    "accolades": {"callback_url": "https://desk.example/webhooks/accolades/k3y"},
    "etelecom": {"vendor_template": "OTP_01", "parameters": (("otp", "004217"),), "to": "+84901234567"},
    "sandbox": {},
    "smsplus": {"sender": "AKINON", "vendor_template": "1432", "parameters": (("code", "004217"),)},
}


def sender(slug: str, base_url: str = "https://vendor.example", **options: Any) -> Sender:
    return SENDERS[slug](base_url=base_url, credentials=CREDENTIALS[slug], options=options)


def sms(slug: str, **changes: Any) -> OutboundSms:
    values: dict[str, Any] = {"reference": "0197-attempt", "to": TO, "text": TEXT, **SMS[slug], **changes}
    return OutboundSms(**values)
