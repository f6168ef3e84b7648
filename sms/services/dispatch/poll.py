"""Polls: asks vendors for the state of messages that they accepted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from providers.base import Failure, Report, ReportChannel
from sms.domain.echoes import ERASED, Echo
from sms.models import Attempt
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.database import clock
from sms.services.queue import outbox
from sms.services.queue.echoes import echo_of
from sms.services.queue.jobs import Job, Poll, Result
from sms.services.queue.queue_state import QueueSnapshot
from sms.services.reports import apply

from . import circuit_breaker

GIVE_UP_AFTER = timedelta(hours=72)


def take(queue: QueueSnapshot, limit: int) -> list[Job]:
    """Claim polls that are due, up to `limit` over all providers."""
    if limit <= 0 or not queue.polls_due:
        return []
    accounts = [a for a in snapshot.current().accounts.values() if ReportChannel.POLL in a.adapter.reports]
    # After an account fault nothing is asked: bad logins would only repeat.
    closed = {each.provider for each in queue.providers if each.is_open}
    jobs: list[Job] = []
    for account in accounts:
        if account.id not in closed and account.may_be_called and len(jobs) < limit:
            jobs += _take_from(account, queue, limit - len(jobs))
    return jobs


def _take_from(account: Account, queue: QueueSnapshot, limit: int) -> list[Job]:
    until = queue.now + timedelta(seconds=outbox.lease_seconds(account.timeout))
    taken = outbox.claim_polls(account.id, now=queue.now, until=until, limit=limit)
    echoes = _echoes(attempt for attempt, _ in taken)
    not_after = queue.read_at + outbox.SLACK_SECONDS
    return [Poll(attempt, account, vendor_id, not_after, echoes.get(attempt, ERASED)) for attempt, vendor_id in taken]


def _echoes(attempts: Iterable[uuid.UUID]) -> dict[uuid.UUID, Echo]:
    found = Attempt.objects.filter(pk__in=list(attempts)).select_related("message")
    columns = (f"message__{name}" for name in ("to", "text", "parameters"))
    return {attempt.pk: echo_of(attempt.message) for attempt in found.only(*columns)}


def settle(results: Sequence[Result]) -> None:
    """Apply the answers, and set the time of each attempt's next poll."""
    if not results:  # saves the query for the database's time
        return
    now = clock.now()
    for result in results:
        job = result.job
        attempt = Attempt.objects.filter(pk=job.attempt).first()
        if attempt is None:
            continue
        report = result.value if isinstance(result.value, Report) else None
        again = None if report and report.is_final else _next(job.account, attempt, now)
        # A final report that came meanwhile has ended the asking.
        Attempt.objects.filter(pk=attempt.pk, poll_at__isnull=False).update(poll_at=again)
        if report:
            apply.apply_poll(job.account, attempt, report)
    _record_account_faults(results)


def _record_account_faults(results: Sequence[Result]) -> None:
    """Record account faults for the breaker, because they concern every call. Other failures say nothing of sending."""
    faults = {result.job.account.id: result for result in results if result.failure == Failure.ACCOUNT}
    for result in faults.values():
        circuit_breaker.record_outcome(result.job.account, [result.error], was_probe=False)


def _next(account: Account, attempt: Attempt, now: datetime) -> datetime | None:
    """The adapter's delays, counted from the vendor's acceptance. The last one repeats until 72 hours after it."""
    accepted_at = attempt.finished_at or attempt.started_at
    delays = account.adapter.poll_delays()
    if attempt.polls < len(delays):
        return max(accepted_at + timedelta(seconds=delays[attempt.polls]), now + timedelta(seconds=1))
    again = now + timedelta(seconds=delays[-1])
    return again if again - accepted_at <= GIVE_UP_AFTER else None
