"""Sessions at vendors that require a log-in: kept in this process only, and shared by its threads."""

from __future__ import annotations

import math
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from providers.base import Failure, ProviderError, Sender, Session, failed
from providers.calls import Call
from providers.http import Client, TooLate
from providers.marking import N_

from . import echoes

log = structlog.get_logger(__name__)

RENEW_BEFORE = timedelta(seconds=30)
"""So long before its end a session is renewed."""
REMEMBERED_SECONDS = 10.0
"""How long a log-in stands for others at least, also a failed one: bad log-ins may get our address blocked."""
_NOT_SENT = {
    Failure.AMBIGUOUS: Failure.TRANSIENT,
    Failure.RECIPIENT: Failure.ACCOUNT,
    Failure.CONTENT: Failure.ACCOUNT,
}
"""What the failure of a log-in means for a message, which certainly was not sent."""
_CRASHED = failed(Failure.TRANSIENT, "internal_fault", N_("An internal error: the message was not sent."))


@dataclass
class _Held:
    """The session of an account, and the last failure to get one. `of` tells whether the account has changed."""

    of: object
    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Session | None = None
    renew_at: float = math.inf
    error: ProviderError | None = None
    error_until: float = 0.0


_held: dict[tuple[str, int], _Held] = {}
"""By adapter and account: a provider and a partner may have the same id."""


def get(account: Any, client: Client, not_after: float, ended: Session | None) -> Session:
    """The account's session, other than `ended`. Only one thread logs in at a time.

    Raises ProviderError if the log-in fails, and TooLate.
    """
    adapter = account.adapter
    if not adapter.needs_session:
        return Session()
    held = _held_by(account.id, adapter)
    if not held.lock.acquire(timeout=max(not_after - time.monotonic(), 0.0)):
        raise TooLate
    try:
        session = held.session
        if session is None or session is ended or time.monotonic() >= held.renew_at:
            session = _log_in(held, account, client, not_after)
        return session
    finally:
        held.lock.release()


def _held_by(account: int, adapter: Sender) -> _Held:
    key, of = (adapter.slug, account), (adapter.base_url, adapter.credential, adapter.option)
    held = _held.get(key)
    if held is None or held.of != of:
        held = _held[key] = _Held(of)
    return held


def _log_in(held: _Held, account: Any, client: Client, not_after: float) -> Session:
    if held.error is not None and time.monotonic() < held.error_until:
        raise held.error.with_traceback(None)  # else the one error's traceback grows with each call
    held.session = held.error = None
    adapter = account.adapter.for_call(new_call())
    hidden: tuple[str, ...] = ()
    try:
        request = adapter.session_request()
        hidden += request.hidden
        response = client.send(request, timeout=account.timeout, not_after=not_after)
        session = _checked(adapter.session_outcome(response))
        held.session, held.renew_at = session, _renew_at(session)
        return session
    except TooLate:
        raise
    except ProviderError as error:
        held.error = echoes.error_without_secrets(_of_log_in(error), adapter, hidden)
    except Exception:  # its trace may contain the new session's secret, so only the log has it, without values
        log.exception("log_in.crashed", provider=account.slug)
        held.error = _of_log_in(_CRASHED)
    held.error_until = time.monotonic() + REMEMBERED_SECONDS
    raise held.error


def _renew_at(session: Session) -> float:
    """In monotonic time. A session that soon ends is used a little all the same, else each call would log in."""
    if session.expires_at is None:
        return math.inf
    left = session.expires_at - RENEW_BEFORE - datetime.now(UTC)
    return time.monotonic() + max(left.total_seconds(), REMEMBERED_SECONDS)


def _checked(session: Session) -> Session:
    """Raises an error if the adapter returned something else, or a session that no call can use."""
    ends = session.expires_at
    if not all(isinstance(each, str) for each in session.secret.values()) or (ends and ends.tzinfo is None):
        raise TypeError("a secret of the session is no text, or its end has no time zone")
    return session


def _of_log_in(error: ProviderError) -> ProviderError:
    failure = _NOT_SENT.get(error.failure, error.failure)
    return failed(
        failure,
        error.code,
        N_("The log-in failed. {detail_text}").format(detail_text=error.detail),
        retry_after=error.retry_after,
    )


def new_call(session: Session | None = None) -> Call:
    return Call(datetime.now(UTC), secrets.token_hex(16), session or Session())
