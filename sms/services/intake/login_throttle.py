"""Counts clients' failed log-ins per user name and source address, in the database, so that all processes know.

After too many failures a user name is locked out from that source for a while, even with the right secret. A source
from which the client has logged in before is never locked out, so nobody can lock out a client from elsewhere.
User names that don't exist are counted in a fixed number of buckets and take the same time.
"""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta

import structlog
from django.db import Error

from sms.models import LoginSource
from sms.services.configuration.snapshot import ClientFacts

from .client_ip import IpAddress, throttle_address
from .login_sources import count_failure, failures_of, is_known, record_success

MAX_FAILURES = 20
WINDOW = timedelta(minutes=10)
BUCKETS = 4096
MAX_CACHED = 10_000
CACHED_FOR = 3600.0
"""Seconds for which a process trusts a source that it has checked."""

Source = IpAddress | None

log = structlog.get_logger(__name__)


class LoginThrottle:
    """The sources that one process has checked lately; the counts are in the database."""

    def __init__(self) -> None:
        self._checked: dict[tuple[int, Source], float] = {}

    def allows(self, client: ClientFacts, source: Source) -> bool:
        """Whether a client with the right secret is not locked out from this source."""
        checked_at = self._checked.get((client.id, source))
        if checked_at is not None and time.monotonic() - checked_at < CACHED_FOR:
            return True
        if _is_locked_out(str(client.id), source):
            return False
        record_success(str(client.id), _key(source))
        if len(self._checked) >= MAX_CACHED:
            self._checked.clear()
        self._checked[client.id, source] = time.monotonic()
        return True

    def reset_cache(self) -> None:
        self._checked.clear()


throttle = LoginThrottle()
"""This process's."""


def record_failure(username: str, client: ClientFacts | None, source: Source) -> None:
    """Count a failed log-in. An unavailable database is logged: the client gets its 401 all the same."""
    try:
        failures = count_failure(_account(username, client), _key(source), WINDOW)
    except Error as error:
        log.warning("login.not_counted", error=type(error).__name__)
        return
    if failures == MAX_FAILURES:
        log.warning("login.shut_out", client=client.username if client else "", source=_key(source))


def _account(username: str, client: ClientFacts | None) -> str:
    if client is not None:
        return str(client.id)
    return f"nobody-{int(hashlib.sha256(username.encode()).hexdigest(), 16) % BUCKETS}"


def _key(source: Source) -> str:
    return str(throttle_address(source) or "")


def _is_locked_out(account: str, source: Source) -> bool:
    row = LoginSource.objects.filter(account=account, source=_key(source)).first()
    return not is_known(row) and failures_of(row, WINDOW) >= MAX_FAILURES
