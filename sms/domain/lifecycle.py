"""The states of a message, how delivery reports change them, and what follows a failed attempt.

The table "Classes of failure" in docs/adding-a-vendor.md describes the rules for failed attempts.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from providers.base import Failure, MessageState
from providers.marking import N_


class Status(StrEnum):
    QUEUED = N_("queued")
    HELD = N_("held")
    SENDING = N_("sending")
    UNCONFIRMED = N_("unconfirmed")
    SUBMITTED = N_("submitted")
    SENT = N_("sent")
    DELIVERED = N_("delivered")
    UNDELIVERED = N_("undelivered")
    FAILED = N_("failed")
    EXPIRED = N_("expired")
    CANCELED = N_("canceled")


class Outcome(StrEnum):
    """The outcome of one call. An attempt in flight has none."""

    ACCEPTED = N_("accepted")
    REFUSED = N_("refused")
    MISCONFIGURED = N_("misconfigured")
    UNAVAILABLE = N_("unavailable")
    UNCONFIRMED = N_("unconfirmed")


class ReportState(StrEnum):
    """A delivery report's status in the API and in the lists of the admin."""

    SENT = N_("sent")
    DELIVERED = N_("delivered")
    UNDELIVERED = N_("undelivered")
    UNKNOWN = N_("unknown")


REPORT_STATE: Mapping[MessageState, ReportState] = {
    MessageState.ACCEPTED: ReportState.UNKNOWN,
    MessageState.SENT: ReportState.SENT,
    MessageState.DELIVERED: ReportState.DELIVERED,
    MessageState.UNDELIVERED: ReportState.UNDELIVERED,
    MessageState.EXPIRED: ReportState.UNDELIVERED,
    MessageState.REJECTED: ReportState.UNDELIVERED,
    MessageState.UNKNOWN: ReportState.UNKNOWN,
}
BAD_REPORTS = frozenset(state for state, shown in REPORT_STATE.items() if shown is ReportState.UNDELIVERED)

OUTCOME_OF: Mapping[Failure, Outcome] = {
    Failure.RECIPIENT: Outcome.REFUSED,
    Failure.CONTENT: Outcome.REFUSED,
    Failure.CONFIG: Outcome.MISCONFIGURED,
    Failure.ACCOUNT: Outcome.MISCONFIGURED,
    Failure.BALANCE: Outcome.MISCONFIGURED,
    Failure.TRANSIENT: Outcome.UNAVAILABLE,
    Failure.AMBIGUOUS: Outcome.UNCONFIRMED,
}

LEASE_OVER, INTERNAL_FAULT = "lease_over", "internal_fault"
OUR_FAULTS = (LEASE_OVER, INTERNAL_FAULT)
"""The codes of attempts that say nothing of the vendor: not settled within the lease, or ended by our own code."""

FINAL: Set[Status] = {Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.CANCELED}
"""States that only a report or staff can change. `submitted` and `sent` are final if the vendor reports no more."""

PERMANENT: Set[Failure] = {Failure.RECIPIENT, Failure.CONTENT, Failure.CONFIG}
"""After these, the provider is not tried again for this message, unless the vendor contradicted an approval."""


def is_final(status: Status, strongest: str) -> bool:
    """Whether no further state is expected from a vendor that reports at most the state `strongest`."""
    return status in FINAL or status == strongest


# --- reports ----------------------------------------------------------------------

_RANK_OF_REPORT: Mapping[str, int] = {
    "": 0,
    MessageState.UNKNOWN: 0,
    MessageState.ACCEPTED: 1,
    MessageState.SENT: 2,
    **dict.fromkeys(BAD_REPORTS, 3),
    MessageState.DELIVERED: 4,
}
# A canceled message has none: no report changes it.
_RANK: Mapping[Status, int] = {
    Status.HELD: 0,
    Status.QUEUED: 0,
    Status.SENDING: 1,
    Status.FAILED: 2,
    Status.EXPIRED: 2,
    Status.UNCONFIRMED: 2,
    Status.SUBMITTED: 3,
    Status.SENT: 4,
    Status.UNDELIVERED: 5,
    Status.DELIVERED: 6,
}


@dataclass(frozen=True, slots=True)
class ReportEffect:
    """The effect of a report. `status` is the message's new state, or None if only the attempt changes."""

    applied: bool
    reason: str = ""
    status: Status | None = None
    moves_on: bool = False
    alerts: bool = False


def after_report(
    *,
    status: Status,
    is_latest: bool,
    reported: str,
    report: MessageState,
    means_not_sent: bool = False,
    another_is_left: bool = False,
) -> ReportEffect:
    """What a report on one attempt does to its message.

    `reported` is the attempt's strongest report so far. `means_not_sent`: the report states that the message was not
    sent. `another_is_left`: another provider could be tried, and the message has not expired.
    """
    if report == MessageState.UNKNOWN:
        return ReportEffect(False, N_("the vendor's state is not one that we know"))
    if not rises(reported, report):
        return ReportEffect(
            False, N_("this attempt was already reported {reported_text}").format(reported_text=reported)
        )
    if status == Status.CANCELED:
        return ReportEffect(False, N_("the message was canceled by staff"))
    if report in BAD_REPORTS:
        return _after_bad_report(status, is_latest, reported, means_not_sent, another_is_left)
    return _after_good_report(status, Status.SUBMITTED if report == MessageState.ACCEPTED else Status(report))


def rises(reported: str, report: MessageState) -> bool:
    """Whether a report says more than the strongest one so far: none moves backwards."""
    return _RANK_OF_REPORT[report] > _RANK_OF_REPORT[reported]


def _after_good_report(status: Status, wanted: Status) -> ReportEffect:
    """A good report about any attempt is applied if it improves the message's state."""
    if _RANK[status] >= _RANK[wanted]:
        return ReportEffect(True, N_("the message is {status_text} already").format(status_text=status))
    return ReportEffect(True, status=wanted, alerts=status in (Status.FAILED, Status.EXPIRED))


def _after_bad_report(
    status: Status, is_latest: bool, reported: str, means_not_sent: bool, another_is_left: bool
) -> ReportEffect:
    if not is_latest:
        return ReportEffect(True, N_("a later attempt decides"))
    if status == Status.QUEUED:
        return ReportEffect(True, N_("the message waits for its next attempt"))
    if _RANK[status] >= _RANK[Status.UNDELIVERED]:
        return ReportEffect(True, N_("the message is {status_text} already").format(status_text=status))
    never_on_its_way = means_not_sent and reported in ("", MessageState.ACCEPTED)
    surely_not_sent = never_on_its_way and status not in (Status.FAILED, Status.EXPIRED)
    if surely_not_sent and another_is_left:
        if status == Status.SENT:  # by another attempt, so that a call more would send it twice
            return ReportEffect(True, N_("the message is {status_text} already").format(status_text=status))
        return ReportEffect(True, status=Status.QUEUED, moves_on=True)
    return ReportEffect(True, status=Status.UNDELIVERED, alerts=status in (Status.FAILED, Status.EXPIRED))


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of one call. Several calls with one reference send the message once."""

    reference: Hashable
    provider: int
    outcome: str | None
    reported: str


def known_state(calls: Iterable[CallFacts]) -> tuple[Status, int] | None:
    """The best state that these calls gave the message, and that call's provider; None if it is not known.

    `calls` are in order. Only those after the last one in doubt count; it is `undelivered` if none was in doubt and
    each that may have sent it was reported so.
    """
    references: dict[Hashable, list[CallFacts]] = {}
    for call in calls:
        references.setdefault(call.reference, []).append(call)
    found: dict[Status, int] = {}
    for group in reversed(references.values()):
        state = _state_of(group)
        if state is Status.UNCONFIRMED:
            found.pop(Status.UNDELIVERED, None)
            break
        if state is not None:
            found.setdefault(state, group[-1].provider)
    return next(((state, found[state]) for state in _BEST_FIRST if state in found), None)


_BEST_FIRST = (Status.DELIVERED, Status.SENT, Status.SUBMITTED, Status.UNDELIVERED)


def _state_of(calls: Collection[CallFacts]) -> Status | None:
    """What is known of a message by the calls with one reference; None if none of them can have sent it."""
    reported, outcomes = {call.reported for call in calls}, {call.outcome for call in calls}
    for good in (Status.DELIVERED, Status.SENT):
        if good in reported:
            return good
    if reported & BAD_REPORTS:
        return Status.UNDELIVERED
    if Outcome.ACCEPTED in outcomes or MessageState.ACCEPTED in reported:
        return Status.SUBMITTED
    return Status.UNCONFIRMED if outcomes & {None, Outcome.UNCONFIRMED} else None


# --- what follows a failed attempt ---------------------------------------------------

BACKOFF_OTP = (0.5, 1.0, 2.0, 4.0, 8.0)
BACKOFF = (5.0, 15.0, 45.0, 120.0, 300.0, 600.0)
LONGEST_RETRY_AFTER = 300.0
TRIES_BEFORE_NEXT = 2
"""How often an unavailable provider is tried before the next one, for a message that is no OTP. For an OTP, once."""

MAX_REPEATS = 5
"""How often an unconfirmed call is repeated where the vendor promises that it sends the message once."""


def backoff(tries: int, *, is_otp: bool, jitter: float) -> float:
    """Seconds to wait after so many tries: a random part (full jitter) of the step, at most of the last step."""
    steps = BACKOFF_OTP if is_otp else BACKOFF
    return steps[min(tries, len(steps)) - 1] * jitter


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt of this message since staff last queued it."""

    provider: int
    failure: Failure | None
    doubts_approval: bool = False
    """The vendor contradicted an approval. The provider may be tried again, later or with another approval."""
    is_repeat: bool = False
    """It repeated the reference of an unconfirmed call."""

    @property
    def is_permanent(self) -> bool:
        return self.failure in PERMANENT and not self.doubts_approval

    @property
    def may_have_sent(self) -> bool:
        return self.failure == Failure.AMBIGUOUS


@dataclass(frozen=True, slots=True)
class NextStep:
    """The message's next state: `queued` at `provider` after `delay` seconds, or a state without a provider."""

    status: Status
    provider: int | None = None
    delay: float = 0.0
    in_doubt: bool = False
    repeats: bool = False
    """The next call repeats the last one's reference."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts for the decision after a failed attempt.

    `candidates` are the providers that may carry the message, in order of preference; `open_providers` are those that
    may be called now. `tries` are all attempts so far, the failed one last. `jitter` is between 0 and 1.
    """

    is_otp: bool
    candidates: Sequence[int]
    open_providers: Set[int]
    tries: Sequence[Try]
    jitter: float
    in_doubt: bool = False
    retry_after: float | None = None
    may_resend_unconfirmed: bool = False
    may_repeat: bool = False
    """The last provider sends a message once, however often a call with the same reference comes."""


def after_failure(now: Situation) -> NextStep:
    """The step after the failed attempt, the last one of `now.tries`."""
    last = now.tries[-1]
    if last.failure == Failure.AMBIGUOUS or last.is_repeat:
        return _after_ambiguous(now, last)
    left = remaining(now.candidates, now.tries)
    if not left:
        return NextStep(Status.UNCONFIRMED if now.in_doubt else Status.FAILED, in_doubt=now.in_doubt)
    stays = last.failure == Failure.TRANSIENT and last.provider in left and _tries_again_here(now, last)
    return _queue(now, last, last.provider if stays else choose(left, now.open_providers, now.tries))


def remaining(candidates: Sequence[int], tries: Sequence[Try], *, is_repeat: bool = False) -> list[int]:
    """The candidates that did not fail permanently for this message and cannot have sent it, in order.

    `is_repeat`: the next call repeats a reference, so the provider that may have sent the message stays.
    """
    gone = {t.provider for t in tries if t.is_permanent or (t.may_have_sent and not is_repeat)}
    return [provider for provider in candidates if provider not in gone]


def choose(left: Sequence[int], open_providers: Set[int], tries: Sequence[Try]) -> int:
    """The provider to try next: those that may be called first, then the least tried, then by preference."""
    count = {provider: sum(t.provider == provider for t in tries) for provider in left}
    return min(left, key=lambda p: (p not in open_providers, count[p], left.index(p)))


def _tries_again_here(now: Situation, last: Try) -> bool:
    here = 0
    for attempt in reversed(now.tries):
        if attempt.provider != last.provider:
            break
        here += 1
    return not now.is_otp and last.provider in now.open_providers and here < TRIES_BEFORE_NEXT


def _queue(now: Situation, last: Try, provider: int) -> NextStep:
    tries_there = sum(t.provider == provider for t in now.tries)
    delay = backoff(tries_there, is_otp=now.is_otp, jitter=now.jitter) if tries_there else 0.0
    if provider == last.provider and now.retry_after is not None:
        delay = max(delay, min(now.retry_after, LONGEST_RETRY_AFTER))
    return NextStep(Status.QUEUED, provider, delay, now.in_doubt)


def _after_ambiguous(now: Situation, last: Try) -> NextStep:
    """If an OTP's route allows it, it is sent once more, by another provider. Else the call is repeated where the
    vendor promises that it sends the message once. A repeat that failed leaves its first call unconfirmed."""
    others = [p for p in remaining(now.candidates, now.tries) if p != last.provider]
    first_doubt = not now.in_doubt and sum(t.may_have_sent for t in now.tries) == 1
    if now.is_otp and now.may_resend_unconfirmed and first_doubt and others:
        return NextStep(Status.QUEUED, choose(others, now.open_providers, now.tries), in_doubt=True)
    repeats = sum(t.is_repeat for t in now.tries)
    if now.may_repeat and repeats < MAX_REPEATS and last.failure not in PERMANENT:
        return replace(_queue(now, last, last.provider), in_doubt=True, repeats=True)
    return NextStep(Status.UNCONFIRMED, in_doubt=True)
