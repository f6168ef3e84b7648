"""Tasks of every dispatcher beside sending: settling messages whose lease ended, expiring messages, heartbeats."""

from __future__ import annotations

from datetime import timedelta

import structlog

from providers.base import Failure, OutboundSms, failed
from providers.marking import N_
from sms.domain.lifecycle import LEASE_OVER, Status
from sms.models import Dispatcher, MessageEvent
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.database.transactions import worker_transaction
from sms.services.queue import outbox, redaction
from sms.services.queue.attempts import resolve_doubts
from sms.services.queue.due import Claimed
from sms.services.queue.jobs import Result, Send

from . import settle

log = structlog.get_logger(__name__)

AT_ONCE = 200
FORGET_DISPATCHERS_AFTER = timedelta(days=1)


def park_abandoned() -> int:
    """Settle messages whose lease has ended as unconfirmed calls: they may have been sent. Returns how many.

    None is queued again, except for an OTP whose route has `resend_unconfirmed_otp`, and where the vendor sends each
    reference once.
    """
    with worker_transaction() as now:
        found = outbox.lock_abandoned(now=now, limit=AT_ONCE)
        results = [_abandoned(each) for each in found]
        if results:
            settle.settle(results)
    if found:
        log.warning("lease.over", messages=len(found))
    return len(found)


def _abandoned(found: Claimed) -> Result:
    message = found.message
    account = snapshot.current().accounts[message.provider]
    sms = OutboundSms(reference=str(found.attempt), to=message.to, text=message.text or "", is_otp=message.is_otp)
    words = N_("The dispatcher that made this call was not heard of in time; the message may have gone out.")
    error = failed(Failure.AMBIGUOUS, LEASE_OVER, words)
    return Result(Send(message, found.attempt, account, sms, not_after=0.0, lease_ends=0.0), error=error, is_guess=True)


def expire() -> int:
    """Expire messages whose time to live is over, and erase the OTPs among them. Returns how many."""
    with worker_transaction() as now:
        ended = outbox.expire_messages(now=now, limit=AT_ONCE)
        MessageEvent.add_by_rule("expired", now, {message: _expired(in_doubt) for message, _, in_doubt in ended})
        resolve_doubts([message for message, _, in_doubt in ended if in_doubt], now)
        redaction.erase_messages([message for message, is_otp, _ in ended if is_otp])
    return len(ended)


def _expired(in_doubt: bool) -> dict[str, str]:
    return {"status": Status.UNCONFIRMED if in_doubt else Status.EXPIRED, "code": "expired"}


def beat(dispatcher: Dispatcher, in_flight: int) -> None:
    """Record that this dispatcher runs, and delete the rows of those that have not for a day."""
    dispatcher.seen_at, dispatcher.in_flight = clock.now(), in_flight
    dispatcher.save()  # an update first: the row may be there although its first insert seemed to fail
    Dispatcher.objects.filter(seen_at__lt=dispatcher.seen_at - FORGET_DISPATCHERS_AFTER).delete()
