"""Asking vendors for the state of what they took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from providers.base import Receipts, Report, ReportState
from sms.models import Attempt

from . import clock, outbox, reports, snapshot
from .calls import Job, Poll, Result
from .gates import QueueSnapshot
from .snapshot import Account

GIVE_UP_AFTER = timedelta(hours=72)


def take(queue: QueueSnapshot, limit: int) -> list[Job]:
    """The polls that are due, up to so many."""
    if limit <= 0 or not queue.polls_due:
        return []
    accounts = [a for a in snapshot.current().accounts.values() if Receipts.POLL in a.adapter.receipts]
    # After an account fault nothing is asked: bad logins would only repeat.
    closed = {each.provider for each in queue.providers if each.is_open}
    return [poll for a in accounts if a.id not in closed and not a.paused for poll in _take_from(a, queue, limit)]


def _take_from(account: Account, queue: QueueSnapshot, limit: int) -> list[Job]:
    until = queue.now + timedelta(seconds=outbox.lease_seconds(account.timeout))
    taken = outbox.take_polls(account.id, now=queue.now, until=until, limit=limit)
    return [Poll(attempt, account, vendor_id, queue.asked + outbox.SLACK_SECONDS) for attempt, vendor_id in taken]


def settle(results: Sequence[Result]) -> None:
    """Take in the answers, and say when to ask next."""
    if not results:  # as after most turns: then the database need not be asked for its time
        return
    now = clock.now()
    for result in results:
        job = result.job
        attempt = Attempt.objects.filter(pk=job.attempt).first()
        if attempt is None:
            continue
        still = Attempt.objects.filter(pk=attempt.pk).exclude(reported=ReportState.DELIVERED)
        still.update(poll_at=_next(job.account, attempt, now))
        if isinstance(result.value, Report):
            reports.from_poll(job.account, attempt, result.value)


def _next(account: Account, attempt: Attempt, now: datetime) -> datetime | None:
    """The delays count from the vendor's acceptance; the last one repeats until 72 hours are over."""
    accepted_at = attempt.finished_at or attempt.started_at
    delays = account.adapter.poll_delays()
    if attempt.polls < len(delays):
        return max(accepted_at + timedelta(seconds=delays[attempt.polls]), now + timedelta(seconds=1))
    again = now + timedelta(seconds=delays[-1])
    return again if again - accepted_at <= GIVE_UP_AFTER else None
