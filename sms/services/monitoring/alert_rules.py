"""What nobody stumbles over while working, so that somebody has to look: late messages, doubts, no dispatcher.

Dispatchers look after the queue. Whether any of them lives, only the web side can say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import Error, connection

from sms.models import Alert

from . import alert_delivery, status
from .alerts import close_alert, open_alert
from .status import Overview

log = structlog.get_logger(__name__)

OTP_LATE_SECONDS = 30.0
WAITING_SECONDS = 900.0
UNCONFIRMED_SECONDS = 600.0
"""Reports settle most doubts within minutes; what is left then is for a person."""
NO_DISPATCHER = "dispatcher:none"
LOOK_EVERY = 30.0
"""Seconds between two looks of the web side; the first comes after a dispatcher had time to start."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert that is open for as long as `seconds` gives more than `limit`."""

    key: str
    severity: str
    limit: float
    seconds: Callable[[Overview], float | None]
    title: Callable[[Overview], str]
    advice: str


RULES = (
    Rule(
        "otp:late",
        "critical",
        OTP_LATE_SECONDS,
        lambda now: now.lanes["otp"].oldest_seconds,
        lambda now: f"An OTP has waited {_minutes(now.lanes['otp'].oldest_seconds)}; {now.lanes['otp'].queued} wait",
        "Open the messages that are queued; each says what it waits for. Look at the breakers.",
    ),
    Rule(
        "queue:waiting",
        "warning",
        WAITING_SECONDS,
        lambda now: now.lanes["other"].oldest_seconds,
        lambda now: (
            f"A message has waited {_minutes(now.lanes['other'].oldest_seconds)}; {now.lanes['other'].queued} wait"
        ),
        "Open the messages that are queued; each says what it waits for. Look at breakers, limits and dispatchers.",
    ),
    Rule(
        "unconfirmed:waiting",
        "warning",
        UNCONFIRMED_SECONDS,
        lambda now: now.unconfirmed_seconds,
        lambda now: f"{now.unconfirmed} unconfirmed: the oldest for {_minutes(now.unconfirmed_seconds)}",
        "They may have been sent and are never resent automatically. Ask the vendor, then resolve each on its page.",
    ),
)


def look_out() -> None:
    """Open what holds now, close what is over. A dispatcher says this, so one lives."""
    found = status.look()
    is_open = set(Alert.objects.filter(closed_at=None).values_list("key", flat=True))
    for rule in RULES:
        seconds = rule.seconds(found)
        if seconds is not None and seconds > rule.limit:
            open_alert(rule.key, severity=rule.severity, title=rule.title(found), advice=rule.advice)
        elif rule.key in is_open:
            close_alert(rule.key)
    if NO_DISPATCHER in is_open:
        close_alert(NO_DISPATCHER)


def mind_dispatchers(stopped: threading.Event, every: float = LOOK_EVERY) -> None:
    """The web side's look, until `stopped` is set; for a thread of its own."""
    stopped.wait(status.ALIVE_SECONDS - every)
    while not stopped.wait(every):
        try:
            mind()
        except Error as error:
            log.warning("database.unavailable", error=type(error).__name__)
        except Exception:
            log.exception("lookout.fault")
        connection.close()


def mind() -> None:
    """Say that no dispatcher lives, if that is so, and deliver the notice: nobody else is there to do it."""
    if status.somebody_dispatches():
        return
    open_alert(
        NO_DISPATCHER,
        severity="critical",
        title="No dispatcher was seen for a minute: messages are taken, and none goes out",
        advice="Start manage.py dispatch, and read in its log why it ended.",
    )
    alert_delivery.deliver()


def _minutes(seconds: float | None) -> str:
    whole = int(seconds or 0)
    return f"{whole} seconds" if whole < 120 else f"{whole // 60} minutes"
