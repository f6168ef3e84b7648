"""Polls: asks vendors for the state of messages that they accepted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from providers.base import Asked, Failure, Report, ReportChannel
from providers.polls import matched
from sms.models import Attempt, ProviderState
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account
from sms.services.database import clock
from sms.services.database.bulk_sql import write_records
from sms.services.queue import outbox
from sms.services.queue.echoes import can_poll, echo_of
from sms.services.queue.jobs import Job, Poll, Result
from sms.services.queue.queue_state import QueueSnapshot
from sms.services.reports import apply, receive

from . import circuit_breaker

OF_A_QUEUE = 500
"""How many due attempts one call stands for that takes what a vendor has."""
AT_ONCE_AGAIN = timedelta(seconds=1)
"""Until the next call, if a vendor's queue was not empty."""
TOO_MANY_SECONDS = 60.0
"""Until the next call, if the vendor says that there were too many, and not until when."""


# --- asking ---------------------------------------------------------------------------------


def take(queue: QueueSnapshot, limit: int) -> list[Job]:
    """Claim polls that are due: up to `limit` calls over all providers."""
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
    polls = account.adapter.polls
    size = polls.at_once or OF_A_QUEUE
    calls = limit if polls.at_once and not polls.per_minute else 1
    if polls.per_minute and not _take_turn(account, queue.now, timedelta(minutes=1) / polls.per_minute):
        return []
    until = queue.now + timedelta(seconds=outbox.lease_seconds(account.timeout))
    taken = outbox.claim_polls(account.id, now=queue.now, until=until, limit=calls * size)
    attempts = Attempt.objects.filter(pk__in=taken).select_related("message").order_by("id") if taken else []
    not_after = queue.read_at + outbox.SLACK_SECONDS
    return [_poll(account, batch, not_after) for batch in _batches(list(attempts), size)]


def _take_turn(account: Account, now: datetime, interval: timedelta) -> bool:
    """Whether this dispatcher may make the next call, at a vendor that takes few: no other may within `interval`."""
    if not Attempt.objects.filter(provider=account.id, poll_at__lte=now).exists():
        return False
    is_free = Q(next_poll_at=None) | Q(next_poll_at__lte=now)
    return bool(ProviderState.objects.filter(is_free, provider=account.id).update(next_poll_at=now + interval))


def _batches(attempts: Sequence[Attempt], size: int) -> Iterator[Sequence[Attempt]]:
    return (attempts[first : first + size] for first in range(0, len(attempts), size))


def _poll(account: Account, attempts: Sequence[Attempt], not_after: float) -> Poll:
    return Poll(
        id=clock.new_id(),
        attempts=tuple(each.pk for each in attempts),
        asked=tuple(map(_asked, attempts)),
        account=account,
        not_after=not_after,
        echoes=tuple(echo_of(each.message) for each in attempts),
    )


def _asked(attempt: Attempt) -> Asked:
    return Asked(
        vendor_id=attempt.vendor_message_id if can_poll(attempt.vendor_message_id) else "",
        reference=str(attempt.repeats or attempt.pk),
        to=attempt.message.to,
        accepted_at=attempt.finished_at or attempt.started_at,
    )


# --- answers --------------------------------------------------------------------------------


def store_consumed(results: Sequence[Result]) -> None:
    """Store answers that vendors give only once, before anything else. It may be called again after an error."""
    for result in results:
        if result.consumed is not None and result.consumed.body:
            receive.store_answer(result.job.account.id, str(result.job.id), result.consumed)


def settle(results: Sequence[Result]) -> None:
    """Apply the answers, and set the time of each attempt's next poll. Stored answers are applied by their reader."""
    if not results:  # saves the query for the database's time
        return
    now = clock.now()
    for result in results:
        job, reports = result.job, result.value or []
        attempts = Attempt.objects.in_bulk(job.attempts)
        found = [] if job.account.adapter.polls.consumes else list(_found(job, attempts, reports))
        final = {attempt.pk for attempt, report in found if report.is_final}
        has_more = bool(reports) and job.account.adapter.polls.at_once is None
        # Final ones, too: if the database fails before their report is applied, the vendor is asked again.
        _set_next(
            [_schedule(job.account, each, now, has_more=has_more and pk not in final) for pk, each in attempts.items()]
        )
        apply.apply_polls(job.account, found)
        _set_next([{"attempt": each, "poll_at": None, "uncounted": 0} for each in final])
    _record_faults(results, now)


_NEXT_COLUMNS = {"attempt": "uuid", "poll_at": "timestamptz", "uncounted": "smallint"}
# A final report that came meanwhile has ended the asking.
_SET_NEXT = """
UPDATE sms_attempt SET poll_at = v.poll_at, polls = sms_attempt.polls - v.uncounted
FROM v WHERE sms_attempt.id = v.attempt AND sms_attempt.poll_at IS NOT NULL
"""


def _set_next(records: Sequence[Mapping[str, Any]]) -> None:
    write_records(_SET_NEXT, _NEXT_COLUMNS, records)


def _schedule(account: Account, attempt: Attempt, now: datetime, *, has_more: bool) -> dict[str, Any]:
    """When the attempt is asked for next. A call that took a part of a queue does not count."""
    again = _next(account, attempt, now)
    if again is None or not has_more:
        return {"attempt": attempt.pk, "poll_at": again, "uncounted": 0}
    return {"attempt": attempt.pk, "poll_at": now + AT_ONCE_AGAIN, "uncounted": min(attempt.polls, 1)}


def _found(
    job: Poll, attempts: dict[uuid.UUID, Attempt], reports: Sequence[Report]
) -> Iterator[tuple[Attempt, Report]]:
    """The reports with the attempts that they are about. One about anything else is dropped: it was not asked for."""
    by_reference = {asked.reference: pk for asked, pk in zip(job.asked, job.attempts, strict=True)}
    for report in reports:
        asked = matched(report, job.asked)
        attempt = attempts.get(by_reference[asked.reference]) if asked else None
        if attempt is not None:
            yield attempt, report


def _record_faults(results: Sequence[Result], now: datetime) -> None:
    """Record account faults for the breaker, because they concern every call. Other failures say nothing of sending."""
    faults = {result.job.account.id: result for result in results if result.failure == Failure.ACCOUNT}
    for result in faults.values():
        circuit_breaker.record_outcome(result.job.account, [result.error], was_probe=False)
    for result in results:
        if result.failure == Failure.TRANSIENT and result.job.account.adapter.polls.per_minute:
            seconds = min(result.error.retry_after or TOO_MANY_SECONDS, 3600.0)
            pause = ProviderState.objects.filter(provider=result.job.account.id)
            pause.update(next_poll_at=now + timedelta(seconds=seconds))


def _next(account: Account, attempt: Attempt, now: datetime) -> datetime | None:
    """The adapter's delays, counted from the vendor's acceptance. The last one repeats until `polls.until` after it."""
    accepted_at = attempt.finished_at or attempt.started_at
    delays = account.adapter.poll_delays()
    if attempt.polls < len(delays):
        again = max(accepted_at + timedelta(seconds=delays[attempt.polls]), now + timedelta(seconds=1))
    else:
        again = now + timedelta(seconds=delays[-1])
    return again if again - accepted_at <= account.adapter.polls.until else None
