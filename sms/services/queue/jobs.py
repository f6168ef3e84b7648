"""One call to a vendor, without a database: what a dispatcher's thread does."""

from __future__ import annotations

import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from providers.base import (
    Accepted,
    Failure,
    Forwarder,
    HttpRequest,
    HttpResponse,
    OutboundSms,
    ProviderError,
    Pushed,
    ReceivedSms,
    Report,
    failed,
)
from providers.http import Client, TooLate, exchange_text
from sms.services.configuration.snapshot import Account

from .outbox import Due


@dataclass(frozen=True, slots=True)
class Send:
    """A claimed message, ready to go. In monotonic time: when its lease no longer covers a call, and when it ends."""

    message: Due
    attempt: uuid.UUID
    account: Account
    sms: OutboundSms
    not_after: float
    lease_ends: float
    is_probe: bool = False
    approval: int | None = None
    """The template approval that it goes out with."""
    doubts: tuple[int, ...] = ()
    """The doubts about approvals that this call probes."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A question for the state of an attempt."""

    attempt: uuid.UUID
    account: Account
    vendor_id: str
    not_after: float


@dataclass(frozen=True, slots=True)
class Probe:
    """The vendor's harmless call, to see whether it is back."""

    account: Account
    not_after: float


@dataclass(frozen=True, slots=True)
class PartnerAccount:
    """A partner as a call needs it."""

    id: int
    slug: str
    adapter: Forwarder
    timeout: int


@dataclass(frozen=True, slots=True)
class Push:
    """One try to hand a received message to a partner."""

    push: uuid.UUID
    attempt: uuid.UUID
    tries: int
    account: PartnerAccount
    received: ReceivedSms
    not_after: float


Job = Send | Poll | Probe | Push
Reader = Callable[[HttpResponse], Accepted | Report | tuple[Pushed, str] | str | None]


@dataclass(slots=True)
class Result:
    """What a call came to: `value` if the vendor said yes, else `error`; `crash` if our own code failed.

    Written by the thread that makes the call, and by nobody once it is handed over.
    """

    job: Job
    value: Any = None
    error: ProviderError | None = None
    crash: str = ""
    never_started: bool = False
    is_guess: bool = False
    """True where nobody heard the vendor: the sweep's word for a call whose dispatcher is gone."""
    http_status: int | None = None
    raw_request: str | None = None
    raw_response: str | None = None
    ended: float = 0.0
    """The monotonic time at which the call was over."""

    @property
    def failure(self) -> Failure | None:
        return self.error.failure if self.error else None

    @property
    def surely_not_sent(self) -> bool:
        """No byte left us, through our own doing."""
        return self.never_started or (bool(self.crash) and self.error is None)


def run(job: Job, client: Client) -> Result:
    """Execute a job. Raises nothing: every way to fail is a result."""
    result = _run(job, client)
    result.ended = time.monotonic()
    return result


def _run(job: Job, client: Client) -> Result:
    adapter = job.account.adapter
    if isinstance(job, Push):
        # What a rented number receives is mostly a one-time password: the kept exchange never shows it.
        hidden = (*adapter.secrets(), job.received.text)
        return _call(job, client, lambda: adapter.request(job.received), adapter.outcome, hidden)
    if isinstance(job, Send):
        return _call(job, client, lambda: adapter.request(job.sms), adapter.outcome, _hidden(job))
    if isinstance(job, Poll):
        return _call(job, client, lambda: adapter.poll_request(job.vendor_id), adapter.poll_outcome, adapter.secrets())
    return _call(job, client, adapter.test_request, adapter.test_outcome, adapter.secrets())


def _hidden(job: Send) -> tuple[str, ...]:
    """What the kept exchange must not show: secrets always, and all that an OTP says."""
    secrets = job.account.adapter.secrets()
    if not job.sms.is_otp:
        return secrets
    return (*secrets, job.sms.text, *(value for _, value in job.sms.parameters))


def _call(
    job: Job,
    client: Client,
    build: Callable[[], HttpRequest],
    read: Reader,
    hidden: tuple[str, ...],
) -> Result:
    try:
        request = build()
        kept = exchange_text(request, hidden)
    except ProviderError as error:
        return Result(job, error=error)
    except Exception:
        return Result(job, crash=trace_of(*hidden))
    result = _exchange(job, client, request, read, hidden)
    result.raw_request = kept
    return result


def _exchange(
    job: Job,
    client: Client,
    request: HttpRequest,
    read: Reader,
    hidden: tuple[str, ...],
) -> Result:
    try:
        response = client.send(request, timeout=job.account.timeout, not_after=job.not_after)
    except TooLate:
        return Result(job, never_started=True)
    except ProviderError as error:
        return Result(job, error=error)
    except Exception:
        return _perhaps_sent(job, hidden)
    return _read(job, response, read, hidden)


def _read(
    job: Job,
    response: HttpResponse,
    read: Reader,
    hidden: tuple[str, ...],
) -> Result:
    try:
        result = Result(job, value=read(response))
    except ProviderError as error:
        result = Result(job, error=error)
    except Exception:
        result = _perhaps_sent(job, hidden)
    result.http_status, result.raw_response = response.status, exchange_text(response, hidden)
    return result


def _perhaps_sent(job: Job, hidden: tuple[str, ...]) -> Result:
    """Our own code failed after the first byte may have left: that is doubt, never a reason to send again."""
    words = "An internal fault came up during the call; the message may have gone out."
    return Result(job, error=failed(Failure.AMBIGUOUS, "internal_fault", words), crash=trace_of(*hidden))


def trace_of(*hidden: str) -> str:
    """The current exception's trace for staff, without what is to be hidden and without local values."""
    trace = traceback.format_exc(limit=-8)
    for value in hidden:
        if value:
            trace = trace.replace(value, "[hidden]")
    return trace
