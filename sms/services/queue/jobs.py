"""Jobs: calls to vendors and partners, which a worker's threads make without a database."""

from __future__ import annotations

import math
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from providers.base import (
    Accepted,
    Adapter,
    Asked,
    Failure,
    Forwarder,
    HttpRequest,
    HttpResponse,
    Money,
    OutboundSms,
    ProviderError,
    Pushed,
    ReceivedSms,
    Report,
    Session,
    SessionExpired,
    failed,
)
from providers.exchange import exchange_text, hidden_values
from providers.http import Client, TooLate
from providers.marking import N_
from sms.domain.echoes import Echo
from sms.domain.lifecycle import INTERNAL_FAULT
from sms.domain.status_descriptions import FAULT_DURING_CALL
from sms.services.configuration.snapshot import Account

from . import echoes, sessions
from .due import Due

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Send:
    """A claimed message to send.

    In monotonic time: `lease_ends`; `expires`, when the message's own time is over; `not_after`, until when a call fits
    into both.
    """

    message: Due
    attempt: uuid.UUID
    account: Account
    sms: OutboundSms
    not_after: float
    lease_ends: float
    expires: float = math.inf
    is_probe: bool = False
    approval: int | None = None
    """The template approval with which it is sent."""
    doubts: tuple[int, ...] = ()
    """The doubts about approvals that this call probes."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A query for the states of attempts. `asked`: the attempts as the adapter gets them."""

    id: uuid.UUID
    attempts: tuple[uuid.UUID, ...]
    asked: tuple[Asked, ...]
    account: Account
    not_after: float


@dataclass(frozen=True, slots=True)
class Probe:
    """A test call, to check whether the vendor is available again."""

    account: Account
    not_after: float


@dataclass(frozen=True, slots=True)
class AskBalance:
    """A query for what an account has left."""

    account: Account
    not_after: float


@dataclass(frozen=True, slots=True)
class PartnerAccount:
    """A partner, as a job needs it."""

    id: int
    slug: str
    adapter: Forwarder
    timeout: int


@dataclass(frozen=True, slots=True)
class Push:
    """One try to forward a received message to a partner."""

    push: uuid.UUID
    attempt: uuid.UUID
    tries: int
    account: PartnerAccount
    received: ReceivedSms
    not_after: float


Job = Send | Poll | Probe | Push | AskBalance
ResponseParser = Callable[[HttpResponse], Accepted | list[Report] | tuple[Pushed, str] | str | Money]


@dataclass(slots=True)
class Result:
    """The result of a job: `value` if the vendor accepted, else `error`; `crash` is the trace if our own code failed.

    Only the thread that makes the call writes it.
    """

    job: Job
    value: Any = None
    error: ProviderError | None = None
    crash: str = ""
    never_started: bool = False
    is_guess: bool = False
    """True for a message whose lease ended: the vendor's answer is not known."""
    http_status: int | None = None
    raw_request: str | None = None
    raw_response: str | None = None
    consumed: HttpResponse | None = None
    """An answer that the vendor gives only once."""
    ended: float = 0.0
    """The monotonic time at which the call ended."""

    @property
    def failure(self) -> Failure | None:
        return self.error.failure if self.error else None

    @property
    def surely_not_sent(self) -> bool:
        """Whether no byte was sent, for a reason of our own."""
        return self.never_started or (bool(self.crash) and self.error is None)


def run(job: Job, client: Client) -> Result:
    """Run a job. It raises nothing, because its thread would end: every failure is a result."""
    try:
        result = _run(job, client)
    except (Exception, SystemExit):  # such as an adapter's code that is no text; a call may have been made
        log.exception("call.crashed", provider=job.account.slug)
        result = Result(job, error=_internal_fault())
    result.ended = time.monotonic()
    return result


def _run(job: Job, client: Client) -> Result:
    """Make the call. If its session has expired, the vendor took nothing: log in, and make it once more."""
    try:
        echo = _echo_of(job)
    except Exception:  # before the call: nothing was sent
        return Result(job, crash=trace_of(*_hidden_by(job, job.account.adapter)))
    used, result = _run_once(job, client, echo, None)
    if isinstance(result.error, SessionExpired):
        _, result = _run_once(job, client, echo, used)
    if isinstance(result.error, SessionExpired):
        words = N_("The vendor does not accept the session that it has just given.")
        result.error = failed(Failure.ACCOUNT, "session_refused", words)
    echoes.hide_in_result(result, echo)
    return result


def _run_once(job: Job, client: Client, echo: Echo, ended: Session | None) -> tuple[Session | None, Result]:
    """The session of the call, and its result."""
    try:
        session = sessions.get(job.account, client, job.not_after, ended)
    except TooLate:
        return None, Result(job, never_started=True)
    except ProviderError as error:
        return None, _without_secrets(Result(job, error=error), job.account.adapter)
    adapter = job.account.adapter.for_call(sessions.new_call(session))
    return session, _without_secrets(_run_with(job, adapter, client, echo), adapter)


def _without_secrets(result: Result, adapter: Any) -> Result:
    echoes.hide_secrets_in_result(result, adapter.secrets())
    return result


@dataclass(frozen=True, slots=True)
class _Hidden:
    """What is hidden in a stored exchange: `values` in each encoding, and in a response what `echo` finds."""

    values: tuple[str, ...]
    echo: Echo


def _run_with(job: Job, adapter: Any, client: Client, echo: Echo) -> Result:
    hidden = _Hidden(_hidden_by(job, adapter), echo)
    if isinstance(job, Push):
        return _run_call(job, client, lambda: adapter.request(job.received), adapter.outcome, hidden)
    if isinstance(job, Send):
        return _run_call(job, client, lambda: adapter.request(_timed(job)), adapter.outcome, hidden)
    if isinstance(job, Poll):
        return _run_call(job, client, lambda: adapter.poll_request(*job.asked), adapter.poll_outcome, hidden)
    if isinstance(job, AskBalance):
        return _run_call(job, client, adapter.balance_request, adapter.balance_outcome, hidden)
    return _run_call(job, client, adapter.test_request, adapter.test_outcome, hidden)


def _echo_of(job: Job) -> Echo:
    """The values of the job's message. What the answer to a poll repeats is hidden when it is settled (poll.py)."""
    if isinstance(job, Send):
        sms = job.sms
        values = [value for _, value in sms.parameters]
        return Echo.of(number=sms.to, text=sms.text, parameters=values)
    if isinstance(job, Push):
        return Echo.of(number=job.received.sender, text=job.received.text, parameters=())
    return Echo()


def _timed(job: Send) -> OutboundSms:
    """The message with the seconds that it has left now, so that the vendor drops it when we would."""
    left = job.expires - time.monotonic()
    return job.sms if math.isinf(left) else replace(job.sms, valid_for=max(int(left), 1))


def _hidden_by(job: Job, adapter: Adapter) -> tuple[str, ...]:
    """The values to hide in stored requests and responses."""
    if isinstance(job, Push):
        return (*adapter.secrets(), job.received.text)
    return hidden_values(adapter, job.sms) if isinstance(job, Send) else adapter.secrets()


def _run_call(
    job: Job,
    client: Client,
    build: Callable[[], HttpRequest],
    parse: ResponseParser,
    hidden: _Hidden,
) -> Result:
    try:
        request = build()
        hidden = replace(hidden, values=hidden.values + request.hidden)
        kept = exchange_text(request, hidden.values)
    except ProviderError as error:
        return Result(job, error=error)
    except Exception:
        return Result(job, crash=trace_of(*hidden.values))
    result = _send(job, client, request, parse, hidden)
    result.raw_request = kept
    echoes.hide_secrets_in_result(result, request.hidden)
    return result


def _send(
    job: Job,
    client: Client,
    request: HttpRequest,
    parse: ResponseParser,
    hidden: _Hidden,
) -> Result:
    try:
        response = client.send(request, timeout=job.account.timeout, not_after=job.not_after)
    except TooLate:
        return Result(job, never_started=True)
    except ProviderError as error:
        return Result(job, error=error)
    except Exception:
        return _maybe_sent(job, hidden)
    return _parse(job, response, parse, hidden)


def _parse(
    job: Job,
    response: HttpResponse,
    parse: ResponseParser,
    hidden: _Hidden,
) -> Result:
    try:
        result = Result(job, value=_checked(job, parse(response)))
    except ProviderError as error:
        result = Result(job, error=error)
    except Exception:
        result = _maybe_sent(job, hidden)
    result.http_status = response.status
    if isinstance(job, Poll) and job.account.adapter.polls.consumes and response.status // 100 == 2:
        result.consumed = response
    result.raw_response = exchange_text(response, hidden.values, hidden.echo.hide)
    return result


_TYPES = {Send: Accepted, Poll: list, Probe: str, Push: tuple, AskBalance: Money}


def _checked(job: Job, value: Any) -> Any:
    """The adapter's value. Raises TypeError if its contract does not allow it: that would count as accepted."""
    is_valid = isinstance(value, _TYPES[type(job)])
    if not is_valid or (isinstance(job, Poll) and not all(isinstance(each, Report) for each in value)):
        raise TypeError(f"the adapter returned a value of another type: {type(value).__name__}")
    return value


def _maybe_sent(job: Job, hidden: _Hidden) -> Result:
    return Result(job, error=_internal_fault(), crash=trace_of(*hidden.values))


def _internal_fault() -> ProviderError:
    """Our own code failed when the first byte may have been sent: ambiguous, so the message is not sent again."""
    return failed(Failure.AMBIGUOUS, INTERNAL_FAULT, FAULT_DURING_CALL)


def trace_of(*hidden: str) -> str:
    """The current exception's trace for staff, without the hidden values and without local variables."""
    trace = traceback.format_exc(limit=-8)
    for value in hidden:
        if value:
            trace = trace.replace(str(value), "[hidden]")
    return trace
