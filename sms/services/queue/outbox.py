"""The queue is the message table: claims, settles and sweeps, and the only lock clauses of the product.

A message may be sent only by the process whose claim is committed on its row. Every move is one conditional UPDATE:
its WHERE lists the state it may leave and the lease it must own, and a row that it does not return was moved by
somebody else first.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from sms.domain.lifecycle import Status
from sms.services.database import clock
from sms.services.database.bulk_sql import as_json, as_time, as_uuid, one_commit, read, write_records
from sms.services.webhooks.payload import RawCall, StoredCall

CONNECT_SECONDS = 5
SLACK_SECONDS = 10


def lease_seconds(timeout: int) -> int:
    """How long a claim owns its message: connecting, the call's own deadline, and slack."""
    return CONNECT_SECONDS + timeout + SLACK_SECONDS


@dataclass(frozen=True, slots=True)
class Due:
    """A message to be sent, as its row has it."""

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
    """Rows that somebody else holds are passed over; SQLite has one writer, and transactions that start as writers."""
    return "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""


def _for_update() -> str:
    """Rows that somebody else holds are waited for."""
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
    """From the columns of a message, followed by its lease's token."""
    return Claimed(_due(row[:-1]), as_uuid(row[-1]))


# --- what may go ------------------------------------------------------------------------


def lock_state(provider: int, *, wait: bool = False) -> bool:
    """Take the provider's state row for this transaction; without `wait`, False if another dispatcher has it."""
    clause = _for_update() if wait else _skip_locked()
    return bool(read(f"SELECT provider_id FROM sms_providerstate WHERE provider_id = %s {clause}", [provider]))


def in_flight(provider: int) -> int:
    return read("SELECT count(*) FROM sms_message WHERE status = 'sending' AND provider_id = %s", [provider])[0][0]


_TAKE_PROBE = """
UPDATE sms_providerstate SET probe_until = %s
WHERE provider_id = (SELECT provider_id FROM sms_providerstate WHERE provider_id = %s AND breaker = 'open'
                     AND probe_at <= %s AND (probe_until IS NULL OR probe_until <= %s) {skip_locked})
RETURNING provider_id
"""


def take_probe(provider: int, *, now: datetime, until: datetime) -> bool:
    """Whether this dispatcher makes the next probe of an open breaker; until then nobody else does."""
    statement = _TAKE_PROBE.format(skip_locked=_skip_locked())
    return bool(read(statement, [until, provider, now, now]))


# --- claims -------------------------------------------------------------------------------

_IS_DUE = "status = 'queued' AND provider_id = %s AND is_otp = %s AND due_at <= {now} AND expires_at > {now}"


def lock_due(provider: int, *, is_otp: bool, limit: int) -> list[Due]:
    """Lock up to so many messages that are due at this provider, the longest waiting first."""
    now, times = clock.moment()
    statement = f"""
        SELECT {_DUE_COLUMNS} FROM sms_message WHERE {_IS_DUE.format(now=now)}
        ORDER BY due_at LIMIT %s {_skip_locked()}"""
    return [_due(row) for row in read(statement, [provider, is_otp, *times * 2, limit])]


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
    """Mark messages that are due here `sending`, each with its attempt, in one commit: the longest waiting first.

    At most one for each id in `attempts`, which becomes its attempt's id and its lease's token; `lease` is in seconds.
    Those that wait for something (`waiting_for`) are left out: they are judged before they are claimed. Where the
    breaker has opened since the queue was read, nothing is claimed. Neither holds for a probe. Returns what was
    claimed, and how many were left out.
    """
    if connection.vendor != "postgresql":
        return _claim_on_sqlite(provider, is_otp, attempts, lease, is_probe=is_probe)
    ids = "{" + ",".join(map(str, attempts)) + "}"
    rows = read(_CLAIM, [provider, is_otp, is_probe, provider, len(attempts), is_probe, ids, lease])
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
    """SQLite has no UPDATE within a SELECT; its transactions begin as writers, so nobody comes in between."""
    now = clock.now()
    with one_commit():
        if not is_probe and not read(f"SELECT {_MAY_BE_CALLED.format(now='%s')}", [provider, now])[0][0]:
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
    """A provider may be called again: the first that wait for it are due at once, the others within half a minute."""
    for is_otp in (True, False):
        read(_WAKE_WAITING.format(_WAITING, f"LIMIT 1000 {_skip_locked()}"), [now, provider, is_otp, now])


# --- sweeps ----------------------------------------------------------------------------------


def lock_abandoned(*, now: datetime, limit: int) -> list[Claimed]:
    """Lock messages whose lease is over: their dispatcher died, or their call hangs. Perhaps sent."""
    statement = f"""
        SELECT {_DUE_COLUMNS}, lease_token FROM sms_message
        WHERE status = 'sending' AND lease_until < %s ORDER BY lease_until LIMIT %s {_skip_locked()}"""
    return [_claimed(row) for row in read(statement, [now, limit])]


_EXPIRE = """
UPDATE sms_message SET status = CASE WHEN in_doubt THEN 'unconfirmed' ELSE 'expired' END, code = 'expired',
       detail = %s, waiting_for = '', updated_at = %s
WHERE id IN (SELECT id FROM sms_message WHERE status IN ('queued', 'held') AND expires_at <= %s
             ORDER BY expires_at LIMIT %s {skip_locked})
RETURNING id, is_otp
"""


def expire(*, now: datetime, limit: int) -> list[tuple[uuid.UUID, bool]]:
    """End what waited past its time. One that may have gone out before is `unconfirmed`, not `expired`."""
    detail = "Its time was up before it could go."
    statement = _EXPIRE.format(skip_locked=_skip_locked())
    return [(as_uuid(row[0]), bool(row[1])) for row in read(statement, [detail, now, now, limit])]


_TAKE_POLLS = """
UPDATE sms_attempt SET poll_at = %s, polls = polls + 1
WHERE id IN (SELECT id FROM sms_attempt WHERE poll_at <= %s AND provider_id = %s
             ORDER BY poll_at LIMIT %s {skip_locked})
RETURNING id, vendor_message_id
"""


def take_polls(provider: int, *, now: datetime, until: datetime, limit: int) -> list[tuple[uuid.UUID, str]]:
    """Take attempts whose state is to be asked for; until then nobody else asks. Pairs of attempt and vendor's id."""
    statement = _TAKE_POLLS.format(skip_locked=_skip_locked())
    return [(as_uuid(row[0]), row[1]) for row in read(statement, [until, now, provider, limit])]


# --- one message at a time: reports and people -------------------------------------------------


def move(message: uuid.UUID, *, leaves: Iterable[Status], now: datetime, **columns: Any) -> bool:
    """One conditional UPDATE of one message. False: somebody else was first, nothing was written."""
    names = ", ".join(f"{name} = %s" for name in columns)
    states = list(leaves)
    marks = ", ".join(["%s"] * len(states))
    statement = (
        f"UPDATE sms_message SET {names}, lease_token = NULL, lease_until = NULL, updated_at = %s "
        f"WHERE id = %s AND status IN ({marks}) RETURNING id"
    )
    return bool(read(statement, [*columns.values(), now, message, *states]))


def lock_message(message: uuid.UUID) -> bool:
    """Hold one message's row until the transaction ends, waiting for whoever has it."""
    return bool(lock_messages([message]))


# --- many at a time: reports ------------------------------------------------------------------


@dataclass(slots=True)
class LockedMessage:
    """What the rules for reports look at; `status` follows the reports as they are applied."""

    id: uuid.UUID
    status: str
    attempts_made: int
    is_otp: bool


def lock_messages(messages: Sequence[uuid.UUID]) -> list[LockedMessage]:
    """Hold these rows until the transaction ends, waiting for whoever has them; always in the order of their ids."""
    if not messages:
        return []
    marks = ", ".join(["%s"] * len(messages))
    statement = (
        f"SELECT id, status, attempts_made, is_otp FROM sms_message WHERE id IN ({marks}) ORDER BY id {_for_update()}"
    )
    return [LockedMessage(as_uuid(row[0]), row[1], row[2], bool(row[3])) for row in read(statement, messages)]


def callbacks_wait() -> bool:
    """Whether there is a stored call to read: asked before a transaction is begun for it."""
    return bool(read("SELECT 1 FROM sms_callback WHERE read_at IS NULL ORDER BY id LIMIT 1"))


def lock_callbacks(limit: int) -> list[StoredCall]:
    """Take stored calls to read, oldest first, until the transaction ends."""
    statement = f"""
        SELECT id, provider_id, attempt_id, query, content_type, content_encoding, body FROM sms_callback
        WHERE read_at IS NULL ORDER BY id LIMIT %s {_skip_locked()}"""
    return [
        StoredCall(row[0], row[1], as_uuid(row[2]) if row[2] else None, RawCall.stored(*row[3:]))
        for row in read(statement, [limit])
    ]


def lock_waiting_reports(vendor_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Take the reports that wait for one of these ids, as arguments of ReportUpdate."""
    marks = ", ".join(["%s"] * len(vendor_ids))
    statement = f"""
        SELECT id, provider_id, status, callback_id, is_poll, reference, vendor_message_id, code, detail
        FROM sms_deliveryreport WHERE is_waiting AND vendor_message_id IN ({marks}) ORDER BY id {_skip_locked()}"""
    names = ("id", "provider", "state", "callback", "is_poll", "reference", "vendor_id", "code", "detail")
    rows = [dict(zip(names, row, strict=True)) for row in read(statement, vendor_ids)]
    return [row | {"may_wait": True, "is_poll": bool(row["is_poll"])} for row in rows]


# --- received messages ---------------------------------------------------------------------------

OPEN_PUSHES = "status IN ('waiting', 'pushing')"
"""A push that is under way is due again when its lease is over: here a repeat is the protocol."""


def lock_due_pushes(partner: int, *, now: datetime, limit: int) -> list[uuid.UUID]:
    """Lock up to so many pushes that are due at this partner, the longest waiting first."""
    statement = f"""
        SELECT id FROM sms_inboundpush WHERE partner_id = %s AND {OPEN_PUSHES} AND due_at <= %s
        ORDER BY due_at LIMIT %s {_skip_locked()}"""
    return [as_uuid(row[0]) for row in read(statement, [partner, now, limit])]


def lock_gateway(gateway: int) -> None:
    """Hold a gateway's row until the transaction ends, so that equal calls are looked at one after the other."""
    read(f"SELECT id FROM sms_inboundgateway WHERE id = %s {_for_update()}", [gateway])
