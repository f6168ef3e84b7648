"""Daily limits of a country, for all clients and for one client, and the alert on a country that is monitored.

The limits apply to all processes together. As for a client's rate limit, each process takes tokens from the shared row
in blocks, so that not every accepted message updates the row.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from providers.marking import N_
from sms.domain.codes import Refusal, refuse
from sms.domain.destinations import Verdict
from sms.services.configuration.snapshot import ClientFacts
from sms.services.monitoring import alerts

from .rate_limits import ALERT_AT, DAY, SHARE

LARGEST_BLOCK = 50


@dataclass(frozen=True, slots=True)
class DailyLimit:
    """A limit. `key` identifies its row, `whose` names it in messages."""

    key: str
    count: int
    whose: str


@dataclass(slots=True)
class TokenBlock:
    """Tokens of one limit in this process."""

    left: int = 0
    day: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_blocks: dict[DailyLimit, TokenBlock] = {}
_alerted: dict[str, int] = {}
"""Monitored countries, with the day for which this process has opened their alert."""


def limits_of(destination: Verdict, client: ClientFacts) -> list[DailyLimit]:
    country, own = destination.country, client.country_limits.get(destination.country)
    found = []
    if own is not None:
        found.append(DailyLimit(f"{country}:{client.id}", own, f"{client.username} to {country}"))
    if destination.daily_limit is not None:
        found.append(DailyLimit(country, destination.daily_limit, country))
    return found


def take(destination: Verdict, client: ClientFacts) -> None:
    """Take one token of each limit for one message. Raises Refusal (rate_limited) with Retry-After, and takes none."""
    _alert_if_monitored(destination)
    taken: list[DailyLimit] = []
    try:
        for limit in limits_of(destination, client):
            _take(limit)
            taken.append(limit)
    except Refusal:
        _give_back(taken)
        raise


def _take(limit: DailyLimit) -> None:
    block = _blocks.setdefault(limit, TokenBlock())
    with block.lock:
        today = _today()
        if block.day != today:
            block.left, block.day = 0, today
        if block.left < 1:
            block.left = _fetch(limit)
        block.left -= 1


def give_back(destination: Verdict, client: ClientFacts) -> None:
    """Return the tokens of a call that added no message: it repeated one, or was rejected."""
    _give_back(limits_of(destination, client))


def _give_back(limits: Iterable[DailyLimit]) -> None:
    for limit in limits:
        block = _blocks.setdefault(limit, TokenBlock())
        with block.lock:
            block.left += 1


def _alert_if_monitored(destination: Verdict) -> None:
    """Open the alert of a monitored country, at most once a day in each process."""
    today = _today()
    if not destination.is_monitored or _alerted.get(destination.country) == today:
        return
    _alerted[destination.country] = today
    alerts.open_alert(
        f"destination:{destination.country}",
        title=N_("Messages go to {country}, which is monitored").format(country=destination.country),
        advice=N_(
            "Look at the messages to this country. Set the destination to allow if they are wanted, or to block."
        ),
    )


def reset_cache() -> None:
    """Drop this process's blocks, as the end of the process does."""
    _blocks.clear()
    _alerted.clear()


def _today() -> int:
    return int(time.time()) // DAY


def _fetch(limit: DailyLimit) -> int:
    """A block of one token or more from the shared row. Raises Refusal."""
    granted, used = _update(limit)
    if granted and used - granted < ALERT_AT * limit.count <= used:
        alerts.open_alert(
            f"destination-limit:{limit.key}:{_today()}",
            title=N_("{alert_at:.0%} of the daily limit of {whose} is used").format(
                alert_at=ALERT_AT, whose=limit.whose
            ),
            advice=N_("{limit_count:,} messages a UTC day may go out; the rest will be refused with 429.").format(
                limit_count=limit.count
            ),
        )
    if granted:
        return granted
    message = f"The daily limit of {limit.count:,} messages of {limit.whose} is used up; a new day starts at 00:00 UTC."
    raise refuse("rate_limited", "to", message, retry_after=DAY - int(time.time()) % DAY)


def _update(limit: DailyLimit) -> tuple[int, int]:
    """Tokens granted, and used today, these included."""
    values = {"country": limit.key, "limit": limit.count, "day": _today()}
    with connection.cursor() as cursor:
        cursor.execute(_CREATE, values)
        cursor.execute(_TAKE[connection.vendor], values)
        return cursor.fetchone()


_CREATE = (
    "INSERT INTO sms_destinationallowance (country, day, used, granted) VALUES (%(country)s, %(day)s, 0, 0) "
    "ON CONFLICT (country) DO NOTHING"
)


def _statement(least: str, most: str) -> str:
    """A day that has begun does not end again where another process's clock is behind."""
    used = "CASE WHEN day >= %(day)s THEN used ELSE 0 END"
    spare = f"{most}(0, %(limit)s - ({used}))"
    block = f"{least}({spare}, {most}(1, {least}({LARGEST_BLOCK}, {spare} / {SHARE})))"
    return (
        f"UPDATE sms_destinationallowance SET day = {most}(day, %(day)s), used = ({used}) + {block}, granted = {block} "  # noqa: S608
        "WHERE country = %(country)s RETURNING granted, used"
    )


_TAKE = {"postgresql": _statement("least", "greatest"), "sqlite": _statement("min", "max")}
