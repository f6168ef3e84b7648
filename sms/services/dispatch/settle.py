"""Settles finished calls: decides each message's next state, stores it with the outcome, and updates the breakers."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Mapping, Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from providers.base import Accepted, Failure, ProviderError
from providers.marking import N_
from sms.domain.lifecycle import (
    LEASE_OVER,
    NextStep,
    Situation,
    Status,
    Try,
    after_failure,
)
from sms.domain.routing import judged_again
from sms.models import Attempt, MessageEvent
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account, Snapshot
from sms.services.database import clock
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts, metrics
from sms.services.queue import queue_state
from sms.services.queue.attempts import resolve_doubts, tries_of
from sms.services.queue.jobs import Result, Send
from sms.services.reports import apply, parts

from . import approval_doubt, balance, circuit_breaker, outcomes
from .approval_doubt import Doubts
from .eligibility import CRASHES_ALLOWED, candidates_of
from .settled import Settled, attempt_record, record_of

log = structlog.get_logger(__name__)

LAST_SUCCESS_EVERY = 5.0
"""Seconds between two updates of a provider's last success."""


def settle(results: Sequence[Result]) -> None:
    """Decide and store the next steps for a batch of finished sends, then update the breakers."""
    afterwards(write(decide(results)))


def decide(results: Sequence[Result]) -> list[Settled]:
    """The next step of each result's message."""
    failed = [result.job.message for result in results if result.error is not None]
    tries = tries_of(failed) if failed else {}
    facts = _read_facts() if failed else _Facts(snapshot.current())
    return [_follow_safely(result, tries.get(result.job.message.id, []), facts) for result in results]


def write(settled: list[Settled]) -> list[Settled]:
    """Store the outcomes of the calls and the next states of their messages. Returns what `afterwards` needs.

    One statement, and so one commit. Where a lease may be over, the note of the late answer belongs to that commit, and
    so do the ids of the parts, and the outcomes of earlier calls with a reference that the vendor had already.
    """
    if not settled:
        return []
    records = [record_of(s) for s in settled]
    part_ids = {s.job.attempt: ids for s in settled if len(ids := _part_ids(s.result)) > 1}
    known = [s.job for s in settled if s.job.message.repeats and _had_it(s.result)]
    doubtful = [s.job.message.id for s in settled if s.step.status == Status.UNCONFIRMED and s.job.message.in_doubt]
    may_be_late = any(s.job.lease_ends <= time.monotonic() for s in settled)
    with worker_transaction(savepoint=False) if may_be_late or part_ids or known or doubtful else nullcontext():
        open_attempts = outcomes.write(records)
        outcomes.accept_unconfirmed([job.message for job in known if job.attempt in open_attempts])
        for attempt in open_attempts & part_ids.keys():
            parts.add(attempt, part_ids[attempt])
        if doubtful:
            resolve_doubts(doubtful, clock.now())
        return _mark_late(settled, open_attempts)


def _part_ids(result: Result) -> tuple[str, ...]:
    """The vendor's ids of the parts of an accepted message; one id for all of them is the message's."""
    return tuple(dict.fromkeys(result.value.part_ids)) if isinstance(result.value, Accepted) else ()


def _had_it(result: Result) -> bool:
    return isinstance(result.value, Accepted) and result.value.repeated


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts that decide the step after a failed call. `closed`: providers that may not be called now, and why."""

    config: Snapshot
    closed: Mapping[int, str] = field(default_factory=dict)
    doubts: Doubts = approval_doubt.NONE


def _read_facts() -> _Facts:
    queue, config = queue_state.read_queue(), snapshot.current()
    doubts = approval_doubt.read_doubts() if queue.has_doubts else approval_doubt.NONE
    return _Facts(config, queue.closed_providers(config), doubts)


# --- next steps ------------------------------------------------------------------------------


def _follow_safely(result: Result, tries: list[Try], facts: _Facts) -> Settled:
    """The next step. If our own code fails, a message that may have been sent is unconfirmed, others are retried."""
    try:
        return _follow(result, tries, facts)
    except Exception as error:
        job = result.job
        log.error("settle.crashed", message=str(job.message.id), fault=type(error).__name__)
        if result.failure == Failure.AMBIGUOUS or isinstance(result.value, Accepted):
            return Settled(result, job, NextStep(Status.UNCONFIRMED, in_doubt=True), job.message.crashes)
        return _after_crash(result)


def _follow(result: Result, tries: list[Try], facts: _Facts) -> Settled:
    job = result.job
    message = job.message
    if result.error is not None:
        step, candidates = _after_error(job, result.error, tries, facts)
        return Settled(result, job, step, message.crashes, candidates)
    if result.never_started:
        return Settled(result, job, _back(job), message.crashes)
    if result.crash:
        return _after_crash(result)
    return Settled(result, job, NextStep(Status.SUBMITTED, job.account.id, in_doubt=message.in_doubt), message.crashes)


def _after_crash(result: Result) -> Settled:
    """The step after a failure of our own code when nothing was sent: a retry; after the third failure the end."""
    job = result.job
    in_doubt, crashes = job.message.in_doubt, job.message.crashes + 1
    gone = NextStep(Status.UNCONFIRMED if in_doubt else Status.FAILED, in_doubt=in_doubt)
    return Settled(result, job, gone if crashes >= CRASHES_ALLOWED else _back(job, delay=1.0), crashes)


def _back(job: Send, delay: float = 0.0) -> NextStep:
    """Nothing was sent: queue the message again at the same provider."""
    message = job.message
    return NextStep(Status.QUEUED, job.account.id, delay, message.in_doubt, repeats=message.repeats is not None)


def _after_error(
    job: Send, error: ProviderError, tries: list[Try], facts: _Facts
) -> tuple[NextStep, list[dict[str, Any]]]:
    """The step after a failed call, and the candidates for it."""
    message, config = job.message, facts.config
    kind = approval_doubt.kind_of(job, error)
    doubts = facts.doubts.with_refusal(job, kind)
    judged = config.check_providers(
        candidates_of(message),
        text=message.text,
        sender=message.sender,
        is_otp=message.is_otp,
        doubted=doubts.templates,
    )
    candidates = [candidate.provider for candidate in judged.eligible]
    if (error.failure == Failure.TRANSIENT or kind is not None) and job.account.id not in candidates:
        candidates.append(job.account.id)  # it may recover; until then the message waits
    doubted = {candidate.provider for candidate in judged.eligible if doubts.of(candidate, message.sender)}
    route = next((r for r in config.routes if r.id == message.decision.get("route")), None)
    closed = _closed(facts, job, error)
    all_tries = [*tries, Try(job.account.id, error.failure, kind is not None, message.repeats is not None)]
    situation = Situation(
        is_otp=message.is_otp,
        candidates=candidates,
        open_providers=frozenset(candidates) - closed.keys() - doubted,
        tries=all_tries,
        jitter=random.random(),  # noqa: S311  spreads retries; no secret hangs on it
        in_doubt=message.in_doubt,
        retry_after=error.retry_after,
        may_resend_unconfirmed=bool(route and route.resend_unconfirmed_otp),
        may_repeat=job.account.adapter.repeats_are_safe,
    )
    step = after_failure(situation)
    return step, judged_again(judged.candidates, all_tries, closed=closed, doubted=doubted, chosen=step.provider)


def _closed(facts: _Facts, job: Send, error: ProviderError) -> Mapping[int, str]:
    """The providers that may not be called, and why: an account or balance fault closes its provider at once."""
    if error.failure in (Failure.ACCOUNT, Failure.BALANCE):
        return {**facts.closed, job.account.id: N_("Its account may not send.")}
    return facts.closed


# --- writing ------------------------------------------------------------------------------------


def _mark_late(settled: list[Settled], open_attempts: set[uuid.UUID]) -> list[Settled]:
    if len(open_attempts) == len(settled):
        return settled
    _note_late(settled, open_attempts)
    return [replace(s, is_late=s.job.attempt not in open_attempts) for s in settled]


def _note_late(settled: Sequence[Settled], open_attempts: set[Any]) -> None:
    """Record answers that came after their lease ended as events for staff: they change no state.

    Any other attempt with an outcome was settled by this process, which did not learn that its commit succeeded.
    """
    closed = {s.job.attempt for s in settled} - open_attempts
    late = set(Attempt.objects.filter(pk__in=closed, code=LEASE_OVER).values_list("pk", flat=True)) if closed else ()
    at = clock.now()
    MessageEvent.objects.bulk_create(
        MessageEvent(
            message_id=s.job.message.id,
            at=at,
            kind="late_answer",
            detail={"attempt": str(s.job.attempt), **_late_words(s)},
        )
        for s in settled
        if s.job.attempt in late
    )


def _late_words(s: Settled) -> Mapping[str, Any]:
    record = attempt_record(s)
    return {key: record.get(key) for key in ("outcome", "code", "detail", "vendor_message_id")}


# --- afterwards -----------------------------------------------------------------------------------


def afterwards(settled: Sequence[Settled], *, in_trouble: Set[int] = frozenset()) -> None:
    """After the commit, update the breakers, and match reports that came before the vendor's id was known.

    `in_trouble`: providers whose last calls failed, so that a success resets the count.
    """
    metrics.attempted((s.job.account.slug, s.outcome) for s in settled if not s.is_late)
    by_provider: dict[int, list[Settled]] = {}
    for s in settled:
        if s.result.surely_not_sent:
            approval_doubt.give_probes_back(s.job.doubts)
        elif not s.result.is_guess:
            by_provider.setdefault(s.job.account.id, []).append(s)
    for group in by_provider.values():
        _record_outcomes(group, is_in_trouble=group[0].job.account.id in in_trouble)
    apply.match_waiting(
        (s.job.account.id, vendor_id)
        for s in settled
        if isinstance(s.result.value, Accepted)
        for vendor_id in {s.result.value.vendor_id, *s.result.value.part_ids} - {""}
    )


_success_noted: dict[int, float] = {}


def _record_outcomes(group: Sequence[Settled], *, is_in_trouble: bool) -> None:
    """Update the provider's doubts and breaker. If all calls succeeded, the breaker is updated only where its count of
    failures must be reset, or once in LAST_SUCCESS_EVERY seconds, to save writes."""
    account = group[0].job.account
    answers = [s.result.error for s in group]
    probes = [s.result.error for s in group if s.job.is_probe]
    for error in answers:
        if error is not None and error.failure == Failure.CONFIG and not _is_about_approval(account, error):
            _alert_misconfigured(account, error)
    approval_doubt.record_outcomes(account, [(s.job, s.result.error) for s in group])
    accepted = (s.result.value for s in group if isinstance(s.result.value, Accepted))
    balance.note(account, [value.balance for value in accepted if value.balance is not None])
    if probes:
        circuit_breaker.record_outcome(account, probes, was_probe=True)
    if any(error is not None for error in answers) or is_in_trouble or _is_news(account):
        circuit_breaker.record_outcome(account, answers, was_probe=False)


def _is_about_approval(account: Account, error: ProviderError) -> bool:
    return account.adapter.approval_in_doubt(error.failure, error.code) is not None


def _is_news(account: Account) -> bool:
    now = time.monotonic()
    if now - _success_noted.get(account.id, -LAST_SUCCESS_EVERY) < LAST_SUCCESS_EVERY:
        return False
    _success_noted[account.id] = now
    return True


def _alert_misconfigured(account: Account, error: ProviderError) -> None:
    alerts.open_alert(
        f"config:{account.slug}:{error.code}",
        title=N_("{slug} refuses messages as it is set up: {code}").format(slug=account.slug, code=error.code),
        advice=N_("{detail_text} Correct the provider, its sender names or its templates.").format(
            detail_text=error.detail
        ),
        provider_id=account.id,
    )
