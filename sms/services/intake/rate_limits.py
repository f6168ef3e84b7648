"""A client's rate limit and daily budget, over all processes, exact to one block of tokens per process.

A row that every accepted message updated would cut the rate of accepting to less than half (measured). So a process
takes tokens in blocks: small ones, a twentieth of what is left, so that little is stranded where nobody uses it.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

from django.db import connection

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
class _Block:
    """Tokens of one client in this process."""

    left: int = 0
    day: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_blocks: dict[Key, _Block] = {}


def take(client: ClientFacts) -> None:
    """Take one token for one message. Raises Refusal (rate_limited) with Retry-After."""
    if client.rate_limit is None and client.daily_budget is None:
        return
    block = _block(client)
    with block.lock:
        today = int(time.time()) // DAY
        if block.day != today:
            block.left, block.day = 0, today
        if block.left < 1:
            block.left = _fetch(client)
        block.left -= 1


def give_back(client: ClientFacts) -> None:
    """The message did not come to be after all: it was a repeat, or was refused."""
    if client.rate_limit is None and client.daily_budget is None:
        return
    block = _block(client)
    with block.lock:
        block.left += 1


def forget() -> None:
    """Drop this process's blocks, as its end would."""
    _blocks.clear()


def _block(client: ClientFacts) -> _Block:
    return _blocks.setdefault((client.id, client.rate_limit, client.daily_budget), _Block())


def _fetch(client: ClientFacts) -> int:
    """A block of one token or more from the shared row. Raises Refusal."""
    granted, tokens, used = _update(client) or (_create(client) and _update(client)) or (0, 0.0, 0)
    if client.daily_budget is not None:
        _alert_on_budget(client, used, granted)
    if granted:
        return int(granted)
    raise _refusal(client, tokens, used)


def _refusal(client: ClientFacts, tokens: float, used: int) -> Refusal:
    if client.daily_budget is not None and used >= client.daily_budget:
        words = f"The daily budget of {client.daily_budget:,} messages is used up; a new day starts at 00:00 UTC."
        return refuse("rate_limited", message=words, retry_after=DAY - int(time.time()) % DAY)
    rate = client.rate_limit or 1
    words = f"More than {rate:,} messages a second."
    return refuse("rate_limited", message=words, retry_after=max(1, math.ceil((1 - tokens) / rate)))


def _update(client: ClientFacts) -> tuple[int, float, int] | None:
    """Granted, tokens left, used today; None where the client has no row yet."""
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
    """A first row, full of tokens."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sms_clientallowance (client_id, tokens, at, day, used, granted) VALUES (%s, %s, 0, 0, 0, 0) "
            "ON CONFLICT (client_id) DO NOTHING",
            [client.id, client.rate_limit or UNLIMITED],
        )
    return True


def _statement(*, now: str, least: str, most: str, whole: str) -> str:
    """One UPDATE that takes a block: the whole rule, in the database's own words for a few functions."""
    today = whole.format(f"{now} / {DAY}")
    tokens = f"{least}(%(rate)s, tokens + %(rate)s * {most}(0, {now} - at))"
    used = f"CASE WHEN day = {today} THEN used ELSE 0 END"
    spare = f"(%(budget)s - ({used}))"
    share = f"{most}(1, {spare} / {SHARE})"
    block = f"{most}(0, {least}(%(block)s, {whole.format(tokens)}, {share}, {spare}))"
    return (
        "UPDATE sms_clientallowance SET "  # noqa: S608 - names and numbers of ours
        f"tokens = {tokens} - {block}, at = {most}(at, {now}), day = {today}, used = ({used}) + {block}, "
        f"granted = {block} WHERE client_id = %(client)s RETURNING granted, tokens, used"
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
    """Once a day, when the share that is worth a word is passed."""
    limit = ALERT_AT * (client.daily_budget or 0)
    key = f"budget:{client.username}"
    if used < limit:
        if used == granted:  # the day's first block
            alerts.close_alert(key)
        return
    if used - granted < limit:
        alerts.open_alert(
            key,
            title=f"{client.username} has used {ALERT_AT:.0%} of its daily budget",
            advice=f"{client.daily_budget:,} messages a UTC day are allowed; the rest will be refused with 429. "
            "Raise the budget if this is fair use.",
        )
