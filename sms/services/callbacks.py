"""Calls at the vendors' doors: stored raw with one statement, answered, and read afterwards in batches.

The web side only stores; dispatchers read and apply, woken at once. So a callback costs the vendor's connection one
INSERT, and a fault while reading loses nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error, connection

from providers.base import Report
from sms.domain.text import visible

from . import clock, outbox, reports, snapshot, wake
from .call_fields import fields_of
from .outbox import StoredCall
from .reports import Word
from .rows import plain, read, write_records
from .transactions import worker_transaction

log = structlog.get_logger(__name__)

MAX_FIELDS = 100
MAX_DIFFERENT_PER_HOUR = 1000
AT_ONCE = 500


# --- taking a call in ---------------------------------------------------------------------------

_STORE = """
INSERT INTO sms_callback (provider_id, attempt_id, address_digest, body_digest, method, query, content_type, body,
                          source, count, note, received_at, last_received_at)
SELECT %(provider)s, (SELECT id FROM sms_attempt WHERE id = %(attempt)s), %(address)s, %(digest)s, %(method)s,
       %(query)s, %(content_type)s, %(body)s, {source}, 1, '', {now}, {now}
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
_COUNT_FLOOD = """
UPDATE sms_callback SET count = count + 1, last_received_at = %s
WHERE id = (SELECT id FROM sms_callback WHERE address_digest = %s ORDER BY received_at DESC LIMIT 1)
RETURNING id
"""


def receive(
    *,
    provider_id: int,
    attempt_id: uuid.UUID | None,
    address: str,
    method: str,
    query: bytes,
    content_type: str,
    body: bytes,
    source: str | None,
) -> None:
    """Store a raw call; an equal one at the same address is counted on its row.

    Past MAX_DIFFERENT_PER_HOUR different ones at an address, further ones are only counted, unless they hold the
    report of a message that we know. Raises django.db.Error if it could not be stored.
    """
    digest = _digest(address.encode())
    call = {
        "provider": provider_id,
        "attempt": attempt_id,
        "address": digest,
        "digest": _digest(method.encode(), query, content_type.encode(), body),
        "method": method,
        "query": query,
        "content_type": content_type[:200],
        "body": body,
        "source": source,
    }
    if not _store(call, most=MAX_DIFFERENT_PER_HOUR):
        known = _names_a_message(StoredCall(0, provider_id, attempt_id, query, body))
        if not (known and _store(call, most=0)):
            read(_COUNT_FLOOD, [clock.now(), digest])
    wake.ring(wake.CALLS)


def _store(call: Mapping[str, Any], *, most: int) -> bool:
    """Whether it is stored: no, if there were `most` different ones at its address within an hour (0: no limit)."""
    values = {**call, "most": most}
    if connection.vendor == "sqlite":
        now = clock.now()
        values |= {"now": now, "hour_ago": now - timedelta(hours=1)}
    statement = _STORE.format(**_DIALECT[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(statement, {k: v if isinstance(v, bytes) else plain(v) for k, v in values.items()})
        return cursor.fetchone() is not None


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _names_a_message(call: StoredCall) -> bool:
    found, _ = _reports_in(call)
    return reports.names_an_attempt(call.provider, [report.vendor_id for report in found if report.vendor_id])


# --- reading what is stored --------------------------------------------------------------------------


def read_pending(limit: int = AT_ONCE, *, may_send: bool = True) -> int:
    """Read and apply stored calls, oldest first. Returns how many were read.

    One that our own code fails on is marked and left, so that it holds up nothing. Without `may_send` no report hands
    its message to the next provider.
    """
    try:
        return _read_batch(limit, may_send=may_send)
    except Error:
        raise
    except Exception:
        log.exception("callbacks.batch_failed")
    return sum(_read_alone(may_send=may_send) for _ in range(limit))


def _read_alone(*, may_send: bool) -> int:
    try:
        return _read_batch(1, may_send=may_send)
    except Error:
        raise
    except Exception:
        log.exception("callback.unreadable")
    with worker_transaction() as now:
        calls = outbox.lock_callbacks(1)
        _finish({call.id: "our own code failed on it; see the log" for call in calls}, now)
    return len(calls)


def _read_batch(limit: int, *, may_send: bool) -> int:
    if not outbox.callbacks_wait():
        return 0
    with worker_transaction() as now:
        calls = outbox.lock_callbacks(limit)
        words, notes = _words_in(calls)
        waiting = reports.apply(words, may_send=may_send)
        _finish(notes, now)
    reports.match_waiting(waiting)
    return len(calls)


def _words_in(calls: Sequence[StoredCall]) -> tuple[list[Word], dict[int, str]]:
    words: list[Word] = []
    notes: dict[int, str] = {}
    for call in calls:
        found, notes[call.id] = _reports_in(call)
        words += [_word(call, report) for report in found]
    return words, notes


def _reports_in(call: StoredCall) -> tuple[list[Report], str]:
    """The reports in a call, and why there are none."""
    account = snapshot.current().accounts.get(call.provider)
    if account is None:
        return [], "the provider is gone"
    values = fields_of(query=call.query, body=call.body)
    if values is None:
        return [], "it is neither a form nor a JSON object"
    if len(values) > MAX_FIELDS:
        return [], f"it has more than {MAX_FIELDS} fields"
    found = account.adapter.read_reports(values)
    return found, "" if found else "no delivery report was found in it"


def _word(call: StoredCall, report: Report) -> Word:
    """One report, and the attempt of the address if the report's id is its id too."""
    own = call.attempt if call.attempt is not None and report.reference == str(call.attempt) else None
    return Word(
        provider=call.provider,
        state=report.state,
        callback=call.id,
        attempt=own,
        may_wait=call.attempt is None and bool(report.vendor_id),
        reference=visible(report.reference)[:128],
        vendor_id=visible(report.vendor_id)[:128],
        code=visible(report.code)[:64],
        detail=visible(report.detail)[:2000],
    )


_FINISH_COLUMNS = {"id": "bigint", "note": "text"}


def _finish(notes: Mapping[int, str], now: datetime) -> None:
    records = [{"id": id_, "note": note} for id_, note in notes.items()]
    statement = "UPDATE sms_callback SET read_at = %s, note = v.note FROM v WHERE sms_callback.id = v.id"
    write_records(statement, _FINISH_COLUMNS, records, now)
