"""Bugs put in on purpose, one at a time: a simulation that does not find them proves nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any
from unittest import mock

from providers.base import Failure, OutboundSms, Unavailable
from providers.wire import Call
from sms.domain import lifecycle
from sms.domain.lifecycle import NextStep, ReportEffect, Situation, Status, Try
from sms.domain.matching.index import Index
from sms.services.configuration.snapshot import TemplateSet
from sms.services.dispatch import claim, outcomes, rescue
from sms.services.intake import accept, insert
from sms.services.maintenance import restore
from sms.services.queue import outbox
from sms.services.queue.due import Due
from sms.services.reports import apply

from .vendors import SimulatedText

Bug = Callable[[], Any]


def without_part(module: Any, name: str, old: str, new: str) -> Any:
    """The statement without a part of it."""
    statement = getattr(module, name)
    assert old in statement, (name, old)
    return mock.patch.object(module, name, statement.replace(old, new))


def claim_that_takes_nothing() -> Any:
    """A claim leaves the message queued: the next dispatcher claims it, too."""
    return without_part(outbox, "_MARK_ON_SQLITE", "status = 'sending'", "status = 'queued'")


def lease_not_checked_at_settling() -> Any:
    owned = " AND sms_message.status = 'sending' AND sms_message.lease_token = v.attempt"
    return without_part(outcomes, "_SETTLE_MESSAGES", owned, "")


def report_against_the_lifecycle() -> Any:
    """Each report sets the state, whatever was reported before."""

    def after_report(*, report: str, **_: Any) -> ReportEffect:
        return ReportEffect(True, status=Status(report))

    return mock.patch.object(apply, "after_report", after_report)


def report_that_sends_again() -> Any:
    """Each bad report says that the message was not sent."""
    real = apply._apply_one
    return mock.patch.object(apply, "_apply_one", lambda batch, update: real(batch, replace(update, left=False)))


def ambiguous_taken_for_refused() -> Any:
    real = lifecycle.after_failure

    @wraps(real)
    def after_failure(now: Situation) -> NextStep:
        last = now.tries[-1]
        if last.failure == Failure.AMBIGUOUS:
            now = replace(now, tries=[*now.tries[:-1], Try(last.provider, Failure.RECIPIENT)])
        return real(now)

    return mock.patch("sms.services.dispatch.settle.after_failure", after_failure)


def timeout_taken_for_not_sent() -> Any:
    """What fails after the first byte counts as not sent."""

    def lost(call: Call, code: str, what: str) -> Unavailable:
        return call.not_sent(code, what)

    return mock.patch.object(Call, "lost", lost)


def retry_after_a_lost_lease() -> Any:
    """A message whose dispatcher died is queued again."""
    real = rescue.failed
    return mock.patch.object(rescue, "failed", lambda _, code, words: real(Failure.TRANSIENT, code, words))


def repeated_without_a_promise() -> Any:
    """An unconfirmed call is repeated at a vendor that takes the repeat for another message."""
    return mock.patch.object(SimulatedText, "repeats_are_safe", True)


def repeated_with_a_new_reference() -> Any:
    real = claim.outbound

    def outbound(due: Due, reference: uuid.UUID, *more: Any) -> OutboundSms:
        return real(due, claim.clock.new_id() if due.repeats else reference, *more)

    return mock.patch.object(claim, "outbound", outbound)


def tie_taken() -> Any:
    """Of two templates that match equally well the newer one is taken."""

    def newest(templates: TemplateSet, tied: Any, text: str) -> Any:
        key = max(tied.keys)
        return Index([(key, dict(templates.bodies)[key])]).match(text)

    return mock.patch.object(TemplateSet, "_newest", newest)


def idempotency_key_ignored() -> Any:
    return mock.patch.object(accept, "idempotency_keys", return_value=())


@contextmanager
def accepted_without_a_row() -> Iterator[None]:
    """A failed INSERT is answered as if it had been made."""
    real = insert.insert

    def insert_anyway(values: Mapping[str, Any], **more: Any) -> bool:
        try:
            return real(values, **more)
        except Exception:
            return True

    with mock.patch.object(insert, "insert", insert_anyway):
        yield


def restore_that_parks_nothing() -> Any:
    return mock.patch.object(restore, "_quarantine_batch", return_value=0)


BUGS: Sequence[Bug] = (
    claim_that_takes_nothing,
    lease_not_checked_at_settling,
    report_against_the_lifecycle,
    report_that_sends_again,
    ambiguous_taken_for_refused,
    timeout_taken_for_not_sent,
    retry_after_a_lost_lease,
    repeated_without_a_promise,
    repeated_with_a_new_reference,
    tie_taken,
    idempotency_key_ignored,
    accepted_without_a_row,
    restore_that_parks_nothing,
)
