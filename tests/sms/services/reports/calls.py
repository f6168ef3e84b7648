"""Calls of a vendor at the callback URL."""

from __future__ import annotations

from urllib.parse import urlencode

from sms.models import Message
from sms.services.reports import receive as reports_receive
from sms.services.webhooks import tokens


def call(attempt, **fields):
    """A form POST at the attempt's address."""
    values = {"id": str(attempt.pk), "state": "sent"} | fields
    receive(attempt.provider_id, attempt.pk, body=urlencode(values).encode())


def receive(provider_id, attempt_id, **more):
    """Store a call at the provider's or the attempt's address, and read it as a dispatcher would."""
    store(provider_id, attempt_id, **more)
    reports_receive.read_pending()


def store(provider_id, attempt_id, *, body=b"", method="POST", query=b"", content_type=""):
    key = tokens.attempt_token(provider_id, attempt_id) if attempt_id else tokens.provider_token(provider_id)
    reports_receive.store_callback(
        provider_id=provider_id,
        attempt_id=attempt_id,
        address=key,
        method=method,
        query=query,
        content_type=content_type,
        body=body,
        source="192.0.2.1",
    )


def status(message):
    return Message.objects.get(pk=message.pk).status
