"""Clients take turns at the slots of a provider: counts each client's calls, and chooses the next due messages.

The next free slot goes to the client with the fewest calls in flight at this provider. If several have the fewest, it
goes to the one that was served least recently. Of a client's messages, the one that is due longest is first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import connection

from sms.services.database import clock
from sms.services.database.bulk_sql import fetch_rows, json_parameter, values_table


class ClientTurn(NamedTuple):
    """What decides about a client's next turn at a provider. `most`: how many calls it may have in flight there."""

    client: int
    in_flight: int = 0
    served: int = 0
    most: int | None = None


class ClientTurns:
    """The calls of one process that are in flight, and when each client was served last, by provider."""

    def __init__(self) -> None:
        self._in_flight: Counter[tuple[int, int]] = Counter()
        self._served: dict[tuple[int, int], int] = {}
        self._last = 0

    def begin(self, provider: int, client: int) -> None:
        self._last += 1
        self._in_flight[provider, client] += 1
        self._served[provider, client] = self._last

    def end(self, provider: int, client: int) -> None:
        self._in_flight[provider, client] -= 1

    def at(
        self, provider: int, *, most: Mapping[int, int], in_flight: Mapping[int, int] | None = None
    ) -> list[ClientTurn]:
        """The turns of clients with calls at this provider, now or earlier, or with a share of its slots.

        `most`: each client's share. `in_flight`: the calls of all processes; None counts those of this one.
        """
        served = {client: last for (where, client), last in self._served.items() if where == provider}
        if in_flight is None:
            in_flight = {client: self._in_flight[provider, client] for client in served}
        return [
            ClientTurn(client, in_flight.get(client, 0), served.get(client, 0), most.get(client))
            for client in served.keys() | most.keys() | in_flight.keys()
        ]


def are_several(provider: int, *, is_otp: bool) -> bool:
    """Whether more than one client has messages queued here."""
    statement = f"SELECT min(m.client_id) < max(m.client_id) FROM sms_message AS m WHERE {_QUEUED}"
    return bool(fetch_rows(statement, {"provider": provider, "is_otp": is_otp})[0][0])


def parameters(provider: int, *, is_otp: bool, limit: int, turns: Iterable[ClientTurn] | None) -> dict[str, Any]:
    """The parameters of a statement that reads due messages. One with `turns` begins with the SQL of `chosen`."""
    values = {"provider": provider, "is_otp": is_otp, "limit": limit}
    if connection.vendor != "postgresql":
        values["now"] = clock.now()
    if turns is None:
        return values
    records = [turn._asdict() for turn in turns]
    return values | {"turns": json_parameter(records), "turn_count": len(records)}


_COLUMNS = {"client": "bigint", "in_flight": "bigint", "served": "bigint", "most": "bigint"}
_QUEUED = "m.status = 'queued' AND m.provider_id = %(provider)s AND m.is_otp = %(is_otp)s"
IS_DUE = f"{_QUEUED} AND m.due_at <= {{now}} AND m.expires_at > {{now}}"
OF_CLIENT = f"{IS_DUE} AND m.client_id BETWEEN clients.client AND clients.client ORDER BY m.client_id, m.due_at"
"""With `=`, PostgreSQL would leave client_id out of the order, and could read all due messages by another index."""
_FIRST_DUE = f"SELECT id, due_at FROM sms_message AS m WHERE {OF_CLIENT} LIMIT %(limit)s"
_TURNS = f"""
{{turns}}, clients AS (
    SELECT min(m.client_id) AS client FROM sms_message m WHERE {_QUEUED}
    UNION ALL
    SELECT (SELECT min(m.client_id) FROM sms_message m WHERE {_QUEUED} AND m.client_id > clients.client)
    FROM clients WHERE clients.client IS NOT NULL
), ranks AS (
    SELECT m.id, m.due_at, clients.client, v.most, COALESCE(v.served, 0) AS served, COALESCE(v.in_flight, 0)
           + row_number() OVER (PARTITION BY clients.client ORDER BY m.due_at) AS turn
    FROM clients LEFT JOIN v ON v.client = clients.client JOIN {{first_due}}
), chosen AS (
    SELECT id, client FROM ranks WHERE most IS NULL OR turn <= most ORDER BY turn, served, due_at LIMIT %(limit)s
)
"""
_FIRST_DUE_OF_EACH = {
    "postgresql": f"LATERAL ({_FIRST_DUE}) AS m ON true",
    "sqlite": f"sms_message AS m ON m.id IN (SELECT id FROM ({_FIRST_DUE}))",
}


def now_sql() -> str:
    """The time in these statements; on SQLite it is one of the parameters."""
    return "statement_timestamp()" if connection.vendor == "postgresql" else "%(now)s"


def chosen() -> str:
    """SQL that begins with WITH: its table `chosen` has the messages whose turn it is, with their clients. No locks."""
    turns = values_table(_COLUMNS, "%(turns)s", "%(turn_count)s")
    each = _FIRST_DUE_OF_EACH[connection.vendor].format(now=now_sql())
    return f"WITH RECURSIVE {_TURNS.format(turns=turns, first_due=each)}"
