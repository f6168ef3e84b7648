"""Limits failed log-ins of staff per person and network, and per network over all names (django-axes' handler).

A network is an IPv4 address or an IPv6 /64. A wider IPv4 network would let a stranger lock out other customers of the
same provider. There is no limit per name alone: with it, strangers could lock anybody out.

Two kinds of places are known and are never locked by what others do elsewhere. A browser with the cookie of an earlier
log-in has a count of its own. A network from which the person logged in lately is exempt from the limit over all names.
"""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any

import structlog
from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from sms.models import LoginSource
from sms.services.access import staff_session
from sms.services.intake.client_ip import for_axes
from sms.services.intake.login_sources import count_failure, failures_of, is_known, record_success

ANY_NAME = "staff"
CODES = "codes"
"""The source of wrong authentication codes from places that are not known."""
MAX_CODES = 20
DEVICE_COOKIE = "sms_known_browser_"
DEVICE_SECONDS = 180 * 24 * 3600

log = structlog.get_logger(__name__)


class LoginPlace:
    """Where somebody tries to log in with this user name."""

    def __init__(self, request: HttpRequest, username: str) -> None:
        self.account = account_of(username)
        self.network = for_axes(request) or ""
        self.device = request.get_signed_cookie(DEVICE_COOKIE + self.account, "", max_age=DEVICE_SECONDS)

    @property
    def is_known(self) -> bool:
        return bool(self.device) or is_known(self._rows.get((self.account, self.network)))

    def counters(self) -> list[tuple[str, str]]:
        """Account and source of each limit that applies here."""
        if self.device:
            return [(self.account, self.device)]
        own = (self.account, self.network)
        return [own] if self.is_known else [own, (ANY_NAME, self.network)]

    def is_locked(self) -> bool:
        rows = map(self._rows.get, self.counters())
        return any(failures_of(row, settings.AXES_COOLOFF_TIME) >= settings.AXES_FAILURE_LIMIT for row in rows)

    def count_failure(self) -> bool:
        """Returns whether the limit is reached now."""
        window = settings.AXES_COOLOFF_TIME
        counts = [count_failure(account, source, window) for account, source in self.counters()]
        if settings.AXES_FAILURE_LIMIT in counts:
            log.warning("staff.locked_out", source=self.network, is_known=self.is_known)
        return max(counts) >= settings.AXES_FAILURE_LIMIT

    def record_success(self) -> None:
        record_success(self.account, self.network)
        LoginSource.objects.filter(account=self.account, source__in=(self.network, self.device)).update(failures=0)

    def may_try_code(self) -> bool:
        """Unknown places share one limit, because a person with a stolen password can try codes from many networks."""
        return (
            self.is_known or failures_of(self._rows.get((self.account, CODES)), settings.AXES_COOLOFF_TIME) < MAX_CODES
        )

    def count_wrong_code(self, request: HttpRequest, username: str) -> None:
        if not self.is_known:
            count_failure(self.account, CODES, settings.AXES_COOLOFF_TIME)
        user_login_failed.send(__name__, credentials={"username": username}, request=request)

    @cached_property
    def _rows(self) -> dict[tuple[str, str], LoginSource]:
        sources = (self.network, self.device, CODES)
        rows = LoginSource.objects.filter(account__in=(self.account, ANY_NAME), source__in=sources)
        return {(row.account, row.source): row for row in rows}


class StaffLoginHandler(AxesDatabaseHandler):
    """AXES_HANDLER. The library's own would store what was submitted, and more of it with each failure."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return LoginPlace(request, _username(credentials)).is_locked()

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any
    ) -> None:
        """Count it, unless the place was locked before."""
        if request is None or request.axes_locked_out:
            return
        request.axes_locked_out = LoginPlace(request, _username(credentials)).count_failure()
        request.axes_credentials = credentials

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **more: Any) -> None:
        super().user_logged_in(sender, request, user, **more)
        LoginPlace(request, user.get_username()).record_success()
        staff_session.begin(request)


def account_of(username: str) -> str:
    """A keyed digest: whatever was typed as a name, perhaps a password, is not stored."""
    return "staff-" + salted_hmac("sms.staff-login", username, algorithm="sha256").hexdigest()[:16]


def remember_browser(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie that makes this browser known to the person who has logged in."""
    name = DEVICE_COOKIE + account_of(request.user.get_username())
    device = request.get_signed_cookie(name, "", max_age=DEVICE_SECONDS) or "browser-" + secrets.token_hex(12)
    response.set_signed_cookie(
        name,
        device,
        max_age=DEVICE_SECONDS,
        path="/admin/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _username(credentials: dict[str, Any] | None) -> str:
    return str((credentials or {}).get(get_user_model().USERNAME_FIELD) or "")
