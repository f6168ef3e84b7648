"""Callbacks of vendors: stored as they came with one statement, answered, and read afterwards in batches.

The web process stores them; a worker is notified, parses them and applies the reports. So a vendor waits for one
INSERT, and an error while parsing loses nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error, connection

from providers.base import NO_REPORT, HttpResponse, MessageState, ProviderError, Report, Sender
from providers.marking import N_
from sms.domain.text import visible
from sms.services.configuration import snapshot
from sms.services.configuration.digests import digest
from sms.services.database import clock
from sms.services.database.bulk_sql import fetch_rows, stored_value, write_records
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts
from sms.services.queue import notify, outbox, redaction
from sms.services.webhooks.payload import Fields, RawCall, StoredCall, field_groups, parse_records
from sms.services.webhooks.payload_charset import Unreadable

from . import apply, lookup
from .update import ReportUpdate, update_of

log = structlog.get_logger(__name__)

MAX_DIFFERENT_PER_HOUR = 1000
POLLED = "POLL"
"""The method of a stored answer to a poll. No call at a callback URL has it."""
BATCH_SIZE = 500


# --- storing a callback -----------------------------------------------------------------------

_STORE = """
INSERT INTO sms_callback (provider_id, attempt_id, address_digest, body_digest, method, query, content_type,
                          content_encoding, headers, body, source, count, note, received_at, last_received_at)
SELECT %(provider)s, (SELECT id FROM sms_attempt WHERE id = %(attempt)s), %(address)s, %(digest)s, %(method)s,
       %(query)s, %(content_type)s, %(content_encoding)s, %(headers)s, %(body)s, {source}, 1, '', {now}, {now}
WHERE %(most)s = 0 OR (SELECT count(*) FROM (SELECT 1 FROM sms_callback
      WHERE address_digest = %(address)s AND received_at > {hour_ago} LIMIT %(most)s) recent) < %(most)s
ON CONFLICT (address_digest, body_digest) DO UPDATE
   SET count = sms_callback.count + 1, last_received_at = excluded.last_received_at
RETURNING id
"""
_DIALECT = {
    "postgresql": {
        "source": "CAST(%(source)s AS inet)",
        "now": "statement_timestamp()",
        "hour_ago": "statement_timestamp() - interval '1 hour'",
    },
    "sqlite": {"source": "%(source)s", "now": "%(now)s", "hour_ago": "%(hour_ago)s"},
}
_COUNT_ONLY = """
UPDATE sms_callback SET count = count + 1, last_received_at = %s
WHERE id = (SELECT id FROM sms_callback WHERE address_digest = %s ORDER BY received_at DESC LIMIT 1)
RETURNING id
"""


def store_callback(
    *,
    provider_id: int,
    attempt_id: uuid.UUID | None,
    address: str,
    method: str,
    query: bytes,
    content_type: str,
    body: bytes,
    source: str | None,
    content_encoding: str = "",
    headers: str = "",
) -> None:
    """Store a callback as it came; a repeat at the same URL is counted in the first one's row.

    After MAX_DIFFERENT_PER_HOUR different ones at a URL, further ones are only counted, unless they report about a
    known attempt. Raises django.db.Error if the callback could not be stored.
    """
    of_address = hashlib.sha256(address.encode()).hexdigest()
    call = RawCall(query, content_type, content_encoding, body)
    row = {
        "provider": provider_id,
        "attempt": attempt_id,
        "address": of_address,
        "digest": digest("callback", method.encode(), *call.parts()),
        "method": method,
        "query": query,
        "content_type": content_type[:200],
        "content_encoding": content_encoding[:40],
        "headers": headers,
        "body": body,
        "source": source,
    }
    if not _store(row, most=MAX_DIFFERENT_PER_HOUR):
        facts = {"method": method, "headers": headers, "source": source or "", "received_at": clock.now()}
        known = _is_about_known_attempt(StoredCall(0, provider_id, attempt_id, call, **facts))
        if not (known and _store(row, most=0)):
            fetch_rows(_COUNT_ONLY, [clock.now(), of_address])
    notify.notify_workers(notify.CALLS)


def store_answer(provider_id: int, key: str, response: HttpResponse) -> None:
    """Store the answer to a poll which the vendor gives only once; with the same `key` it is stored once."""
    store_callback(
        provider_id=provider_id,
        attempt_id=None,
        address=f"poll {key}",
        method=POLLED,
        query=b"",
        content_type=visible(response.headers.get("content-type", "")),
        body=response.body,
        source=None,
        headers=f"status: {response.status}",
    )


def _store(call: Mapping[str, Any], *, most: int) -> bool:
    """Store a callback unless its URL had `most` different ones within an hour (0: no limit). True if it is stored."""
    values = {**call, "most": most}
    if connection.vendor == "sqlite":
        now = clock.now()
        values |= {"now": now, "hour_ago": now - timedelta(hours=1)}
    statement = _STORE.format(**_DIALECT[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(statement, {k: v if isinstance(v, bytes) else stored_value(v) for k, v in values.items()})
        return cursor.fetchone() is not None


def _is_about_known_attempt(call: StoredCall) -> bool:
    updates, _ = _parse_call(call)
    return lookup.knows_attempt(updates)


# --- reading stored callbacks -------------------------------------------------------------------


def read_pending(limit: int = BATCH_SIZE, *, may_send: bool = True) -> int:
    """Parse stored callbacks, oldest first, and apply their reports. Returns how many were read.

    A callback that our own code fails on is marked as read with a note, so that it does not block the others. Without
    `may_send` no message is queued for the next provider.
    """
    try:
        return _read_batch(limit, may_send=may_send)
    except Error:
        raise
    except Exception:
        log.exception("callbacks.batch_failed")
    return sum(_read_one(may_send=may_send) for _ in range(limit))


def _read_one(*, may_send: bool) -> int:
    try:
        return _read_batch(1, may_send=may_send)
    except Error:
        raise
    except Exception:
        log.exception("callback.failed")
    with worker_transaction() as now:
        calls = outbox.lock_callbacks(1)
        _mark_read({call.id: N_("our own code failed on it; see the log") for call in calls}, now)
        for call in calls:
            alert_unread(call.provider)
    return len(calls)


def _read_batch(limit: int, *, may_send: bool) -> int:
    if not outbox.has_unread_callbacks():
        return 0
    with worker_transaction() as now:
        calls = outbox.lock_callbacks(limit)
        updates, notes = _parse_calls(calls)
        waiting = apply.apply_reports(updates, may_send=may_send)
        _mark_read(notes, now)
        redaction.erase_callbacks_of_erased([call.id for call in calls])
    apply.match_waiting(waiting)
    return len(calls)


def _parse_calls(calls: Sequence[StoredCall]) -> tuple[list[ReportUpdate], dict[int, str]]:
    updates: list[ReportUpdate] = []
    notes: dict[int, str] = {}
    for call in calls:
        found, notes[call.id] = _parse_call(call)
        updates += found
        if notes[call.id] and not call.raw.is_empty():
            alert_unread(call.provider)
    return updates, notes


def _parse_call(call: StoredCall) -> tuple[list[ReportUpdate], str]:
    """The reports in a callback, and a note for staff on what could not be read and why."""
    account = snapshot.current().accounts.get(call.provider)
    if account is None:
        return [], N_("the provider is gone")
    if call.method == POLLED:
        return _parse_answer(call, account.adapter)
    found, note = reports_in(call, account.adapter)
    return [_update_from(call, report, fields) for report, fields in found], note


def reports_in(call: StoredCall, adapter: Sender) -> tuple[list[tuple[Report, Fields]], str]:
    """The reports that the adapter finds in a callback, each with its fields, and a note for staff."""
    own = adapter.read(call.as_callback())
    if own is not None:
        return _without_no_report([(report, Fields({})) for report in own])
    try:
        records = parse_records(call.raw)
    except Unreadable as unreadable:
        return [], N_("could not be read: {unreadable_text}").format(unreadable_text=unreadable)
    found = [pair for record in records for pair in _reports_in(record, adapter)]
    found, missing = _without_no_report(found)
    return found, _note(records) or missing


def _without_no_report(found: list[tuple[Report, Fields]]) -> tuple[list[tuple[Report, Fields]], str]:
    """The reports, and the note if the adapter found none and does not say that none is expected."""
    reports = [pair for pair in found if pair[0] is not NO_REPORT]
    return reports, "" if found else N_("no delivery report was found in it")


def _parse_answer(call: StoredCall, adapter: Sender) -> tuple[list[ReportUpdate], str]:
    answer = call.as_callback()
    try:
        reports = adapter.poll_outcome(HttpResponse(int(answer.headers["status"]), answer.headers, answer.body))
    except ProviderError as error:
        return [], N_("could not be read: the answer counts as {failure_text}").format(failure_text=error.failure)
    return [replace(_update_from(call, report, Fields({})), is_poll=True) for report in reports], ""


def _note(records: Sequence[Fields]) -> str:
    """The names of the fields that could not be decoded, each with the reason."""
    bad = {name: reason for record in records for name, reason in record.undecodable().items()}
    return "; ".join(
        N_("could not be read: {name}: {reason_text}").format(name=visible(name)[:40], reason_text=reason)
        for name, reason in bad.items()
    )


def _reports_in(record: Fields, adapter: Sender) -> list[tuple[Report, Fields]]:
    """The reports of a record, each with the fields that it was read from.

    They may be in an inner object or array: the groups with a known state and an id are preferred.
    """
    groups = [
        [(report, fields) for fields in group for report in adapter.read_reports(fields)]
        for group in field_groups(record)
    ]
    best = max(map(_certainty, groups))
    if _certainty(groups[0]) == best:
        return groups[0]
    return [pair for group in groups if _certainty(group) == best for pair in group]


def _certainty(group: Sequence[tuple[Report, Fields]]) -> tuple[bool, bool, bool]:
    found = [report for report, _ in group]
    return (
        bool(found),
        any(report.state != MessageState.UNKNOWN for report in found),
        any(report.reference or report.vendor_id or report.to for report in found),
    )


def alert_unread(provider: int) -> None:
    """Raise the alert that a callback, or the answer to a poll, could not be read."""
    account = snapshot.current().accounts.get(provider)
    if account is None:
        return
    alerts.open_alert(
        f"unread-report:{account.slug}",
        title=N_("A call of {slug} could not be read as a delivery report, or not all of it").format(slug=account.slug),
        advice=N_("Open the callbacks of this provider: each says why. Ask the vendor what it sends, then close this."),
        provider_id=provider,
    )


def _update_from(call: StoredCall, report: Report, fields: Fields) -> ReportUpdate:
    """A report to apply, with the attempt of the callback's URL or of the reference that it names."""
    attempt = _attempt_of(call, report, fields)
    has_id = attempt is not None or report.reference or report.vendor_id
    ids_per_part = snapshot.current().accounts[call.provider].adapter.ids_per_part
    return update_of(
        report,
        provider=call.provider,
        callback=call.id,
        attempt=attempt,
        url_attempt=call.attempt,
        may_wait=bool(report.vendor_id) and (call.attempt is None or ids_per_part),
        to="" if has_id or call.attempt else report.to,
    )


def _attempt_of(call: StoredCall, report: Report, fields: Fields) -> uuid.UUID | None:
    """The attempt that a report names by our id, in any form of a UUID.

    At an attempt's own URL only that one, which a report without any id is about, too.
    """
    if call.attempt and not report.reference:
        return call.attempt if not report.vendor_id and fields.is_plain() else None
    try:
        named = uuid.UUID(report.reference)
    except ValueError:
        return None
    return named if call.attempt in (None, named) else None


_MARK_READ_COLUMNS = {"id": "bigint", "note": "text"}


def _mark_read(notes: Mapping[int, str], now: datetime) -> None:
    records = [{"id": id_, "note": note[:200]} for id_, note in notes.items()]
    statement = "UPDATE sms_callback SET read_at = %s, note = v.note FROM v WHERE sms_callback.id = v.id"
    write_records(statement, _MARK_READ_COLUMNS, records, now)
