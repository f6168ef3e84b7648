"""The message's life: its states, what a vendor's report may move, what follows a failed attempt.

The table "Classes of failure" in docs/adding-a-vendor.md gives the rules for failed attempts in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from providers.base import Failure, MessageState


class Status(StrEnum):
    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    SUBMITTED = "submitted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"


class Outcome(StrEnum):
    """What one call came to. An attempt in flight has none."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    UNAVAILABLE = "unavailable"
    UNCONFIRMED = "unconfirmed"


class ReportState(StrEnum):
    """A delivery report's status in the API and in the lists of the admin."""

    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    UNKNOWN = "unknown"


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

FINAL: Set[Status] = {Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.CANCELED}
"""Nothing of ours moves these on by itself. `submitted` and `sent` are final where the vendor can say no more."""

PERMANENT: Set[Failure] = {Failure.RECIPIENT, Failure.CONTENT, Failure.CONFIG}
"""After these the same provider is not asked again for the same message, unless the vendor contradicted an approval."""


def is_final(status: Status, strongest: str) -> bool:
    """Whether no more word is to come, at a vendor whose strongest state this is."""
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
_RANK: Mapping[Status, int] = {
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
_YIELD_WITH_ALERT: Set[Status] = {Status.UNCONFIRMED, Status.FAILED, Status.EXPIRED}


@dataclass(frozen=True, slots=True)
class ReportEffect:
    """What a report does: `status` is the message's new one, or None where only the attempt learns of it."""

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

    `reported` is the attempt's strongest report so far. `means_not_sent` is the vendor's fact that its bad report says
    "it never left"; `another_is_left`: a further provider could take it and its time is not up.
    """
    if report == MessageState.UNKNOWN:
        return ReportEffect(False, "the vendor's word is not one that we know")
    if not rises(reported, report):
        return ReportEffect(False, f"this attempt was already reported {reported}")
    if status == Status.CANCELED:
        return ReportEffect(False, "the message was canceled by staff")
    if report in BAD_REPORTS:
        return _after_bad_report(status, is_latest, reported, means_not_sent, another_is_left)
    return _after_good_report(status, Status.SUBMITTED if report == MessageState.ACCEPTED else Status(report))


def rises(reported: str, report: MessageState) -> bool:
    """Whether a report says more than the strongest one so far: none moves backwards."""
    return _RANK_OF_REPORT[report] > _RANK_OF_REPORT[reported]


def _after_good_report(status: Status, wanted: Status) -> ReportEffect:
    """A good report of any attempt counts, if it is a rise."""
    if _RANK.get(status, 0) >= _RANK[wanted]:
        return ReportEffect(True, f"the message is {status} already")
    return ReportEffect(True, status=wanted, alerts=status in _YIELD_WITH_ALERT - {Status.UNCONFIRMED})


def _after_bad_report(
    status: Status, is_latest: bool, reported: str, means_not_sent: bool, another_is_left: bool
) -> ReportEffect:
    if not is_latest:
        return ReportEffect(True, "a later attempt decides")
    if status == Status.QUEUED:
        return ReportEffect(True, "the message waits for its next attempt")
    if _RANK.get(status, 0) >= _RANK[Status.UNDELIVERED]:
        return ReportEffect(True, f"the message is {status} already")
    never_on_its_way = means_not_sent and reported in ("", MessageState.ACCEPTED)
    surely_not_sent = never_on_its_way and status not in (Status.FAILED, Status.EXPIRED)
    if surely_not_sent and another_is_left:
        return ReportEffect(True, status=Status.QUEUED, moves_on=True)
    return ReportEffect(True, status=Status.UNDELIVERED, alerts=status in (Status.FAILED, Status.EXPIRED))


# --- what follows a failed attempt ---------------------------------------------------

BACKOFF_OTP = (0.5, 1.0, 2.0, 4.0, 8.0)
BACKOFF = (5.0, 15.0, 45.0, 120.0, 300.0, 600.0)
LONGEST_RETRY_AFTER = 300.0
TRIES_BEFORE_NEXT = 2
"""An ordinary message tries an unavailable provider this often before the next one is asked; an OTP once."""


def backoff(tries: int, *, is_otp: bool, jitter: float) -> float:
    """Seconds to wait after so many tries: full jitter (between nothing and the step), capped at the last step."""
    steps = BACKOFF_OTP if is_otp else BACKOFF
    return steps[min(max(tries, 1), len(steps)) - 1] * jitter


@dataclass(frozen=True, slots=True)
class Try:
    """One earlier attempt on this message since it was last queued by a person."""

    provider: int
    failure: Failure | None
    doubts_approval: bool = False
    """The vendor contradicted an approval. That may be over later, or another approval may be used."""

    @property
    def is_permanent(self) -> bool:
        return self.failure in PERMANENT and not self.doubts_approval


@dataclass(frozen=True, slots=True)
class NextStep:
    """What becomes of the message: `queued` at `provider` after `delay` seconds, or a state without a provider."""

    status: Status
    provider: int | None = None
    delay: float = 0.0
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What the decision after a failed attempt looks at.

    `candidates` are the providers that may carry the message now, in order of preference; `open_providers` those whose
    breaker and pause let it pass. `tries` are all attempts so far, the failed one last. `jitter` is in 0 … 1.
    """

    is_otp: bool
    candidates: Sequence[int]
    open_providers: Set[int]
    tries: Sequence[Try]
    jitter: float
    in_doubt: bool = False
    retry_after: float | None = None
    may_resend_unconfirmed: bool = False


def after_failure(now: Situation) -> NextStep:
    """What follows the failed attempt that `now.tries` ends with."""
    last = now.tries[-1]
    if last.failure == Failure.AMBIGUOUS:
        return _after_ambiguous(now, last)
    left = remaining(now.candidates, now.tries)
    if not left:
        return NextStep(Status.UNCONFIRMED if now.in_doubt else Status.FAILED, in_doubt=now.in_doubt)
    stays = last.failure == Failure.TRANSIENT and last.provider in left and _tries_again_here(now, last)
    return _queue(now, last, last.provider if stays else choose(left, now.open_providers, now.tries))


def remaining(candidates: Sequence[int], tries: Sequence[Try]) -> list[int]:
    """The candidates that have not refused this message for good, in order."""
    gone = {t.provider for t in tries if t.is_permanent}
    return [provider for provider in candidates if provider not in gone]


def choose(left: Sequence[int], open_providers: Set[int], tries: Sequence[Try]) -> int:
    """The provider to ask next: open before closed, then the least tried, then the order of preference."""
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
    """Never again by itself; an OTP's route may allow one more, by another provider."""
    others = [p for p in remaining(now.candidates, now.tries) if p != last.provider]
    first_doubt = not now.in_doubt and sum(t.failure == Failure.AMBIGUOUS for t in now.tries) == 1
    if now.is_otp and now.may_resend_unconfirmed and first_doubt and others:
        return NextStep(Status.QUEUED, choose(others, now.open_providers, now.tries), in_doubt=True)
    return NextStep(Status.UNCONFIRMED, in_doubt=True)
