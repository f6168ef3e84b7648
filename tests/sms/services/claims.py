"""Claimed messages with their attempts, and the rows that a test compares before and after."""

from __future__ import annotations

from datetime import timedelta

from sms.models import Attempt, MessageEvent
from sms.services.database import clock

HOUR = timedelta(hours=1)
LOST = [
    {"lease_token": "another"},
    {"status": "unconfirmed"},
    {"status": "queued"},
    {"status": "submitted", "lease_token": None},
]
"""Columns of a message that its claim does not own any more."""
EVENT = {"event": "waits", "event_reason": "its breaker", "decision": {"to": 1}}


def claimed_message(shop, **columns):
    """A message in `sending` and its attempt; columns make it one that was lost."""
    if columns.get("lease_token") == "another":
        columns["lease_token"] = clock.new_id()
    token = clock.new_id()
    lease = {"status": "sending", "lease_token": token, "lease_until": clock.now() + HOUR, "attempts_made": 2}
    message = shop.message(**lease | columns)
    return message, attempt_of(message, id=token, lease_token=token, number=2)


def attempt_of(message, **columns):
    values = {"id": clock.new_id(), "lease_token": clock.new_id(), "number": 1, "started_at": clock.now()}
    return Attempt.objects.create(message=message, provider_id=message.provider_id, **values | columns)


def row(each):
    return type(each).objects.filter(pk=each.pk).values().get()


def rows(*each):
    return [row(one) for one in each]


def events():
    return list(MessageEvent.objects.values_list("message_id", "kind", "reason", "decision"))
