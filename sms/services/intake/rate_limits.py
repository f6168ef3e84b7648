"""A client's rate limit and daily budget, over all processes, exact to one block of tokens per process.

Updating a shared row for every accepted message would halve the rate of accepting (measured). So each process takes
tokens in blocks of at most a twentieth of what is left, so that few are lost in processes that don't use them. Days are
those of the database's clock.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

from django.db import connection

from providers.marking import N_
from sms.domain.codes import Refusal, refuse
from sms.services.configuration.snapshot import ClientFacts
from sms.services.monitoring import alerts

UNLIMITED = 1_000_000_000
SHARE = 20
"""A block is at most this part of a second's rate, and of the budget that is left."""
DAY = 86_400
ALERT_AT = 0.8

Key = tuple[int, int | None, int | None]


@dataclass(slots=True)
class TokenBlock:
    """Tokens of one client in one process."""

    left: int = 0
    ends: float = 0.0
    """When its day ends, on this process's monotonic clock."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class RateLimiter:
    """The token blocks of one process."""

    def __init__(self) -> None:
        self._blocks: dict[Key, TokenBlock] = {}

    def take_token(self, client: ClientFacts) -> None:
        """Take one token for one message. Raises Refusal (rate_limited) with Retry-After."""
        if not _is_limited(client):
            return
        block = self._block(client)
        with block.lock:
            if block.left < 1 or time.monotonic() >= block.ends:
                block.left = 0
                block.left, block.ends = _fetch_block(client)
            block.left -= 1

    def return_token(self, client: ClientFacts) -> None:
        """Return the token of a call that added no message: it repeated one, or was rejected."""
        if _is_limited(client):
            block = self._block(client)
            with block.lock:
                block.left += 1

    def reset_cache(self) -> None:
        """Drop the blocks, as the end of the process does."""
        self._blocks.clear()

    def _block(self, client: ClientFacts) -> TokenBlock:
        return self._blocks.setdefault((client.id, client.rate_limit, client.daily_budget), TokenBlock())


limiter = RateLimiter()
"""This process's."""


def _is_limited(client: ClientFacts) -> bool:
    return client.rate_limit is not None or client.daily_budget is not None


def _fetch_block(client: ClientFacts) -> tuple[int, float]:
    """The size of a block taken from the shared row, at least 1, and when its day ends. Raises Refusal."""
    began = time.monotonic()
    granted, tokens, used, now = _update(client) or (_create(client) and _update(client)) or (0, 0.0, 0, time.time())
    if client.daily_budget is not None:
        _alert_on_budget(client, used, granted)
    if granted:
        return int(granted), began + _left_of_day(now)
    raise _refusal(client, tokens, used, now)


def _left_of_day(now: float) -> int:
    return DAY - int(now) % DAY


def _refusal(client: ClientFacts, tokens: float, used: int, now: float) -> Refusal:
    if client.daily_budget is not None and used >= client.daily_budget:
        message = f"The daily budget of {client.daily_budget:,} messages is used up; a new day starts at 00:00 UTC."
        return refuse("rate_limited", message=message, retry_after=_left_of_day(now))
    rate = client.rate_limit or 1
    message = f"More than {rate:,} messages a second."
    return refuse("rate_limited", message=message, retry_after=max(1, math.ceil((1 - tokens) / rate)))


def _update(client: ClientFacts) -> tuple[int, float, int, float] | None:
    """The tokens granted, left and used today, and the database's time; None where the client has no row yet."""
    rate = client.rate_limit or UNLIMITED
    values = {
        "client": client.id,
        "rate": rate,
        "block": max(1, min(rate, 1000) // SHARE),
        "budget": UNLIMITED if client.daily_budget is None else client.daily_budget,
        "now": time.time(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[connection.vendor], values)
        return cursor.fetchone()


def _create(client: ClientFacts) -> bool:
    """The client's first row, with all its tokens."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sms_clientallowance (client_id, tokens, at, day, used, granted) VALUES (%s, %s, 0, 0, 0, 0) "
            "ON CONFLICT (client_id) DO NOTHING",
            [client.id, client.rate_limit or UNLIMITED],
        )
    return True


def _statement(*, now: str, least: str, most: str, whole: str) -> str:
    """One UPDATE that computes and takes a block; the arguments are functions that the dialects name differently."""
    today = whole.format(f"{now} / {DAY}")
    tokens = f"{least}(%(rate)s, tokens + %(rate)s * {most}(0, {now} - at))"
    used = f"CASE WHEN day = {today} THEN used ELSE 0 END"
    spare = f"(%(budget)s - ({used}))"
    share = f"{most}(1, {spare} / {SHARE})"
    block = f"{most}(0, {least}(%(block)s, {whole.format(tokens)}, {share}, {spare}))"
    return (
        "UPDATE sms_clientallowance SET "  # noqa: S608 - our own names and numbers
        f"tokens = {tokens} - {block}, at = {most}(at, {now}), day = {today}, used = ({used}) + {block}, "
        f"granted = {block} WHERE client_id = %(client)s RETURNING granted, tokens, used, {now}"
    )


_STATEMENTS = {
    "postgresql": _statement(
        now="CAST(extract(epoch from statement_timestamp()) AS double precision)",
        least="least",
        most="greatest",
        whole="CAST(floor({}) AS integer)",
    ),
    "sqlite": _statement(now="%(now)s", least="min", most="max", whole="CAST({} AS integer)"),
}


def _alert_on_budget(client: ClientFacts, used: int, granted: int) -> None:
    """Open an alert once a day, when ALERT_AT of the budget is used."""
    limit = ALERT_AT * (client.daily_budget or 0)
    key = f"budget:{client.username}"
    if used < limit:
        if used == granted:  # the day's first block
            alerts.close_alert(key)
        return
    if used - granted < limit:
        alerts.open_alert(
            key,
            title=N_("{username} has used {alert_at:.0%} of its daily budget").format(
                username=client.username, alert_at=ALERT_AT
            ),
            advice=N_(
                "{daily_budget:,} messages a UTC day are allowed; the rest will be refused with 429. Raise the "
                "budget if this is fair use."
            ).format(daily_budget=client.daily_budget),
        )
