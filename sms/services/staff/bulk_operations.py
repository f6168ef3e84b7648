"""Actions of staff on many messages: checked and stored by a web process, performed by a worker in batches.

Each message goes through the action for one message, in sms/services/staff/message_actions.py, so its rules hold. A
batch is one transaction: if a worker dies, none of it has happened, and the next worker does it.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import Error
from django.db.models import Prefetch

from providers.marking import N_
from sms.domain.lifecycle import Status
from sms.models import Attempt, Breaker, BulkOperation, Message, Provider
from sms.services.database import clock, uuid_range
from sms.services.database.transactions import worker_transaction
from sms.services.intake.block_list import blocked_of
from sms.services.queue import notify, outbox
from sms.services.queue.errors import ActionRefused

from . import message_actions, message_filters
from .message_filters import Messages

log = structlog.get_logger(__name__)

Kind, State = BulkOperation.Kind, BulkOperation.State

BATCH_SIZE = 50
MAX_CHECKED = 1000
"""How many messages are checked before an operation starts; the others are only counted."""
MAX_SEARCHED = 20_000
"""Among more messages the OTPs are not counted: no index tells them apart."""
MAX_REASONS = 20
_CHECKED = ("status", "in_doubt", "is_otp", "text", "sender", "to", "client", "attempts_before")
_LENGTH = re.compile(r"has [0-9]+ characters")
WAIT_FOR_CALLS = timedelta(seconds=60)
"""How long a move waits for the calls in progress, whose messages may return to the queue."""

STATES: Mapping[str, frozenset[Status]] = {
    Kind.MOVE: message_actions.MOVABLE,
    Kind.RESEND: frozenset({Status.FAILED, Status.UNDELIVERED, Status.EXPIRED}),
    Kind.CANCEL: message_actions.CANCELABLE,
    Kind.RESOLVE: frozenset({Status.UNCONFIRMED}),
}
"""The states in which a message is processed. Bulk operations never move or resend a message that may have been sent.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """The requested operation. `provider`: the target of a move, or of a resend that does not use the routes."""

    kind: str
    filters: Mapping[str, str]
    provider: int | None = None
    went_out: bool | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """`possible` of the `checked` messages can be processed now; `reasons` counts the others.

    `otps`: None where they are not counted.
    """

    total: int
    otps: int | None
    checked: int
    possible: int
    reasons: Mapping[str, int]


def selected(plan: Plan) -> Messages:
    """The messages that match the filters and are in a state for this kind of operation."""
    found = message_filters.narrow(plan.filters).filter(status__in=STATES[plan.kind])
    if plan.kind == Kind.MOVE:
        found = found.exclude(pinned_provider=plan.provider, provider=plan.provider)
    return found.order_by("id")


def preview(plan: Plan) -> Preview:
    """How many messages there are, and how many of the oldest could be processed now. Changes nothing."""
    found = selected(plan)
    total = found.order_by().count()
    otps = found.order_by().filter(is_otp=True).count() if total <= MAX_SEARCHED else None
    if plan.kind in (Kind.CANCEL, Kind.RESOLVE):
        return Preview(total, otps, total, total, {})
    attempts = Attempt.objects.only("message", "number", "provider", "outcome", "failure", "reported")
    rows = list(found.only(*_CHECKED).prefetch_related(Prefetch("attempts", attempts))[:MAX_CHECKED])
    blocked = blocked_of({message.to for message in rows})
    problems = [_problem(plan, message, blocked=message.to in blocked) for message in rows]
    reasons = Counter(filter(None, problems))
    possible = len(problems) - reasons.total()
    return Preview(total, otps, len(problems), possible, dict(reasons.most_common(MAX_REASONS)))


def _problem(plan: Plan, message: Message, *, blocked: bool) -> str:
    try:
        if plan.kind == Kind.MOVE:
            message_actions.require_movable(message, plan.provider or 0)
        if plan.kind == Kind.RESEND:
            message_actions.require_resendable(message)
        message_actions.require_allowed(message, blocked=blocked)
        message_actions.decide(message, plan.provider)
    except ActionRefused as refused:
        return _group(str(refused))
    return ""


def _group(problem: str) -> str:
    """Removes the length from a reason, so that texts of different lengths are counted together."""
    return _LENGTH.sub("has too many characters", problem)


# --- starting and stopping ------------------------------------------------------------------


def start(plan: Plan, *, actor: str, reason: str) -> BulkOperation:
    """Store the operation for a worker. Raises ActionRefused for an operation that can't be performed."""
    if not reason.strip():
        raise ActionRefused(N_("Enter a reason. It is stored with each message."))
    _require_complete(plan)
    now = clock.now()
    bounded = Plan(plan.kind, _bounded(plan.filters, now), plan.provider, plan.went_out)
    count = selected(bounded).count()
    if not count:
        raise ActionRefused(N_("No messages are left for this operation."))
    return BulkOperation.objects.create(
        kind=plan.kind,
        filters=dict(bounded.filters),
        provider_id=plan.provider,
        went_out=plan.went_out,
        reason=reason,
        actor=actor,
        expected=count,
        created_at=now,
    )


def _require_complete(plan: Plan) -> None:
    if plan.kind == Kind.RESOLVE and plan.went_out is None:
        raise ActionRefused(N_("Say whether the messages were sent."))
    if plan.kind == Kind.MOVE and plan.provider is None:
        raise ActionRefused(N_("Choose the provider to which the messages are to be moved."))
    if plan.provider is not None:
        _require_usable(Provider.objects.defer("credentials").select_related("state").get(pk=plan.provider))


def _require_usable(target: Provider) -> None:
    problem = ""
    if not target.enabled:
        problem = N_("disabled")
    elif target.paused:
        problem = N_("paused")
    elif target.state.breaker == Breaker.OPEN:
        problem = N_("suspended")
    if problem:
        raise ActionRefused(
            N_("{slug} is {problem_text}: messages would only wait there. Choose another provider.").format(
                slug=target.slug, problem_text=problem
            )
        )


def _bounded(filters: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Without the messages that are accepted after the start."""
    return {"last": str(uuid_range.min_id(now + timedelta(milliseconds=1))), **filters}


def stop(operation_id: int, *, actor: str) -> None:
    """End an operation after its current batch. Raises ActionRefused if it has ended."""
    unfinished = BulkOperation.objects.filter(pk=operation_id, finished_at=None)
    if not unfinished.update(state=State.STOPPED, finished_at=clock.now()):
        raise ActionRefused(N_("This operation has ended already."))
    log.info("bulk_operation.stopped", operation=operation_id, actor=actor)


# --- working ----------------------------------------------------------------------------------


def run_batch(limit: int = BATCH_SIZE) -> int:
    """Process the next batch of the oldest unfinished operation. Returns how many messages were processed."""
    with worker_transaction() as now:
        key = outbox.lock_bulk_operation()
        operation = BulkOperation.objects.get(pk=key) if key else None
        handled = _handle_next(operation, now, limit) if operation else 0
    if handled:
        notify.notify_workers()
    return handled


def _handle_next(operation: BulkOperation, now: datetime, limit: int) -> int:
    operation.state, operation.started_at = State.RUNNING, operation.started_at or now
    ids = list(_remaining(operation).values_list("pk", flat=True)[:limit])
    free = outbox.lock_free(ids, STATES[operation.kind])
    handled = 0
    for message in ids:
        if message not in free:
            break  # another transaction is changing it: the next batch begins with it
        _count(operation, _act(operation, message))
        operation.position = message
        handled += 1
    if not ids:
        _end_pass(operation, now)
    operation.save()
    return handled


def _remaining(operation: BulkOperation) -> Messages:
    found = selected(_plan_of(operation))
    if operation.position:
        found = found.filter(id__gt=operation.position)
    if operation.kind in (Kind.RESEND, Kind.RESOLVE):
        # Staff decided on the state that they saw. A message in a new state needs a new decision.
        found = found.filter(updated_at__lte=operation.created_at)
    return found


def _plan_of(operation: BulkOperation) -> Plan:
    return Plan(operation.kind, operation.filters, operation.provider_id, operation.went_out)


def _end_pass(operation: BulkOperation, now: datetime) -> None:
    """Finish. A move first waits for calls in progress, then goes through the queue again: they may have failed."""
    if operation.kind == Kind.MOVE and not operation.passes and operation.started_at:
        calls = message_filters.narrow(operation.filters).filter(status=Status.SENDING)
        if calls.exists() and now - operation.started_at < WAIT_FOR_CALLS:
            return
        operation.passes, operation.position = 1, None
        operation.skipped, operation.failed, operation.reasons = 0, 0, {}
        return
    operation.state, operation.finished_at = State.FINISHED, now
    log.info("bulk_operation.finished", operation=operation.pk, done=operation.done, skipped=operation.skipped)


def _act(operation: BulkOperation, message: uuid.UUID) -> str | None:
    """The reason why the message was skipped, "" if it was processed, None after an internal error."""
    try:
        ACTIONS[operation.kind](operation, message)
    except ActionRefused as refused:
        return _group(str(refused))
    except Error:
        raise  # the batch is repeated
    except Exception as error:
        log.error("bulk_operation.fault", operation=operation.pk, message=str(message), fault=type(error).__name__)
        return None
    return ""


def _count(operation: BulkOperation, problem: str | None) -> None:
    if problem is None:
        operation.failed += 1
    elif not problem:
        operation.done += 1
    else:
        operation.skipped += 1
        known = problem in operation.reasons or len(operation.reasons) < MAX_REASONS
        group = problem if known else N_("Other reasons")
        operation.reasons[group] = operation.reasons.get(group, 0) + 1


def _words(operation: BulkOperation) -> dict[str, str]:
    return {"actor": operation.actor, "reason": f"{operation.reason} (bulk operation {operation.pk})"}


def _resolve(operation: BulkOperation, message: uuid.UUID) -> None:
    message_actions.settle_unconfirmed(message, went_out=bool(operation.went_out), **_words(operation))


ACTIONS: Mapping[str, Callable[[BulkOperation, uuid.UUID], None]] = {
    Kind.MOVE: lambda each, m: message_actions.move(m, provider_id=each.provider_id, **_words(each)),
    Kind.RESEND: lambda each, m: message_actions.resend(m, provider_id=each.provider_id, **_words(each)),
    Kind.CANCEL: lambda each, m: message_actions.cancel(m, **_words(each)),
    Kind.RESOLVE: _resolve,
}
