"""What is kept how long: OTPs until they are over, texts, raw exchanges and rows by the RETENTION_* settings.

Dispatchers call `erase_due` and `delete_due` now and then, until both return 0. Each works on a few rows at a time,
found by an index, so no statement takes long, and any number of dispatchers may do it at once. The counts that the
dashboard shows are rows of their own and stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Q

from sms.domain.lifecycle import Status
from sms.models import (
    Alert,
    Attempt,
    Callback,
    DeliveryReport,
    HourlyOtpShape,
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
from sms.models.otp_shape import OTP_SHAPES_DAYS
from sms.models.refusal import REFUSALS_DAYS
from sms.services.database import clock
from sms.services.queue import redaction

AT_ONCE = 500
WINDOW = 5000
"""Rows that are passed at once where nothing is left to be erased."""
LOGINS_DAYS = 30
WALK_AGAIN_AFTER = timedelta(days=1)
"""After this a walk begins anew, for rows that were in use when it passed them."""
UNFINISHED = (Status.QUEUED, Status.HELD, Status.SENDING)

Rows = models.QuerySet[Any]
Erase = Callable[[Rows, datetime], object]


# --- erasing ------------------------------------------------------------------------


def erase_due(limit: int = AT_ONCE) -> int:
    """Erase what is due, at most `limit` rows of each kind. Returns how many were dealt with; 0: nothing is left."""
    now = clock.now()
    marks = _marks(now)
    return _erase_otps(now, limit) + sum(walk.step(marks[walk.table], now, limit) for walk in WALKS)


def _erase_otps(now: datetime, limit: int) -> int:
    """OTPs whose time to live is over. One that is being sent right now is left to the end of its lease."""
    over = Message.objects.filter(is_otp=True, erased_at=None, expires_at__lte=now)
    due = list(over.exclude(status__in=UNFINISHED).order_by("expires_at", "id").values_list("pk", flat=True)[:limit])
    with transaction.atomic():
        redaction.erase(due)
    return len(due)


@dataclass(frozen=True)
class Walk:
    """Goes through a table by its key, which rises with age, from the oldest row to the first that is young enough.

    It begins anew once a day. So no index is needed that every accepted message would have to pay for. Where it stands
    is kept in the database: whoever moves it on does that step alone.
    """

    model: type[models.Model]
    time: str
    days: Callable[[], int]
    is_to_do: Q
    erase: Erase

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def step(self, mark: RetentionWalk, now: datetime, limit: int) -> int:
        """Deal with the next rows; 0: there are none."""
        rows = self.model._default_manager.all()
        if mark.position:
            rows = rows.filter(pk__gt=mark.position)
        end = self._window(rows, now - timedelta(days=self.days()), limit)
        if end is None:
            self._begin_anew_once_a_day(mark, now)
            return 0
        due = _keys(rows.filter(self.is_to_do, pk__lte=end).order_by("pk"), limit)
        with transaction.atomic():
            if self._move(mark, due[-1] if len(due) == limit else end) and due:
                self.erase(self.model._default_manager.filter(self.is_to_do, pk__in=due), now)
        return max(len(due), 1)

    def _window(self, rows: Rows, horizon: datetime, limit: int) -> Any:
        """The last of the next rows that are old enough: of many, where many are."""
        due = _oldest(rows, self.time, horizon, limit)
        if len(due) == limit:
            far = rows.order_by("pk").values_list("pk", self.time)[WINDOW - 1 : WINDOW]
            due += [key for key, at in far if at < horizon]
        return due[-1] if due else None

    def _move(self, mark: RetentionWalk, position: Any) -> bool:
        """False if another dispatcher was there first."""
        here = RetentionWalk.objects.filter(pk=self.table, position=mark.position)
        return here.update(position=str(position)) == 1

    def _begin_anew_once_a_day(self, mark: RetentionWalk, now: datetime) -> None:
        if mark.position and now - mark.begun_at > WALK_AGAIN_AFTER:
            RetentionWalk.objects.filter(pk=self.table).update(position="", begun_at=now)


def _marks(now: datetime) -> dict[str, RetentionWalk]:
    """Where each walk stands."""
    marks = RetentionWalk.objects.in_bulk()
    for walk in WALKS:
        if walk.table not in marks:
            marks[walk.table], _ = RetentionWalk.objects.get_or_create(pk=walk.table, defaults={"begun_at": now})
    return marks


def _texts(rows: Rows, _: datetime) -> None:
    redaction.erase(list(rows.values_list("pk", flat=True)))


def _raw_exchanges(rows: Rows, _: datetime) -> None:
    rows.update(raw_request=None, raw_response=None)


def _raw_calls(rows: Rows, _: datetime) -> None:
    rows.update(body=None, query=b"")


def _received_texts(rows: Rows, now: datetime) -> None:
    rows.update(text=None, erased_at=now)


def _text_days() -> int:
    return settings.RETENTION_TEXT_DAYS


def _raw_days() -> int:
    return settings.RETENTION_RAW_DAYS


def _received_raw_days() -> int:
    """A received call's body holds its text: it goes with whichever goes first."""
    return min(_text_days(), _raw_days())


HAS_EXCHANGE = ~Q(raw_request=None, raw_response=None)
IS_READ = Q(read_at__isnull=False, body__isnull=False)
IS_SENT = Q(erased_at=None) & ~Q(status__in=UNFINISHED)
IS_HANDED_ON = Q(erased_at=None) & ~Q(push__status__in=(PushStatus.WAITING, PushStatus.PUSHING))

WALKS = (
    Walk(Message, "created_at", _text_days, IS_SENT, _texts),
    Walk(Attempt, "started_at", _raw_days, HAS_EXCHANGE, _raw_exchanges),
    Walk(Callback, "received_at", _raw_days, IS_READ, _raw_calls),
    Walk(InboundMessage, "received_at", _text_days, IS_HANDED_ON, _received_texts),
    Walk(InboundPushAttempt, "started_at", _received_raw_days, HAS_EXCHANGE, _raw_exchanges),
    Walk(InboundCall, "received_at", _received_raw_days, IS_READ, _raw_calls),
)


# --- deleting -----------------------------------------------------------------------


def delete_due(limit: int = AT_ONCE) -> int:
    """Delete rows that are too old, at most `limit` of each kind. Returns how many; 0: nothing is left."""
    now = clock.now()
    rows = now - timedelta(days=settings.RETENTION_ROW_DAYS)
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
    return deleted + sum(_delete(small.model, _keys(small, limit)) for small in _small(now, rows))


def _small(now: datetime, horizon: datetime) -> list[Rows]:
    """Tables of few rows, or with an index of their own for this."""
    logins = now - timedelta(days=LOGINS_DAYS)
    return [
        LoginSource.objects.exclude(failures_since__gte=logins).exclude(succeeded_at__gte=logins),
        Alert.objects.filter(closed_at__lt=horizon),
        Session.objects.filter(expire_date__lt=now),
        HourlyOtpShape.objects.filter(hour__lt=now - timedelta(days=OTP_SHAPES_DAYS)),
    ]


def _oldest(rows: Rows, time_field: str, horizon: datetime, limit: int) -> list[Any]:
    """The keys of the first rows, up to one that is young enough: keys rise with age, so none behind it is older."""
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
