"""The statements of the queue, which is the message table, and all row locks of the product.

Only the process whose claim is committed on a message's row may send the message. Every change of state is one
conditional UPDATE: its WHERE names the states that it may change and the lease that it must own. A row that it does not
return was changed by another process first.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from providers.base import MessageState
from sms.domain.lifecycle import Status
from sms.domain.status_descriptions import HELD_TOO_LONG, WAITED_TOO_LONG
from sms.services.database import clock
from sms.services.database.bulk_sql import (
    as_json,
    as_time,
    as_uuid,
    fetch_rows,
    is_one_of,
    list_parameter,
    one_commit,
    write_records,
)
from sms.services.webhooks.payload import RawCall, StoredCall

from . import client_turns
from .client_turns import IS_DUE, OF_CLIENT, ClientTurn
from .due import DUE_COLUMNS, Claimed, Due, claimed_of, due_of

WOKEN_AT_ONCE = 1000
CONNECT_SECONDS = 5
SLACK_SECONDS = 10


def lease_seconds(timeout: int) -> int:
    """How long a claim owns its message: the time to connect, the call's timeout, and a margin."""
    return CONNECT_SECONDS + timeout + SLACK_SECONDS


def _skip_locked() -> str:
    """Skips rows that another process has locked. SQLite has one writer, and its transactions begin as writers."""
    return "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""


def _for_update() -> str:
    """Waits for rows that another process has locked."""
    return "FOR UPDATE" if connection.vendor == "postgresql" else ""


# --- providers ------------------------------------------------------------------------


def lock_state(provider: int, *, wait: bool = False) -> bool:
    """Lock the provider's state until the transaction ends. False without `wait` if another process has locked it."""
    clause = _for_update() if wait else _skip_locked()
    return bool(fetch_rows(f"SELECT provider_id FROM sms_providerstate WHERE provider_id = %s {clause}", [provider]))


def count_in_flight(provider: int) -> dict[int, int]:
    """How many calls of each client to this provider are in flight, in all workers."""
    counted = "SELECT client_id, count(*) FROM sms_message WHERE status = 'sending' AND provider_id = %s GROUP BY 1"
    return dict(fetch_rows(counted, [provider]))


_CLAIM_PROBE = """
UPDATE sms_providerstate SET probe_until = %s
WHERE provider_id = (SELECT provider_id FROM sms_providerstate WHERE provider_id = %s AND breaker = 'open'
                     AND probe_at <= %s AND (probe_until IS NULL OR probe_until <= %s) {skip_locked})
RETURNING provider_id
"""


def claim_probe(provider: int, *, now: datetime, until: datetime) -> bool:
    """Claim the next probe of an open breaker. True if this worker is to make it; until `until` no other one does."""
    statement = _CLAIM_PROBE.format(skip_locked=_skip_locked())
    return bool(fetch_rows(statement, [until, provider, now, now]))


# --- claims -------------------------------------------------------------------------------

_LOCK_LONGEST_DUE = f"""
WITH due AS MATERIALIZED (
    SELECT {{columns}} FROM sms_message AS m WHERE {IS_DUE} AND {{condition}}
    ORDER BY due_at LIMIT %(limit)s {{skip_locked}}
)"""
_LOCK_IN_TURNS = """{chosen}, due AS MATERIALIZED (SELECT {columns} FROM {source} AND {condition} LIMIT %(limit)s)"""
_SHARES = f"""
(SELECT client, count(*) AS slots FROM chosen GROUP BY client) AS clients,
LATERAL (SELECT * FROM sms_message AS m WHERE {OF_CLIENT} LIMIT clients.slots FOR UPDATE SKIP LOCKED) AS m
WHERE true"""
"""Each client's share of the slots is filled with what no other process has locked."""
_IN_TURNS = {"postgresql": _SHARES, "sqlite": "sms_message AS m WHERE id IN (SELECT id FROM chosen)"}


def _lock_sql(columns: str, turns: Sequence[ClientTurn] | None, condition: str = "true") -> str:
    """SQL that begins with WITH: the table `due`. With its LIMIT, PostgreSQL expects few rows and joins by keys."""
    now = client_turns.now_sql()
    if turns is None:
        return _LOCK_LONGEST_DUE.format(columns=columns, condition=condition, now=now, skip_locked=_skip_locked())
    source = _IN_TURNS[connection.vendor].format(now=now)
    return _LOCK_IN_TURNS.format(chosen=client_turns.chosen(), columns=columns, source=source, condition=condition)


def lock_due(provider: int, *, is_otp: bool, limit: int, turns: Sequence[ClientTurn] | None = None) -> list[Due]:
    """Lock up to `limit` messages that are due at this provider: the longest due, or with `turns` by clients' turns."""
    statement = f"{_lock_sql('m.*', turns)} SELECT {DUE_COLUMNS} FROM due ORDER BY due_at"
    parameters = client_turns.parameters(provider, is_otp=is_otp, limit=limit, turns=turns)
    return [due_of(row) for row in fetch_rows(statement, parameters)]


_MAY_BE_CALLED = """
EXISTS (SELECT 1 FROM sms_providerstate WHERE provider_id = %(provider)s AND breaker = 'closed'
                                          AND (retry_at IS NULL OR retry_at <= {now}))"""
_NEW_ATTEMPT = """
INSERT INTO sms_attempt (id, message_id, number, provider_id, template_version_id, lease_token, started_at,
                         failure, code, detail, vendor_message_id, reported, polls, repeats)
SELECT m.lease_token, m.id, m.attempts_made, m.provider_id, m.template_version_id, m.lease_token, {now},
       '', '', '', '', '', 0, m.repeats FROM {claimed}
"""
_FREE_COLUMNS = "m.id, m.due_at, m.waiting_for <> '' AS waits"
_CLAIM = f"""
, free AS (
    SELECT id AS message, row_number() OVER (ORDER BY due_at) AS number FROM due WHERE NOT waits OR %(is_probe)s
), m AS (
    UPDATE sms_message SET status = 'sending', lease_token = (%(attempts)s::uuid[])[free.number], waiting_for = '',
           lease_until = statement_timestamp() + %(lease)s * interval '1 second', attempts_made = attempts_made + 1,
           updated_at = statement_timestamp()
    FROM free WHERE sms_message.id = free.message AND sms_message.status = 'queued'
    RETURNING {DUE_COLUMNS}, lease_token, due_at
), added AS ({_NEW_ATTEMPT.format(now="statement_timestamp()", claimed="m")})
SELECT (SELECT count(*) FROM due WHERE waits), {DUE_COLUMNS}, lease_token
FROM (SELECT 1) AS always LEFT JOIN m ON true ORDER BY due_at
"""


def claim(
    provider: int,
    *,
    is_otp: bool,
    attempts: Sequence[uuid.UUID],
    lease: float,
    turns: Sequence[ClientTurn] | None = None,
    is_probe: bool = False,
) -> tuple[list[Claimed], int]:
    """Claim messages that are due: mark them `sending` and insert their attempts, in one commit.

    The longest due come first, with `turns` within each client (client_turns.py). Each id in `attempts` is used for at
    most one message, as its attempt's id and its lease token. `lease` is in seconds. Messages with a `waiting_for` are
    left out, because they are judged before they are claimed. Nothing is claimed if the breaker opened after the queue
    was read. A probe claims in both cases. Returns the claimed messages, and how many were left out.
    """
    if connection.vendor != "postgresql":
        return _claim_on_sqlite(provider, is_otp, attempts, lease, turns, is_probe=is_probe)
    parameters = client_turns.parameters(provider, is_otp=is_otp, limit=len(attempts), turns=turns)
    parameters |= {"attempts": "{" + ",".join(map(str, attempts)) + "}", "lease": lease, "is_probe": is_probe}
    locked = _lock_sql(_FREE_COLUMNS, turns, f"(%(is_probe)s OR {_MAY_BE_CALLED})".format(now=client_turns.now_sql()))
    rows = fetch_rows(locked + _CLAIM, parameters)
    return [claimed_of(row[1:]) for row in rows if row[1] is not None], rows[0][0]


_CLAIM_COLUMNS = {"message": "uuid", "attempt": "uuid"}
_MARK_ON_SQLITE = """
UPDATE sms_message SET status = 'sending', lease_token = v.attempt, waiting_for = '', lease_until = %s,
       attempts_made = attempts_made + 1, updated_at = %s
FROM v WHERE sms_message.id = v.message
"""


def _claim_on_sqlite(
    provider: int,
    is_otp: bool,
    attempts: Sequence[uuid.UUID],
    lease: float,
    turns: Sequence[ClientTurn] | None,
    *,
    is_probe: bool,
) -> tuple[list[Claimed], int]:
    """SQLite has no UPDATE in a SELECT. Its transactions begin as writers, so no other process can write in between."""
    now = clock.now()
    with one_commit():
        if not is_probe and not _may_be_called(provider, now):
            return [], 0
        found = lock_due(provider, is_otp=is_otp, limit=len(attempts), turns=turns)
        free = [due for due in found if is_probe or not due.waiting_for]
        claimed = [
            Claimed(replace(due, attempts_made=due.attempts_made + 1), attempt)
            for due, attempt in zip(free, attempts, strict=False)
        ]
        records = [{"message": each.message.id, "attempt": each.attempt} for each in claimed]
        write_records(_MARK_ON_SQLITE, _CLAIM_COLUMNS, records, now + timedelta(seconds=lease), now)
        of_these = "v JOIN sms_message AS m ON m.id = v.message"
        write_records(_NEW_ATTEMPT.format(now="%s", claimed=of_these), _CLAIM_COLUMNS, records, now)
    return claimed, len(found) - len(free)


def _may_be_called(provider: int, now: datetime) -> bool:
    statement = f"SELECT {_MAY_BE_CALLED.format(now='%(now)s')}"
    return bool(fetch_rows(statement, {"provider": provider, "now": now})[0][0])


_FIRST = """
WITH first AS MATERIALIZED (SELECT id FROM {source} LIMIT %s {skip_locked})
{change} WHERE id IN (SELECT id FROM first) RETURNING {returned}"""
"""A change of the first rows of a source. Without the table, PostgreSQL may run the SELECT and its LIMIT once for each
row, and change more of them."""
_QUEUED = "sms_message WHERE status = 'queued' AND provider_id = %s"
_WAITING = f"{_QUEUED} AND is_otp = %s AND due_at > %s AND waiting_for <> '' ORDER BY due_at"
_WAKE = "UPDATE sms_message SET due_at = %s"


def _change_first(source: str, change: str, returned: str = "id") -> str:
    """The parameters are those of `source`, the limit, and those of `change`."""
    return _FIRST.format(source=source, change=change, returned=returned, skip_locked=_skip_locked())


def wake_waiting(provider: int, *, now: datetime) -> None:
    """Make the first messages that wait for a provider due now. The others become due within half a minute."""
    for is_otp in (True, False):
        fetch_rows(_change_first(_WAITING, _WAKE), [provider, is_otp, now, WOKEN_AT_ONCE, now])


def wake_first(provider: int, *, now: datetime) -> bool:
    """Make one queued message of a provider due now, an OTP if there is one. False if none is queued."""
    first = f"{_QUEUED} ORDER BY is_otp DESC, due_at"
    return bool(fetch_rows(_change_first(first, _WAKE), [provider, 1, now]))


# --- leases and times ----------------------------------------------------------------------------------


def lock_abandoned(*, now: datetime, limit: int) -> list[Claimed]:
    """Lock messages whose lease has ended: their worker died, or the call hangs. They may have been sent."""
    statement = f"""
        SELECT {DUE_COLUMNS}, lease_token FROM sms_message
        WHERE status = 'sending' AND lease_until < %s ORDER BY lease_until LIMIT %s {_skip_locked()}"""
    return [claimed_of(row) for row in fetch_rows(statement, [now, limit])]


_OVERDUE = "sms_message WHERE status IN ('queued', 'held') AND expires_at <= %s ORDER BY expires_at"
_EXPIRE = """
UPDATE sms_message SET status = CASE WHEN in_doubt THEN 'unconfirmed' ELSE 'expired' END, code = 'expired',
       detail = CASE WHEN status = 'held' THEN %s WHEN waiting_for = '' THEN ''
                     ELSE replace(%s, '{waiting_for_text}', waiting_for) END,
       waiting_for = '', updated_at = %s"""


def expire_messages(*, now: datetime, limit: int) -> list[tuple[uuid.UUID, bool, bool]]:
    """Expire queued and held messages. One that an earlier attempt may have sent becomes `unconfirmed` instead.

    Returns for each whether it is an OTP, and whether it was in doubt.
    """
    statement = _change_first(_OVERDUE, _EXPIRE, "id, is_otp, in_doubt")
    rows = fetch_rows(statement, [now, limit, HELD_TOO_LONG, WAITED_TOO_LONG, now])
    return [(as_uuid(id_), bool(is_otp), bool(in_doubt)) for id_, is_otp, in_doubt in rows]


_DUE_POLLS = "sms_attempt WHERE poll_at <= %s AND provider_id = %s ORDER BY poll_at"
_CLAIM_POLLS = "UPDATE sms_attempt SET poll_at = %s, polls = polls + CASE WHEN polls < 32767 THEN 1 ELSE 0 END"


def claim_polls(provider: int, *, now: datetime, until: datetime, limit: int) -> list[uuid.UUID]:
    """Claim up to `limit` attempts whose polls are due; each is due again at `until`."""
    statement = _change_first(_DUE_POLLS, _CLAIM_POLLS)
    return [as_uuid(row[0]) for row in fetch_rows(statement, [now, provider, limit, until])]


# --- one message: reports and staff ------------------------------------------------------------


def move_message(message: uuid.UUID, *, leaves: Iterable[Status], now: datetime, **columns: Any) -> bool:
    """Update a message if its state is one of `leaves`. False if it was not: another process was first."""
    names = ", ".join(f"{name} = %s" for name in columns)
    statement = (
        f"UPDATE sms_message SET {names}, lease_token = NULL, lease_until = NULL, updated_at = %s "
        f"WHERE id = %s AND {is_one_of('status', 'text')} RETURNING id"
    )
    return bool(fetch_rows(statement, [*columns.values(), now, message, list_parameter(leaves)]))


def lock_message(message: uuid.UUID) -> bool:
    """Lock a message until the transaction ends. False if it does not exist."""
    return bool(lock_messages([message]))


def lock_free(messages: Sequence[uuid.UUID], states: Iterable[Status]) -> set[uuid.UUID]:
    """Lock those of these messages that are in one of the states, and that no other process has locked."""
    wanted = f"{is_one_of('id', 'uuid')} AND {is_one_of('status', 'text')}"
    statement = f"SELECT id FROM sms_message WHERE {wanted} ORDER BY id {_skip_locked()}"
    return {as_uuid(row[0]) for row in fetch_rows(statement, [list_parameter(messages), list_parameter(states)])}


def lock_bulk_operation() -> int | None:
    """Lock the oldest unfinished bulk operation that no other worker works on."""
    statement = f"""
        SELECT id FROM sms_bulkoperation WHERE state IN ('waiting', 'running')
        ORDER BY id LIMIT 1 {_skip_locked()}"""
    return next((row[0] for row in fetch_rows(statement)), None)


# --- many messages: reports ------------------------------------------------------------------


@dataclass(slots=True)
class LockedMessage:
    """The columns that the rules for reports need. `status` changes as the reports are applied."""

    id: uuid.UUID
    status: str
    attempts_made: int
    is_otp: bool
    to: str
    text: str | None
    parameters: Mapping[str, Any] | None
    awaits_repeat: bool
    """It is queued to repeat the reference of an unconfirmed attempt."""


def lock_messages(messages: Sequence[uuid.UUID]) -> list[LockedMessage]:
    """Lock these messages until the transaction ends, in the order of their ids, so that processes don't deadlock."""
    if not messages:
        return []
    statement = (
        'SELECT id, status, attempts_made, is_otp, "to", text, parameters, '
        "status = 'queued' AND repeats IS NOT NULL FROM sms_message "
        f"WHERE {is_one_of('id', 'uuid')} ORDER BY id {_for_update()}"
    )
    rows = fetch_rows(statement, [list_parameter(messages)])
    return [LockedMessage(as_uuid(r[0]), r[1], r[2], bool(r[3]), r[4], r[5], as_json(r[6]), bool(r[7])) for r in rows]


def has_unread_callbacks() -> bool:
    """Whether there is a callback to read, without a transaction."""
    return bool(fetch_rows("SELECT 1 FROM sms_callback WHERE read_at IS NULL ORDER BY id LIMIT 1"))


def lock_callbacks(limit: int) -> list[StoredCall]:
    """Lock unread callbacks until the transaction ends, oldest first."""
    statement = f"""
        SELECT id, provider_id, attempt_id, method, headers, source, received_at, query, content_type, content_encoding,
               body FROM sms_callback
        WHERE read_at IS NULL ORDER BY id LIMIT %s {_skip_locked()}"""
    return [
        StoredCall(
            row[0],
            row[1],
            as_uuid(row[2]) if row[2] else None,
            RawCall.stored(*row[7:]),
            method=row[3],
            headers=row[4],
            source=str(row[5] or ""),
            received_at=as_time(row[6]),
        )
        for row in fetch_rows(statement, [limit])
    ]


def lock_waiting_reports(vendor_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Lock the reports that wait for one of these ids. Returns arguments of ReportUpdate."""
    statement = f"""
        SELECT id, provider_id, COALESCE(NULLIF(state, ''), status), callback_id, is_poll, reference,
               vendor_message_id, code, detail, price, "left", is_final, failure, part, parts
        FROM sms_deliveryreport WHERE is_waiting AND {is_one_of("vendor_message_id", "text")}
        ORDER BY id {_skip_locked()}"""
    return [_waiting(*row) for row in fetch_rows(statement, [list_parameter(vendor_ids)])]


def _waiting(*row: Any) -> dict[str, Any]:
    *values, left, final, failure, part, parts = row
    names = ("id", "provider", "state", "callback", "is_poll", "reference", "vendor_id", "code", "detail", "price")
    facts = dict(zip(names, values, strict=True))
    facts |= {"state": MessageState(facts["state"]), "is_poll": bool(facts["is_poll"]), "final": bool(final)}
    left = None if left is None else bool(left)
    return facts | {"left": left, "failure": failure, "part": (part, parts) if part else None, "may_wait": True}


# --- received messages ---------------------------------------------------------------------------

OPEN_PUSHES = "status IN ('waiting', 'pushing')"
"""A push in `pushing` is due again when its lease ends, because partners expect repeats."""


def lock_due_pushes(partner: int, *, now: datetime, limit: int) -> list[uuid.UUID]:
    """Lock up to `limit` pushes that are due at this partner, the longest due first."""
    statement = f"""
        SELECT id FROM sms_inboundpush WHERE partner_id = %s AND {OPEN_PUSHES} AND due_at <= %s
        ORDER BY due_at LIMIT %s {_skip_locked()}"""
    return [as_uuid(row[0]) for row in fetch_rows(statement, [partner, now, limit])]


def lock_gateway(gateway: int) -> None:
    """Lock a gateway until the transaction ends, so that equal calls are processed one after the other."""
    fetch_rows(f"SELECT id FROM sms_inboundgateway WHERE id = %s {_for_update()}", [gateway])
