"""The queue is the message table: claims, settles and sweeps, and the only lock clauses of the product.

A message may be sent only by the process whose claim is committed on its row. Every move is one conditional UPDATE:
its WHERE lists the state it may leave and the lease it must own, and a row that it does not return was moved by
somebody else first.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from sms.domain.lifecycle import Status

from . import clock
from .call_fields import RawCall, StoredCall
from .rows import as_json, as_time, as_uuid, ask, ask_to_write, read
from .together import Answer

CONNECT_SECONDS = 5
SLACK_SECONDS = 10


def lease_seconds(timeout: int) -> int:
    """How long a claim owns its message: connecting, the call's own deadline, and slack."""
    return CONNECT_SECONDS + timeout + SLACK_SECONDS


@dataclass(frozen=True, slots=True)
class Due:
    """A message that may be sent now, its row locked until the transaction ends."""

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


_DUE_COLUMNS = (
    'id, provider_id, attempts_made, attempts_before, "to", sender, text, is_otp, decision, pinned_provider_id, '
    "in_doubt, crashes, expires_at, created_at"
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
    )


# --- what may go ------------------------------------------------------------------------


def lock_state(provider: int, *, wait: bool = False) -> bool:
    """Take the provider's state row for this transaction; without `wait`, False if another dispatcher has it."""
    clause = _for_update() if wait else _skip_locked()
    return bool(read(f"SELECT provider_id FROM sms_providerstate WHERE provider_id = %s {clause}", [provider]))


def in_flight(provider: int) -> int:
    return read("SELECT count(*) FROM sms_message WHERE status = 'sending' AND provider_id = %s", [provider])[0][0]


# --- claims -------------------------------------------------------------------------------


def lock_due(provider: int, *, is_otp: bool, limit: int) -> Callable[[], list[Due]]:
    """Lock up to so many messages that are due at this provider, the longest waiting first; the answer gives them."""
    now, times = clock.moment()
    statement = f"""
        SELECT {_DUE_COLUMNS} FROM sms_message
        WHERE status = 'queued' AND provider_id = %s AND is_otp = %s AND due_at <= {now} AND expires_at > {now}
        ORDER BY due_at LIMIT %s {_skip_locked()}"""
    answer = ask(statement, [provider, is_otp, *times * 2, limit])
    return lambda: [_due(row) for row in answer()]


_CLAIM_COLUMNS = {
    "message": "uuid",
    "attempt": "uuid",
    "number": "smallint",
    "provider": "bigint",
    "version": "bigint",
    "parameters": "jsonb",
    "lease_until": "timestamptz",
}
_MARK_SENDING = """
UPDATE sms_message SET status = 'sending', provider_id = v.provider, lease_token = v.attempt,
       lease_until = v.lease_until, attempts_made = v.number, template_version_id = v.version,
       parameters = v.parameters, waiting_for = '', updated_at = %s
FROM v WHERE sms_message.id = v.message AND sms_message.status = 'queued'
RETURNING sms_message.id
"""
_ADD_ATTEMPTS = """
INSERT INTO sms_attempt (id, message_id, number, provider_id, template_version_id, lease_token, started_at,
                         failure, code, detail, vendor_message_id, reported, polls)
SELECT v.attempt, v.message, v.number, v.provider, v.version, v.attempt, %s, '', '', '', '', '', 0 FROM v WHERE true
"""
_CLAIM = f", marked AS ({_MARK_SENDING}), added AS ({_ADD_ATTEMPTS}) SELECT id FROM marked"
"""Both in one: half as many round trips and records to write out. SQLite knows no UPDATE within a SELECT."""


def claim(records: Sequence[Mapping[str, Any]], *, now: datetime) -> Callable[[], None]:
    """Mark locked messages `sending`, each with its attempt. The attempt's id is the lease's token.

    The answer raises RuntimeError if one of them was not there to be claimed.
    """
    if connection.vendor == "postgresql":
        claimed = ask_to_write(_CLAIM, _CLAIM_COLUMNS, records, now, now)
    else:
        claimed = ask_to_write(_MARK_SENDING, _CLAIM_COLUMNS, records, now)
        ask_to_write(_ADD_ATTEMPTS, _CLAIM_COLUMNS, records, now)
    return lambda: _require_all(len(records), len(claimed()))


def _require_all(wanted: int, claimed: int) -> None:
    if claimed != wanted:
        raise RuntimeError(f"{wanted - claimed} messages moved while their rows were locked")


_PUT_OFF_COLUMNS = {"message": "uuid", "provider": "bigint", "due_at": "timestamptz", "waiting_for": "text"}
_PUT_OFF = """
UPDATE sms_message SET provider_id = v.provider, due_at = v.due_at, waiting_for = v.waiting_for
FROM v WHERE sms_message.id = v.message AND sms_message.status = 'queued'
"""


def put_off(records: Sequence[Mapping[str, Any]]) -> None:
    """Leave locked messages queued: at another provider, or until later, with what they wait for."""
    ask_to_write(_PUT_OFF, _PUT_OFF_COLUMNS, records)


_WAITING = "status = 'queued' AND provider_id = %s AND is_otp = %s AND due_at > %s AND waiting_for <> ''"
_MAKE_DUE = "UPDATE sms_message SET due_at = %s WHERE id IN (SELECT id FROM sms_message WHERE {} ORDER BY due_at {})"


def make_due(provider: int, *, now: datetime) -> None:
    """A provider may be called again: the first that wait for it are due at once, the others within half a minute."""
    for is_otp in (True, False):
        read(_MAKE_DUE.format(_WAITING, f"LIMIT 1000 {_skip_locked()}"), [now, provider, is_otp, now])


# --- settles --------------------------------------------------------------------------------

_SETTLE_COLUMNS = {
    "message": "uuid",
    "attempt": "uuid",
    "status": "text",
    "provider": "bigint",
    "delay": "float8",
    "in_doubt": "boolean",
    "crashes": "smallint",
    "is_otp": "boolean",
    "message_code": "text",
    "message_detail": "text",
    "outcome": "text",
    "failure": "text",
    "code": "text",
    "detail": "text",
    "vendor_message_id": "text",
    "http_status": "smallint",
    "raw_request": "text",
    "raw_response": "text",
    "poll_after": "float8",
}
_SETTLE_MESSAGES = """
UPDATE sms_message SET status = v.status, provider_id = v.provider, due_at = {due_at}, in_doubt = v.in_doubt,
       crashes = v.crashes, code = v.message_code, detail = v.message_detail, lease_token = NULL, lease_until = NULL,
       updated_at = {now}
FROM v WHERE sms_message.id = v.message AND sms_message.status = 'sending' AND sms_message.lease_token = v.attempt
"""
_SETTLE_ATTEMPTS = """
UPDATE sms_attempt SET outcome = v.outcome, failure = v.failure, code = v.code, detail = v.detail,
       vendor_message_id = v.vendor_message_id, http_status = v.http_status, raw_request = {kept} v.raw_request END,
       raw_response = {kept} v.raw_response END, poll_at = {poll_at}, finished_at = {now}
FROM v WHERE sms_attempt.id = v.attempt AND sms_attempt.outcome IS NULL
RETURNING sms_attempt.id
"""
_IS_OVER = "v.is_otp AND EXISTS (SELECT 1 FROM sms_message m WHERE m.id = v.message AND m.erased_at IS NOT NULL)"
_KEPT = f"CASE WHEN NOT ({_IS_OVER}) THEN"  # a report may come before the answer, and be an OTP's end
_LATER = "statement_timestamp() + v.{} * interval '1 second'"
_SETTLE = f", moved AS ({_SETTLE_MESSAGES}) {_SETTLE_ATTEMPTS}".format(
    kept=_KEPT, now="statement_timestamp()", due_at=_LATER.format("delay"), poll_at=_LATER.format("poll_after")
)


def settle(records: Sequence[Mapping[str, Any]]) -> Callable[[], set[uuid.UUID]]:
    """Move messages out of `sending`, as far as these leases still own them, and write what their calls came to.

    The answer: the attempts that were still in flight.
    """
    if connection.vendor == "postgresql":
        ended = ask_to_write(_SETTLE, _SETTLE_COLUMNS, records)
    else:
        ended = _settle_on_sqlite(records)
    return lambda: {as_uuid(row[0]) for row in ended()}


def _settle_on_sqlite(records: Sequence[Mapping[str, Any]]) -> Answer:
    now = clock.now()
    columns = {**_SETTLE_COLUMNS, "due_at": "timestamptz", "poll_at": "timestamptz"}
    words = {"kept": _KEPT, "now": "%s", "due_at": "v.due_at", "poll_at": "v.poll_at"}
    moves = [
        {**record, "due_at": _later(now, record["delay"]), "poll_at": _later(now, record["poll_after"])}
        for record in records
    ]
    ask_to_write(_SETTLE_MESSAGES.format(**words), columns, moves, now)
    return ask_to_write(_SETTLE_ATTEMPTS.format(**words), columns, moves, now)


def _later(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)


# --- sweeps ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A message whose lease is over: its dispatcher died, or its call hangs. Perhaps sent."""

    message: Due
    attempt: uuid.UUID


def lock_abandoned(*, now: datetime, limit: int) -> list[Abandoned]:
    statement = f"""
        SELECT {_DUE_COLUMNS}, lease_token FROM sms_message
        WHERE status = 'sending' AND lease_until < %s ORDER BY lease_until LIMIT %s {_skip_locked()}"""
    return [Abandoned(_due(row[:-1]), as_uuid(row[-1])) for row in read(statement, [now, limit])]


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
    """Take the reports that wait for one of these ids, as arguments of reports.Word."""
    marks = ", ".join(["%s"] * len(vendor_ids))
    statement = f"""
        SELECT id, provider_id, status, callback_id, is_poll, reference, vendor_message_id, code, detail
        FROM sms_deliveryreport WHERE is_waiting AND vendor_message_id IN ({marks}) ORDER BY id {_skip_locked()}"""
    names = ("id", "provider", "state", "callback", "is_poll", "reference", "vendor_id", "code", "detail")
    rows = [dict(zip(names, row, strict=True)) for row in read(statement, vendor_ids)]
    return [row | {"may_wait": True, "is_poll": bool(row["is_poll"])} for row in rows]


# --- received messages ---------------------------------------------------------------------------

_OPEN_PUSHES = "status IN ('waiting', 'pushing')"
"""A push that is under way is due again when its lease is over: here a repeat is the protocol."""


def ask_partners_with_due_pushes(moment: str, parameters: Sequence[Any] = ()) -> Answer:
    """`moment`: the time in SQL."""
    statement = f"SELECT DISTINCT partner_id FROM sms_inboundpush WHERE {_OPEN_PUSHES} AND due_at <= {moment}"
    return ask(statement, parameters)


def lock_due_pushes(partner: int, *, now: datetime, limit: int) -> list[uuid.UUID]:
    """Lock up to so many pushes that are due at this partner, the longest waiting first."""
    statement = f"""
        SELECT id FROM sms_inboundpush WHERE partner_id = %s AND {_OPEN_PUSHES} AND due_at <= %s
        ORDER BY due_at LIMIT %s {_skip_locked()}"""
    return [as_uuid(row[0]) for row in read(statement, [partner, now, limit])]


def lock_gateway(gateway: int) -> None:
    """Hold a gateway's row until the transaction ends, so that equal calls are looked at one after the other."""
    read(f"SELECT id FROM sms_inboundgateway WHERE id = %s {_for_update()}", [gateway])
