"""A settled call, and the records of it: of its message, of its attempt, and of the decision about what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.base import Accepted, ReportChannel
from providers.marking import N_
from sms.domain.lifecycle import INTERNAL_FAULT, LEASE_OVER, OUTCOME_OF, NextStep, Outcome, Status, is_final
from sms.domain.status_descriptions import NOT_BEGUN
from sms.services.configuration.snapshot import Account
from sms.services.queue.echoes import can_poll
from sms.services.queue.jobs import Result, Send


@dataclass(frozen=True, slots=True)
class Settled:
    """One result, and the next step of its message."""

    result: Result
    job: Send
    step: NextStep
    crashes: int
    candidates: Sequence[Mapping[str, Any]] = ()
    """Those of the step after a failed call, each with its reason."""
    is_late: bool = False
    """True if the attempt had an outcome before: then this result changed nothing."""

    @property
    def detail(self) -> str:
        error = self.result.error
        return error.detail if error else self.result.crash

    @property
    def outcome(self) -> Outcome:
        if self.result.error is not None:
            return OUTCOME_OF[self.result.error.failure]
        return Outcome.UNAVAILABLE if self.result.surely_not_sent else Outcome.ACCEPTED

    @property
    def code(self) -> str:
        """The message's code."""
        error = self.result.error
        return (error.code if error else INTERNAL_FAULT if self.result.crash else "")[:64]

    @property
    def event(self) -> str | None:
        """The kind of the decision to record; None where the step follows from the attempt's outcome alone."""
        moves = self.step.provider not in (None, self.job.account.id)
        if self.step.status == _USUAL.get(self.outcome, Status.QUEUED) and not moves:
            return None
        if self.step.status == Status.QUEUED:
            return "failed_over" if moves else "repeated"
        return "given_up"


_USUAL = {Outcome.ACCEPTED: Status.SUBMITTED, Outcome.UNCONFIRMED: Status.UNCONFIRMED}
"""The states that follow from an outcome. After every other one the message waits for its provider."""


def record_of(s: Settled) -> dict[str, Any]:
    return _message_record(s) | attempt_record(s) | _event_record(s)


def _message_record(s: Settled) -> dict[str, Any]:
    message = s.job.message
    return {
        "message": message.id,
        "attempt": s.job.attempt,
        "status": s.step.status,
        "provider": s.step.provider or s.job.account.id,
        "delay": s.step.delay,
        "in_doubt": s.step.in_doubt,
        "repeats": message.repeats or s.job.attempt if s.step.repeats else None,
        "crashes": s.crashes,
        "is_otp": message.is_otp,
        "erases": message.is_otp and is_final(s.step.status, s.job.account.adapter.strongest),
        "message_code": s.code,
        "message_detail": s.detail,
    }


def _event_record(s: Settled) -> dict[str, Any]:
    if s.event is None:
        return {}
    here, decision = s.job.account.id, {"status": s.step.status, "code": s.code, "attempt": str(s.job.attempt)}
    moved = {"from": here, "to": s.step.provider or here, "candidates": list(s.candidates)}
    return {"event": s.event, "event_reason": _reason(s), "decision": decision | moved}


def _reason(s: Settled) -> str:
    if s.event == "repeated":
        return N_("{slug} sends a message once, however often its call is repeated.").format(slug=s.job.account.slug)
    if s.event == "given_up":
        return N_("No provider is left that may be called with it.") if s.candidates else N_("Our own code failed.")
    return N_("The attempt at {slug} ended with {code}.").format(slug=s.job.account.slug, code=s.code)


def attempt_record(s: Settled) -> dict[str, Any]:
    result = s.result
    record: dict[str, Any] = {"attempt": s.job.attempt, "poll_after": None}
    record |= dict.fromkeys(("vendor_message_id", "failure", "code", "detail"), "")
    record |= {key: getattr(result, key) for key in ("http_status", "raw_request", "raw_response")}
    if result.error is not None:
        error = result.error
        words = f"{error.detail}\n{result.crash}" if result.crash else error.detail
        return record | {
            "outcome": s.outcome,
            "failure": error.failure,
            "code": error.code[:64],
            "detail": words,
            "poll_after": _first_poll(s.job.account, "") if s.outcome is Outcome.UNCONFIRMED else None,
        }
    if result.surely_not_sent:
        code = LEASE_OVER if result.never_started else INTERNAL_FAULT
        words = result.crash or NOT_BEGUN
        return record | {"outcome": s.outcome, "code": code, "detail": words}
    accepted: Accepted = result.value
    return record | {
        "outcome": s.outcome,
        "code": accepted.code[:64],
        "detail": accepted.detail,
        "vendor_message_id": accepted.vendor_id[:128],
        "poll_after": _first_poll(s.job.account, accepted.vendor_id),
    }


def _first_poll(account: Account, vendor_id: str) -> float | None:
    """Seconds until the vendor is asked for the first time; None: never."""
    adapter = account.adapter
    is_known = can_poll(vendor_id) or not adapter.polls.needs_id
    delays = adapter.poll_delays() if ReportChannel.POLL in adapter.reports and is_known else ()
    return delays[0] if delays else None
