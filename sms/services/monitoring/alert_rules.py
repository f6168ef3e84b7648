"""The alert rules: messages that wait too long, unconfirmed ones, unusable credentials, no dispatcher alive.

Dispatchers evaluate the rules. Each web process checks whether a dispatcher is alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Set
from dataclasses import dataclass

import structlog
from django.db import Error, connection

from providers.marking import N_
from providers.registry import Missing
from sms.models import Alert
from sms.services.configuration import snapshot, stored_secrets

from . import alert_delivery, outages, status
from .alerts import close_alert, open_alert, set_title
from .status import Overview

log = structlog.get_logger(__name__)

OTP_LATE_SECONDS = 30.0
WAITING_SECONDS = 900.0
UNCONFIRMED_SECONDS = 600.0
"""Delivery reports decide most unconfirmed messages within minutes; staff must decide the rest."""
NO_DISPATCHER = "dispatcher:none"
FAILING = "failing:"
CHECK_EVERY = 30.0
"""Seconds between two checks of a web process."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert that is open while `seconds` returns more than `limit`."""

    key: str
    severity: str
    limit: float
    seconds: Callable[[Overview], float | None]
    title: Callable[[Overview], str]
    advice: str


RULES = (
    AlertRule(
        "otp:late",
        "critical",
        OTP_LATE_SECONDS,
        lambda now: now.lanes["otp"].oldest_seconds,
        lambda now: N_("An OTP has waited {minutes_text}; {queued} wait").format(
            minutes_text=_minutes(now.lanes["otp"].oldest_seconds), queued=now.lanes["otp"].queued
        ),
        N_("Open the messages that are queued; each says what it waits for. Check the circuit breakers."),
    ),
    AlertRule(
        "queue:waiting",
        "warning",
        WAITING_SECONDS,
        lambda now: now.lanes["other"].oldest_seconds,
        lambda now: N_("A message has waited {minutes_text}; {queued} wait").format(
            minutes_text=_minutes(now.lanes["other"].oldest_seconds), queued=now.lanes["other"].queued
        ),
        N_("Open the messages that are queued; each says what it waits for. Look at breakers, limits and dispatchers."),
    ),
    AlertRule(
        "unconfirmed:waiting",
        "warning",
        UNCONFIRMED_SECONDS,
        lambda now: now.unconfirmed_seconds,
        lambda now: N_("{unconfirmed} unconfirmed: the oldest for {minutes_text}").format(
            unconfirmed=now.unconfirmed, minutes_text=_minutes(now.unconfirmed_seconds)
        ),
        N_("They may have been sent and are never resent automatically. Ask the vendor, then resolve them."),
    ),
)


def evaluate() -> None:
    """Open, update and close alerts by the rules. Only dispatchers call this, so at least one is alive."""
    found = status.read_overview()
    is_open = set(Alert.objects.filter(closed_at=None).values_list("key", flat=True))
    for rule in RULES:
        seconds = rule.seconds(found)
        if seconds is not None and seconds > rule.limit:
            title = rule.title(found)
            if not open_alert(rule.key, severity=rule.severity, title=title, advice=rule.advice):
                set_title(rule.key, title)
        elif rule.key in is_open:
            close_alert(rule.key)
    _alert_on_credentials(is_open)
    if NO_DISPATCHER in is_open:
        close_alert(NO_DISPATCHER)
    _evaluate_providers(is_open)
    _close_balances(is_open)


def _evaluate_providers(is_open: Set[str]) -> None:
    """An alert for each provider whose calls fail, and the figures of now for those that are suspended."""
    found = outages.find_outages()
    for outage in found:
        slug = outage.provider.slug
        if outage.is_suspended:
            set_title(f"breaker:{slug}", outage.title)
        elif outage.is_failing and not open_alert(
            f"{FAILING}{slug}",
            severity="critical",
            title=outage.title,
            advice=N_("Open the alert: it shows what waits, and moves it to another provider."),
            provider_id=outage.provider.pk,
        ):
            set_title(f"{FAILING}{slug}", outage.title)
    troubled = {f"{FAILING}{outage.provider.slug}" for outage in found if not outage.calls.are_well}
    for key in is_open - troubled:
        if key.startswith(FAILING):
            close_alert(key)


BALANCE = "balance:"


def _close_balances(is_open: Set[str]) -> None:
    """Close the alerts on a low balance of providers that are not asked for it any more, or have no limit."""
    accounts = snapshot.current().accounts.values()
    asked = {f"{BALANCE}{each.slug}" for each in accounts if each.enabled and each.low_balance is not None}
    for key in is_open - asked:
        if key.startswith(BALANCE):
            close_alert(key)


CREDENTIALS = "credentials:"


def _alert_on_credentials(is_open: set[str]) -> None:
    """An alert for each enabled provider whose credentials or adapter can't be used; its messages wait."""
    accounts = {f"{CREDENTIALS}{each.slug}": each for each in snapshot.current().accounts.values()}
    problems = {key: each for key, each in accounts.items() if each.enabled and each.problem}
    for key, account in problems.items():
        words = N_("{slug} is not called: its credentials must be entered again")
        if isinstance(account.adapter, Missing):
            words = N_("{slug} is not called: its vendor's adapter can't be used")
        title = words.format(slug=account.slug)
        open_alert(key, severity="critical", title=title, advice=account.problem, provider_id=account.id)
    for key in is_open:
        if key.startswith(CREDENTIALS) and key not in problems:
            close_alert(key)


def watch_dispatchers(stopped: threading.Event, every: float = CHECK_EVERY) -> None:
    """Run `check_dispatchers` in a thread of a web process until `stopped` is set."""
    stored_secrets.log_unreadable()
    stopped.wait(status.ALIVE.total_seconds() - every)  # dispatchers may still be starting
    while not stopped.wait(every):
        try:
            check_dispatchers()
        except Error as error:
            log.warning("database.unavailable", error=type(error).__name__)
        except Exception:
            log.exception("alert_rules.fault")
        connection.close()


def check_dispatchers() -> None:
    """Open an alert if no dispatcher is alive, and deliver its notice, which is a dispatcher's task otherwise."""
    if status.is_dispatcher_alive():
        return
    open_alert(
        NO_DISPATCHER,
        severity="critical",
        title=N_("No dispatcher was seen for a minute: messages are accepted, but none is sent"),
        advice=N_("Start manage.py dispatch, and read in its log why it ended."),
    )
    alert_delivery.deliver()


def _minutes(seconds: float | None) -> str:
    whole = int(seconds or 0)
    return N_("{whole} seconds").format(whole=whole) if whole < 120 else N_("{whole} minutes").format(whole=whole // 60)
