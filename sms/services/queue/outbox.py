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
from sms.services.database import clock
from sms.services.database.bulk_sql import as_json, as_time, as_uuid, fetch_rows, one_commit, write_records
from sms.services.webhooks.payload import RawCall, StoredCall

CONNECT_SECONDS = 5
SLACK_SECONDS = 10


def lease_seconds(timeout: int) -> int:
    """How long a claim owns its message: the time to connect, the call's timeout, and a margin."""
    return CONNECT_SECONDS + timeout + SLACK_SECONDS


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due, from its row."""

    id: uuid.UUID
    provider: int
    attempts_made: int
    attempts_before: int
    to: str
    sender: str
    text: str
    is_otp: bool
    decision: Mapping[str, Any]
    pinned_provider: int | None
    in_doubt: bool
    crashes: int
    expires_at: datetime
    created_at: datetime
    version: int | None
    waiting_for: str
    parameters: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is `sending`, and the attempt that owns it."""

    message: Due
    attempt: uuid.UUID


_DUE_COLUMNS = (
    'id, provider_id, attempts_made, attempts_before, "to", sender, text, is_otp, decision, pinned_provider_id, '
    "in_doubt, crashes, expires_at, created_at, template_version_id, waiting_for, parameters"
)


def _skip_locked() -> str:
    """Skips rows that another process has locked. SQLite has one writer, and its transactions begin as writers."""
    return "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""


def _for_update() -> str:
    """Waits for rows that another process has locked."""
    return "FOR UPDATE" if connection.vendor == "postgresql" else ""


def _due(row: tuple[Any, ...]) -> Due:
    return Due(
        as_uuid(row[0]),
        *row[1:7],
        bool(row[7]),
        as_json(row[8]),
        row[9],
        bool(row[10]),
        row[11],
        as_time(row[12]),
        as_time(row[13]),
        *row[14:16],
        as_json(row[16]),
    )


def _claimed(row: tuple[Any, ...]) -> Claimed:
    """From a message's columns and its lease token."""
    return Claimed(_due(row[:-1]), as_uuid(row[-1]))


# --- providers ------------------------------------------------------------------------


def lock_state(provider: int, *, wait: bool = False) -> bool:
    """Lock the provider's state until the transaction ends. False without `wait` if another process has locked it."""
    clause = _for_update() if wait else _skip_locked()
    return bool(fetch_rows(f"SELECT provider_id FROM sms_providerstate WHERE provider_id = %s {clause}", [provider]))


def count_in_flight(provider: int) -> int:
    """How many calls to this provider are in flight, in all workers."""
    statement = "SELECT count(*) FROM sms_message WHERE status = 'sending' AND provider_id = %s"
    return fetch_rows(statement, [provider])[0][0]


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

_IS_DUE = "status = 'queued' AND provider_id = %s AND is_otp = %s AND due_at <= {now} AND expires_at > {now}"


def lock_due(provider: int, *, is_otp: bool, limit: int) -> list[Due]:
    """Lock up to `limit` messages that are due at this provider, the longest due first."""
    now, times = clock.now_sql()
    statement = f"""
        SELECT {_DUE_COLUMNS} FROM sms_message WHERE {_IS_DUE.format(now=now)}
        ORDER BY due_at LIMIT %s {_skip_locked()}"""
    return [_due(row) for row in fetch_rows(statement, [provider, is_otp, *times * 2, limit])]


_MAY_BE_CALLED = """
EXISTS (SELECT 1 FROM sms_providerstate WHERE provider_id = %s AND breaker = 'closed'
                                          AND (retry_at IS NULL OR retry_at <= {now}))"""
_NEW_ATTEMPT = """
INSERT INTO sms_attempt (id, message_id, number, provider_id, template_version_id, lease_token, started_at,
                         failure, code, detail, vendor_message_id, reported, polls)
SELECT m.lease_token, m.id, m.attempts_made, m.provider_id, m.template_version_id, m.lease_token, {now},
       '', '', '', '', '', 0 FROM {claimed}
"""
_CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT id, due_at, waiting_for <> '' AS waits FROM sms_message
    WHERE {_IS_DUE.format(now="statement_timestamp()")}
          AND (%s OR {_MAY_BE_CALLED.format(now="statement_timestamp()")})
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
), free AS (
    SELECT id AS message, row_number() OVER (ORDER BY due_at) AS number FROM due WHERE NOT waits OR %s
), m AS (
    UPDATE sms_message SET status = 'sending', lease_token = (%s::uuid[])[free.number], waiting_for = '',
           lease_until = statement_timestamp() + %s * interval '1 second', attempts_made = attempts_made + 1,
           updated_at = statement_timestamp()
    FROM free WHERE sms_message.id = free.message AND sms_message.status = 'queued'
    RETURNING {_DUE_COLUMNS}, lease_token, due_at
), added AS ({_NEW_ATTEMPT.format(now="statement_timestamp()", claimed="m")})
SELECT (SELECT count(*) FROM due WHERE waits), {_DUE_COLUMNS}, lease_token
FROM (SELECT 1) AS always LEFT JOIN m ON true ORDER BY due_at
"""


def claim(
    provider: int, *, is_otp: bool, attempts: Sequence[uuid.UUID], lease: float, is_probe: bool = False
) -> tuple[list[Claimed], int]:
    """Claim messages that are due, the longest due first: mark them `sending` and insert their attempts, in one commit.

    Each id in `attempts` is used for at most one message, as its attempt's id and its lease token; `lease` is in
    seconds. Messages with a `waiting_for` are left out: they are checked before they are claimed. Nothing is claimed if
    the breaker opened after the queue was read. A probe ignores both. Returns the claimed messages, and how many were
    left out.
    """
    if connection.vendor != "postgresql":
        return _claim_on_sqlite(provider, is_otp, attempts, lease, is_probe=is_probe)
    ids = "{" + ",".join(map(str, attempts)) + "}"
    rows = fetch_rows(_CLAIM, [provider, is_otp, is_probe, provider, len(attempts), is_probe, ids, lease])
    return [_claimed(row[1:]) for row in rows if row[1] is not None], rows[0][0]


_CLAIM_COLUMNS = {"message": "uuid", "attempt": "uuid"}
_MARK_ON_SQLITE = """
UPDATE sms_message SET status = 'sending', lease_token = v.attempt, waiting_for = '', lease_until = %s,
       attempts_made = attempts_made + 1, updated_at = %s
FROM v WHERE sms_message.id = v.message
"""


def _claim_on_sqlite(
    provider: int, is_otp: bool, attempts: Sequence[uuid.UUID], lease: float, *, is_probe: bool
) -> tuple[list[Claimed], int]:
    """SQLite has no UPDATE in a SELECT. Its transactions begin as writers, so no other process can write in between."""
    now = clock.now()
    with one_commit():
        if not is_probe and not fetch_rows(f"SELECT {_MAY_BE_CALLED.format(now='%s')}", [provider, now])[0][0]:
            return [], 0
        found = lock_due(provider, is_otp=is_otp, limit=len(attempts))
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


_WAITING = "status = 'queued' AND provider_id = %s AND is_otp = %s AND due_at > %s AND waiting_for <> ''"
_WAKE_WAITING = (
    "UPDATE sms_message SET due_at = %s WHERE id IN (SELECT id FROM sms_message WHERE {} ORDER BY due_at {})"
)


def wake_waiting(provider: int, *, now: datetime) -> None:
    """Make the first messages that wait for a provider due now. The others become due within half a minute."""
    for is_otp in (True, False):
        fetch_rows(_WAKE_WAITING.format(_WAITING, f"LIMIT 1000 {_skip_locked()}"), [now, provider, is_otp, now])


# --- leases and times ----------------------------------------------------------------------------------


def lock_abandoned(*, now: datetime, limit: int) -> list[Claimed]:
    """Lock messages whose lease has ended: their worker died, or the call hangs. They may have been sent."""
    statement = f"""
        SELECT {_DUE_COLUMNS}, lease_token FROM sms_message
        WHERE status = 'sending' AND lease_until < %s ORDER BY lease_until LIMIT %s {_skip_locked()}"""
    return [_claimed(row) for row in fetch_rows(statement, [now, limit])]


_EXPIRE = """
UPDATE sms_message SET status = CASE WHEN in_doubt THEN 'unconfirmed' ELSE 'expired' END, code = 'expired',
       detail = %s, waiting_for = '', updated_at = %s
WHERE id IN (SELECT id FROM sms_message WHERE status IN ('queued', 'held') AND expires_at <= %s
             ORDER BY expires_at LIMIT %s {skip_locked})
RETURNING id, is_otp
"""


def expire_messages(*, now: datetime, limit: int) -> list[tuple[uuid.UUID, bool]]:
    """Expire queued and held messages. One that an earlier attempt may have sent becomes `unconfirmed` instead."""
    detail = "Its time was up before it could go."
    statement = _EXPIRE.format(skip_locked=_skip_locked())
    return [(as_uuid(row[0]), bool(row[1])) for row in fetch_rows(statement, [detail, now, now, limit])]


_CLAIM_POLLS = """
UPDATE sms_attempt SET poll_at = %s, polls = polls + 1
WHERE id IN (SELECT id FROM sms_attempt WHERE poll_at <= %s AND provider_id = %s
             ORDER BY poll_at LIMIT %s {skip_locked})
RETURNING id, vendor_message_id
"""


def claim_polls(provider: int, *, now: datetime, until: datetime, limit: int) -> list[tuple[uuid.UUID, str]]:
    """Claim attempts to poll until `until`. Returns pairs of the attempt and the vendor's message id."""
    statement = _CLAIM_POLLS.format(skip_locked=_skip_locked())
    return [(as_uuid(row[0]), row[1]) for row in fetch_rows(statement, [until, now, provider, limit])]


# --- one message: reports and staff ------------------------------------------------------------


def move_message(message: uuid.UUID, *, leaves: Iterable[Status], now: datetime, **columns: Any) -> bool:
    """Update a message if its state is one of `leaves`. False if it was not: another process was first."""
    names = ", ".join(f"{name} = %s" for name in columns)
    states = list(leaves)
    marks = ", ".join(["%s"] * len(states))
    statement = (
        f"UPDATE sms_message SET {names}, lease_token = NULL, lease_until = NULL, updated_at = %s "
        f"WHERE id = %s AND status IN ({marks}) RETURNING id"
    )
    return bool(fetch_rows(statement, [*columns.values(), now, message, *states]))


def lock_message(message: uuid.UUID) -> bool:
    """Lock a message until the transaction ends. False if it does not exist."""
    return bool(lock_messages([message]))


# --- many messages: reports ------------------------------------------------------------------


@dataclass(slots=True)
class LockedMessage:
    """The columns that the rules for reports need. `status` changes as the reports are applied."""

    id: uuid.UUID
    status: str
    attempts_made: int
    is_otp: bool


def lock_messages(messages: Sequence[uuid.UUID]) -> list[LockedMessage]:
    """Lock these messages until the transaction ends, in the order of their ids, so that processes don't deadlock."""
    if not messages:
        return []
    marks = ", ".join(["%s"] * len(messages))
    statement = (
        f"SELECT id, status, attempts_made, is_otp FROM sms_message WHERE id IN ({marks}) ORDER BY id {_for_update()}"
    )
    return [LockedMessage(as_uuid(row[0]), row[1], row[2], bool(row[3])) for row in fetch_rows(statement, messages)]


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
    marks = ", ".join(["%s"] * len(vendor_ids))
    statement = f"""
        SELECT id, provider_id, COALESCE(NULLIF(state, ''), status), callback_id, is_poll, reference,
               vendor_message_id, code, detail, "left", is_final, failure, part, parts
        FROM sms_deliveryreport WHERE is_waiting AND vendor_message_id IN ({marks}) ORDER BY id {_skip_locked()}"""
    return [_waiting(*row) for row in fetch_rows(statement, vendor_ids)]


def _waiting(*row: Any) -> dict[str, Any]:
    *values, left, final, failure, part, parts = row
    names = ("id", "provider", "state", "callback", "is_poll", "reference", "vendor_id", "code", "detail")
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
