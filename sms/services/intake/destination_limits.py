"""A country's daily limit over all clients and processes, and the alert on a country that is monitored.

As with a client's limits, a process takes tokens from the shared row in blocks: no accepted message updates it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from django.db import connection

from sms.domain.codes import refuse
from sms.domain.destinations import Verdict
from sms.services.monitoring import alerts

from .rate_limits import ALERT_AT, DAY, SHARE

LARGEST_BLOCK = 50


@dataclass(slots=True)
class TokenBlock:
    """Tokens of one country in this process."""

    left: int = 0
    day: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_blocks: dict[tuple[str, int], TokenBlock] = {}
_alerted: dict[str, int] = {}
"""Monitored countries, with the day for which this process has opened their alert."""


def take(destination: Verdict) -> None:
    """Take one token for one message. Raises Refusal (rate_limited) with Retry-After."""
    _alert_if_monitored(destination)
    if destination.daily_limit is None:
        return
    block = _block(destination)
    with block.lock:
        today = _today()
        if block.day != today:
            block.left, block.day = 0, today
        if block.left < 1:
            block.left = _fetch(destination.country, destination.daily_limit)
        block.left -= 1


def give_back(destination: Verdict) -> None:
    """The call became no new message: it was a repeat, or was rejected."""
    if destination.daily_limit is not None:
        block = _block(destination)
        with block.lock:
            block.left += 1


def _alert_if_monitored(destination: Verdict) -> None:
    """Once a day and process; the alert itself is open once."""
    today = _today()
    if not destination.is_monitored or _alerted.get(destination.country) == today:
        return
    _alerted[destination.country] = today
    alerts.open_alert(
        f"destination:{destination.country}",
        title=f"Messages go to {destination.country}, which is monitored",
        advice="Look at the messages to this country. Set the destination to allow if they are wanted, or to block.",
    )


def reset_cache() -> None:
    """Drop this process's blocks, as its end would."""
    _blocks.clear()
    _alerted.clear()


def _block(destination: Verdict) -> TokenBlock:
    return _blocks.setdefault((destination.country, destination.daily_limit or 0), TokenBlock())


def _today() -> int:
    return int(time.time()) // DAY


def _fetch(country: str, limit: int) -> int:
    """A block of one token or more from the shared row. Raises Refusal."""
    granted, used = _update(country, limit)
    if granted and used - granted < ALERT_AT * limit <= used:
        alerts.open_alert(
            f"destination-limit:{country}:{_today()}",
            title=f"{ALERT_AT:.0%} of the daily limit of {country} is used",
            advice=f"{limit:,} messages a UTC day may go to this country; the rest will be refused with 429.",
        )
    if granted:
        return granted
    message = f"The daily limit of {limit:,} messages to {country} is used up; a new day starts at 00:00 UTC."
    raise refuse("rate_limited", "to", message, retry_after=DAY - int(time.time()) % DAY)


def _update(country: str, limit: int) -> tuple[int, int]:
    """Tokens granted, and used today, these included."""
    values = {"country": country, "limit": limit, "day": _today()}
    with connection.cursor() as cursor:
        cursor.execute(_CREATE, values)
        cursor.execute(_TAKE[connection.vendor], values)
        return cursor.fetchone()


_CREATE = (
    "INSERT INTO sms_destinationallowance (country, day, used, granted) VALUES (%(country)s, %(day)s, 0, 0) "
    "ON CONFLICT (country) DO NOTHING"
)


def _statement(least: str, most: str) -> str:
    used = "CASE WHEN day = %(day)s THEN used ELSE 0 END"
    spare = f"{most}(0, %(limit)s - ({used}))"
    block = f"{least}({spare}, {most}(1, {least}({LARGEST_BLOCK}, {spare} / {SHARE})))"
    return (
        f"UPDATE sms_destinationallowance SET day = %(day)s, used = ({used}) + {block}, granted = {block} "  # noqa: S608
        "WHERE country = %(country)s RETURNING granted, used"
    )


_TAKE = {"postgresql": _statement("least", "greatest"), "sqlite": _statement("min", "max")}
