"""Tells people of alerts, by e-mail and by a webhook: one notice per change and channel, tried until it is told.

Never from a request or a call to a vendor: the change leaves a row in its own transaction, and a thread beside the
dispatcher's work delivers it. At least once: a process that dies after telling and before noting it tells again.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error, connection
from django.db.models import F

from providers.base import HttpRequest, ProviderError
from providers.http import Client
from sms.models import AlertNotice
from sms.services.database import clock

log = structlog.get_logger(__name__)

SECONDS = 10.0
"""How long a webhook may take to answer."""
OURS_FOR = timedelta(seconds=60)
"""How long nobody else tries a notice that one process has taken."""
PAUSES = (10, 30, 120, 600, 1800)
"""Seconds until the next try; the last one repeats."""
TRIES = 50
"""A day, about. Then it is given up; the alert itself stays in the admin."""
AT_ONCE = 10
EVERY = 5.0
"""Seconds between two looks for notices."""


def channels() -> list[AlertNotice.Channel]:
    """Those that the settings name."""
    wanted = {AlertNotice.Channel.EMAIL: settings.ALERT_EMAIL, AlertNotice.Channel.WEBHOOK: settings.ALERT_WEBHOOK_URL}
    return [channel for channel, where in wanted.items() if where]


def queue(alerts: Iterable[int], change: AlertNotice.Change, *, now: datetime) -> None:
    """Leave a notice for each channel, in the transaction that changed the alerts."""
    AlertNotice.objects.bulk_create(
        [
            AlertNotice(alert_id=alert, change=change, channel=channel, due_at=now)
            for alert in alerts
            for channel in channels()
        ],
        ignore_conflicts=True,
    )


# --- delivering -----------------------------------------------------------------------------


def deliver_until(stopped: threading.Event) -> None:
    """Deliver what is due until `stopped` is set; for a thread of its own."""
    while not stopped.wait(EVERY):
        deliver_safely()
        connection.close()


def deliver_safely(limit: int = AT_ONCE) -> None:
    try:
        deliver(limit)
    except Error as error:
        log.warning("database.unavailable", error=type(error).__name__)
    except Exception:
        log.exception("notice.fault")


def deliver(limit: int = AT_ONCE) -> int:
    """Try notices that are due, up to so many, oldest first. Returns how many were told."""
    due = AlertNotice.objects.filter(due_at__lte=clock.now()).select_related("alert__provider").order_by("id")
    return sum(_tell(notice) for notice in due[:limit] if _take(notice))


def _take(notice: AlertNotice) -> bool:
    """Make this try ours; False if another process took it first."""
    mine = AlertNotice.objects.filter(pk=notice.pk, due_at=notice.due_at)
    return bool(mine.update(due_at=clock.now() + OURS_FOR, tries=F("tries") + 1))


def _tell(notice: AlertNotice) -> bool:
    try:
        _CHANNELS[AlertNotice.Channel(notice.channel)](notice)
    except Exception as error:  # SMTP servers and sockets fail in many ways; each is tried again
        _failed(notice, error)
        return False
    AlertNotice.objects.filter(pk=notice.pk).update(told_at=clock.now(), due_at=None, last_error="")
    return True


def _failed(notice: AlertNotice, error: Exception) -> None:
    tries = notice.tries + 1
    words = error.detail if isinstance(error, ProviderError) else f"{type(error).__name__}: {error}"
    again = clock.now() + timedelta(seconds=PAUSES[min(tries, len(PAUSES)) - 1])
    AlertNotice.objects.filter(pk=notice.pk).update(due_at=again if tries < TRIES else None, last_error=words[:2000])
    log.warning("notice.failed", channel=notice.channel, alert=notice.alert.key, tries=tries, error=words[:200])


# --- the channels ------------------------------------------------------------------------------


def _email(notice: AlertNotice) -> None:
    alert = notice.alert
    words = [alert.title, alert.advice, f"{notice.change} at {_time(_changed_at(notice))}", _desk()]
    EmailMessage(
        subject=f"[SMS Desk] {notice.change}: {alert.title}".replace("\n", " ")[:200],
        body="\n\n".join(word for word in words if word),
        to=settings.ALERT_EMAIL,
    ).send()


def _webhook(notice: AlertNotice) -> None:
    """POST JSON. Raises ProviderError where it was not taken with a 2xx answer."""
    body = json.dumps(as_json(notice), ensure_ascii=False).encode()
    at = str(int(clock.now().timestamp()))
    headers = [("Content-Type", "application/json"), ("X-Sms-Desk-Timestamp", at)]
    if settings.ALERT_WEBHOOK_SECRET:
        headers.append(("X-Sms-Desk-Signature", f"sha256={signature(at, body)}"))
    # The address comes from the operator's settings, not from a form: it may lead into the own network.
    client = Client(allow_private=True)
    try:
        response = client.send(HttpRequest("POST", settings.ALERT_WEBHOOK_URL, tuple(headers), body), timeout=SECONDS)
    finally:
        client.close()
    if response.status // 100 != 2:
        raise RuntimeError(f"The webhook answered {response.status}.")


_CHANNELS = {AlertNotice.Channel.EMAIL: _email, AlertNotice.Channel.WEBHOOK: _webhook}


def signature(timestamp: str, body: bytes) -> str:
    """HMAC-SHA256, as hex, of the timestamp, a full stop and the body."""
    return hmac.digest(settings.ALERT_WEBHOOK_SECRET.encode(), f"{timestamp}.".encode() + body, "sha256").hex()


def as_json(notice: AlertNotice) -> dict[str, Any]:
    """What a webhook is told."""
    alert = notice.alert
    return {
        "id": alert.pk,
        "key": alert.key,
        "change": notice.change,
        "severity": alert.severity,
        "title": alert.title,
        "advice": alert.advice,
        "provider": alert.provider and alert.provider.slug,
        "opened_at": _time(alert.opened_at),
        "closed_at": alert.closed_at and _time(alert.closed_at),
        "desk": _desk(),
    }


def _changed_at(notice: AlertNotice) -> datetime:
    is_closed = notice.change == AlertNotice.Change.CLOSED and notice.alert.closed_at
    return notice.alert.closed_at if is_closed else notice.alert.opened_at


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _desk() -> str:
    return f"{settings.PUBLIC_URL}/admin/sms/alert/" if settings.PUBLIC_URL else ""
