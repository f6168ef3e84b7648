"""Erases OTPs when they expire; texts, raw exchanges and rows after the days of the retention periods.

Dispatchers call `erase_due` and `delete_due` periodically, until both return 0. Each call finds a few rows by an
index, so statements are short, and any number of dispatchers may run them at once. The hourly sums are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Q

from sms.domain.lifecycle import Status
from sms.models import (
    AccessRecord,
    Alert,
    Attempt,
    Callback,
    DeliveryReport,
    HourlyDelivery,
    HourlyOtpShape,
    HourlyReceipt,
    InboundCall,
    InboundMessage,
    InboundPushAttempt,
    LoginSource,
    Message,
    PushStatus,
    RefusalCount,
    RefusedRequest,
    RetentionWalk,
)
from sms.models.refusal import REFUSALS_DAYS
from sms.models.rollup import OTP_SHAPES_DAYS
from sms.models.staff import ACCESS_RECORD_DAYS
from sms.services.configuration import retention_periods
from sms.services.configuration.retention_periods import Periods
from sms.services.database import clock
from sms.services.queue import redaction

BATCH_SIZE = 500
WINDOW = 5000
"""Rows to skip at once where they need no erasing."""
LOGINS_DAYS = 30
FAILURES_DAYS = 1
"""Days for which failed log-ins are kept. They count for minutes only."""
SCAN_AGAIN_AFTER = timedelta(days=1)
"""After this a scan starts again, for rows that were in use before."""
UNFINISHED = (Status.QUEUED, Status.HELD, Status.SENDING)

Rows = models.QuerySet[Any]
Erase = Callable[[Rows, datetime], object]


# --- erasing ------------------------------------------------------------------------


def erase_due(limit: int = BATCH_SIZE) -> int:
    """Erase at most `limit` rows of each kind. Returns how many were processed, 0 if none is due."""
    now = clock.now()
    positions, periods = _positions(now), retention_periods.current()
    steps = (scan.step(positions[scan.table], now, scan.days(periods), limit) for scan in SCANS)
    return _erase_otps(now, limit) + sum(steps)


def _erase_otps(now: datetime, limit: int) -> int:
    """OTPs whose time to live has ended, except those that are being sent."""
    expired = Message.objects.filter(is_otp=True, erased_at=None, expires_at__lte=now)
    due = list(expired.exclude(status__in=UNFINISHED).order_by("expires_at", "id").values_list("pk", flat=True)[:limit])
    with transaction.atomic():
        redaction.erase_messages(due)
    return len(due)


@dataclass(frozen=True)
class TableScan:
    """Scans a table in the order of its key, which is the order of age, up to the first row that is not due.

    It starts again once a day. This needs no index, which would slow down accepting. The position is stored in the
    database, and only the dispatcher that moves it processes the rows.
    """

    model: type[models.Model]
    time: str
    days: Callable[[Periods], int]
    is_due: Q
    erase: Erase
    name: str = ""
    """Of a second scan of the same table."""

    @property
    def table(self) -> str:
        return self.name or self.model._meta.db_table

    def step(self, saved: RetentionWalk, now: datetime, days: int, limit: int) -> int:
        """Process the next rows. Returns how many, 0 if none is old enough."""
        rows = self.model._default_manager.all()
        if saved.position:
            rows = rows.filter(pk__gt=saved.position)
        end = self._window(rows, now - timedelta(days=days), limit)
        if end is None:
            self._restart_once_a_day(saved, now)
            return 0
        due = _keys(rows.filter(self.is_due, pk__lte=end).order_by("pk"), limit)
        with transaction.atomic():
            if self._move(saved, due[-1] if len(due) == limit else end) and due:
                self.erase(self.model._default_manager.filter(self.is_due, pk__in=due), now)
        return max(len(due), 1)

    def _window(self, rows: Rows, horizon: datetime, limit: int) -> Any:
        """The key of the last of the next rows that are old enough; of up to WINDOW rows where so many are."""
        due = _oldest(rows, self.time, horizon, limit)
        if len(due) == limit:
            last = rows.order_by("pk").values_list("pk", self.time)[WINDOW - 1 : WINDOW]
            due += [key for key, at in last if at < horizon]
        return due[-1] if due else None

    def _move(self, saved: RetentionWalk, position: Any) -> bool:
        """False if another dispatcher was first."""
        current = RetentionWalk.objects.filter(pk=self.table, position=saved.position)
        return current.update(position=str(position)) == 1

    def _restart_once_a_day(self, saved: RetentionWalk, now: datetime) -> None:
        if saved.position and now - saved.begun_at > SCAN_AGAIN_AFTER:
            RetentionWalk.objects.filter(pk=self.table).update(position="", begun_at=now)


def _positions(now: datetime) -> dict[str, RetentionWalk]:
    """The position of each scan, by table."""
    positions = RetentionWalk.objects.in_bulk()
    for scan in SCANS:
        if scan.table not in positions:
            positions[scan.table], _ = RetentionWalk.objects.get_or_create(pk=scan.table, defaults={"begun_at": now})
    return positions


def _erase_texts(rows: Rows, _: datetime) -> None:
    redaction.erase_messages(list(rows.values_list("pk", flat=True)))


def _erase_exchanges(rows: Rows, _: datetime) -> None:
    rows.update(raw_request=None, raw_response=None)


def _erase_calls(rows: Rows, _: datetime) -> None:
    rows.update(body=None, query=b"")


def _erase_callbacks(rows: Rows, _: datetime) -> None:
    redaction.erase_callbacks(list(rows.values_list("pk", flat=True)))


def _erase_reports(rows: Rows, _: datetime) -> None:
    rows.update(**SAID)


def _forget_keys(rows: Rows, _: datetime) -> None:
    rows.update(repeat_key=None)


def _erase_received_texts(rows: Rows, now: datetime) -> None:
    rows.update(text=None, erased_at=now)


def _text_days(periods: Periods) -> int:
    return periods.text


def _raw_days(periods: Periods) -> int:
    return periods.raw


def _one_day(_: Periods) -> int:
    return 1


def _received_raw_days(periods: Periods) -> int:
    """A received call's body contains the text, so the shorter period counts."""
    return min(periods.text, periods.raw)


HAS_EXCHANGE = ~Q(raw_request=None, raw_response=None)
IS_READ = Q(read_at__isnull=False, body__isnull=False)
SAID = dict.fromkeys(("reference", "vendor_message_id", "code", "detail", "price"), "")
HAS_NO_MESSAGE = Q(attempt=None) & ~Q(**SAID)
"""Reports without a message: what they repeat can't be recognised. Ids become known within seconds, or never."""
IS_UNMATCHED = IS_READ & Q(attempt=None) & ~Q(reports__attempt__isnull=False)
HAS_KEY = Q(erased_at__isnull=False, repeat_key__isnull=False)
IS_SENT = Q(erased_at=None) & ~Q(status__in=UNFINISHED)
IS_FORWARDED = Q(erased_at=None) & ~Q(push__status__in=(PushStatus.WAITING, PushStatus.PUSHING))

SCANS = (
    TableScan(Message, "created_at", _text_days, IS_SENT, _erase_texts),
    TableScan(Attempt, "started_at", _raw_days, HAS_EXCHANGE, _erase_exchanges),
    TableScan(Message, "created_at", _one_day, HAS_KEY, _forget_keys, "sms_message.repeat_key"),
    TableScan(Callback, "received_at", _raw_days, IS_READ, _erase_callbacks),
    TableScan(Callback, "received_at", _one_day, IS_UNMATCHED, _erase_callbacks, "sms_callback.unmatched"),
    TableScan(DeliveryReport, "received_at", _one_day, HAS_NO_MESSAGE, _erase_reports),
    TableScan(InboundMessage, "received_at", _text_days, IS_FORWARDED, _erase_received_texts),
    TableScan(InboundPushAttempt, "started_at", _received_raw_days, HAS_EXCHANGE, _erase_exchanges),
    TableScan(InboundCall, "received_at", _received_raw_days, IS_READ, _erase_calls),
)


# --- deleting -----------------------------------------------------------------------


def delete_due(limit: int = BATCH_SIZE) -> int:
    """Delete at most `limit` rows of each kind. Returns how many, 0 if none is due."""
    now = clock.now()
    rows = now - timedelta(days=retention_periods.current().row)
    refusals = now - timedelta(days=REFUSALS_DAYS)
    deleted = _delete(Message, _oldest(Message.objects.all(), "created_at", rows, limit), ~Q(status__in=UNFINISHED))
    for model, time_field, horizon in (
        (DeliveryReport, "received_at", rows),
        (Callback, "received_at", rows),
        (InboundMessage, "received_at", rows),
        (InboundCall, "received_at", rows),
        (RefusedRequest, "created_at", refusals),
        (RefusalCount, "minute", refusals),
    ):
        deleted += _delete(model, _oldest(model._default_manager.all(), time_field, horizon, limit))
    return deleted + sum(_delete(due.model, _keys(due, limit)) for due in _due_of_small_tables(now, rows))


def _due_of_small_tables(now: datetime, horizon: datetime) -> list[Rows]:
    """Of tables with few rows, or with an index for this."""
    logins, failures = now - timedelta(days=LOGINS_DAYS), now - timedelta(days=FAILURES_DAYS)
    return [
        LoginSource.objects.exclude(failures_since__gte=failures).exclude(succeeded_at__gte=logins),
        AccessLog.objects.filter(attempt_time__lt=horizon),
        AccessAttempt.objects.filter(attempt_time__lt=failures),  # of versions that kept them
        Alert.objects.filter(closed_at__lt=horizon),
        AccessRecord.objects.filter(created_at__lt=now - timedelta(days=ACCESS_RECORD_DAYS)),
        Session.objects.filter(expire_date__lt=now),
        HourlyDelivery.objects.filter(hour__lt=horizon),
        HourlyReceipt.objects.filter(hour__lt=horizon),
        HourlyOtpShape.objects.filter(hour__lt=now - timedelta(days=OTP_SHAPES_DAYS)),
    ]


def _oldest(rows: Rows, time_field: str, horizon: datetime, limit: int) -> list[Any]:
    """The keys of the first rows, up to one that is not old enough. The order of keys is the order of age."""
    first = rows.order_by("pk").values_list("pk", time_field)[:limit]
    return [key for key, _ in takewhile(lambda row: row[1] < horizon, first)]


def _keys(rows: Rows, limit: int) -> list[Any]:
    return list(rows.values_list("pk", flat=True)[:limit])


def _delete(model: type[models.Model], keys: Sequence[Any], *conditions: Q) -> int:
    if not keys:
        return 0
    rows = model._default_manager.filter(*conditions, pk__in=keys)
    deleted = rows.count()
    rows.delete()
    return deleted
