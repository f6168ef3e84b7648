"""Opens and closes alerts: a stored row for each, and a log line and a notice for each change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from providers.marking import N_
from sms.models import Alert, AlertNotice
from sms.services.database import clock
from sms.services.queue.errors import ActionRefused

from . import alert_delivery

log = structlog.get_logger(__name__)

CLOSED_BY_HAND = (
    "config:",
    "report-beats-state:",
    "report-config:",
    "report-unapplied:",
    "unread-report:",
    "unread-received:",
    "destination:",
    "destination-limit:",
)
"""The key prefixes of alerts that are never closed automatically. Staff may close these."""


def open_alert(
    key: str, *, title: str, advice: str = "", severity: str = "warning", provider_id: int | None = None
) -> bool:
    """Open an alert unless one with this key is open. True if this call opened it."""
    key = _truncated(key)
    if Alert.objects.filter(key=key, closed_at=None).exists():
        return False
    try:
        with transaction.atomic():
            now = clock.now()
            alert = Alert.objects.create(
                key=key,
                title=title[:200],
                advice=advice,
                severity=severity,
                provider_id=provider_id,
                opened_at=now,
                **_silence_of(key, now),
            )
            alert_delivery.queue_notices([alert.pk], AlertNotice.Change.OPENED, now=now)
    except IntegrityError:
        return False  # another process opened it at the same moment
    log.warning("alert.opened", key=key, title=title)
    return True


def _silence_of(key: str, now: datetime) -> dict[str, Any]:
    """A silence applies to the condition: it remains in force when the alert opens again."""
    last = Alert.objects.filter(key=key, silenced_until__gt=now).order_by("-id").first()
    return {"silenced_until": last.silenced_until, "silenced_by": last.silenced_by} if last else {}


def set_title(key: str, title: str) -> None:
    """Update an open alert with current figures. No notice is sent."""
    Alert.objects.filter(key=_truncated(key), closed_at=None).exclude(title=title[:200]).update(title=title[:200])


def close_alert(key: str) -> bool:
    """Close the open alert with this key. True if there was one."""
    key = _truncated(key)
    now = clock.now()
    ids = list(Alert.objects.filter(key=key, closed_at=None).values_list("pk", flat=True))
    if not ids:
        return False
    with transaction.atomic():
        closed = Alert.objects.filter(pk__in=ids, closed_at=None).update(closed_at=now)
        if closed:
            alert_delivery.queue_notices(ids, AlertNotice.Change.CLOSED, now=now)
    if closed:
        log.info("alert.closed", key=key)
    return bool(closed)


def _truncated(key: str) -> str:
    """Truncate to the column's length, because some keys contain a vendor's code."""
    return key[: Alert._meta.get_field("key").max_length]


def close_by_hand(alert_id: int, *, actor: str) -> None:
    """Close an alert for staff. Raises ActionRefused if it is closed already or is closed automatically."""
    alert = _open(alert_id)
    if not alert.key.startswith(CLOSED_BY_HAND):
        raise ActionRefused(N_("This alert closes by itself as soon as its cause is over."))
    if not close_alert(alert.key):
        raise ActionRefused(N_("This alert is closed already."))
    log.info("alert.closed_by_hand", key=alert.key, actor=actor)


# --- staff ------------------------------------------------------------------------------------

LONGEST_SILENCE = timedelta(days=7)


def acknowledge(alert_id: int, *, actor: str) -> None:
    """Record who acknowledged this alert. Raises ActionRefused if it is closed, or acknowledged already."""
    alert = _open(alert_id)
    if alert.acknowledged_at:
        raise ActionRefused(
            N_("{acknowledged_by} has acknowledged this alert already.").format(acknowledged_by=alert.acknowledged_by)
        )
    Alert.objects.filter(pk=alert.pk).update(acknowledged_at=clock.now(), acknowledged_by=actor)


def silence(alert_id: int, length: timedelta, *, actor: str) -> datetime:
    """Send no notices of this condition for this long, even if it ends and occurs again. Returns the end. A length of 0
    ends the silence: pending notices are then sent.
    """
    if length > LONGEST_SILENCE:
        raise ActionRefused(N_("An alert can be silenced for at most {days} days.").format(days=LONGEST_SILENCE.days))
    alert = _open(alert_id)
    until = clock.now() + length
    # Update earlier alerts of the condition too: otherwise the longest silence would apply.
    Alert.objects.filter(key=alert.key, silenced_until__gt=clock.now()).update(silenced_until=until)
    Alert.objects.filter(pk=alert.pk).update(silenced_until=until, silenced_by=actor)
    return until


def _open(alert_id: int) -> Alert:
    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None or alert.closed_at is not None:
        raise ActionRefused(N_("This alert is closed already."))
    return alert
