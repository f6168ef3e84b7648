"""Sends notices of alerts by e-mail and webhook: one per change and channel, retried until it is sent.

The transaction that changes an alert adds a row; a thread of the dispatcher sends the notice later. At least once: a
process that dies between sending a notice and recording it causes a second one.
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
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from providers.base import HttpRequest, ProviderError
from providers.http import Client
from sms.models import AlertNotice
from sms.services.database import clock
from sms.translation import translated

log = structlog.get_logger(__name__)

TIMEOUT = 10.0
"""Seconds for a webhook to answer."""
LEASE = timedelta(seconds=60)
"""How long other processes skip a notice that one process has claimed."""
PAUSES = (10, 30, 120, 600, 1800)
"""Seconds until the next try; the last value repeats."""
MAX_TRIES = 50
"""About a day. After the last attempt the notice is not retried; the alert stays visible in the admin."""
BATCH_SIZE = 10
EVERY = 5.0
"""Seconds between two queries for notices."""


def channels() -> list[AlertNotice.Channel]:
    """The channels that the settings configure."""
    wanted = {AlertNotice.Channel.EMAIL: settings.ALERT_EMAIL, AlertNotice.Channel.WEBHOOK: settings.ALERT_WEBHOOK_URL}
    return [channel for channel, address in wanted.items() if address]


def queue_notices(alerts: Iterable[int], change: AlertNotice.Change, *, now: datetime) -> None:
    """Add a notice for each channel, in the transaction that changed the alerts."""
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
    """Deliver notices in a thread until `stopped` is set."""
    while not stopped.wait(EVERY):
        deliver_safely()
        connection.close()


def deliver_safely(limit: int = BATCH_SIZE) -> None:
    try:
        deliver(limit)
    except Error as error:
        log.warning("database.unavailable", error=type(error).__name__)
    except Exception:
        log.exception("notice.fault")


def deliver(limit: int = BATCH_SIZE) -> int:
    """Try to send at most `limit` due notices, oldest first. Returns how many were sent.

    The notices of a silenced alert wait for the end of the silence. Those of an alert that ended during it are dropped.
    """
    now = clock.now()
    _drop_outdated(now)
    due = AlertNotice.objects.filter(_is_audible(now), due_at__lte=now).select_related("alert__provider").order_by("id")
    return sum(_send(notice) for notice in due[:limit] if _claim(notice))


def _is_audible(now: datetime) -> Q:
    return Q(alert__silenced_until=None) | Q(alert__silenced_until__lte=now)


def _drop_outdated(now: datetime) -> None:
    """Drop the notices of alerts that opened and closed within a silence."""
    over = Q(alert__silenced_until__lte=now, alert__closed_at__lte=F("alert__silenced_until"))
    untold = AlertNotice.objects.filter(alert=OuterRef("alert"), channel=OuterRef("channel"), change="opened")
    outdated = AlertNotice.objects.filter(over, Exists(untold.filter(told_at=None)), due_at__isnull=False)
    ids = list(outdated.values_list("pk", flat=True)[:BATCH_SIZE])
    AlertNotice.objects.filter(pk__in=ids).update(due_at=None)


def _claim(notice: AlertNotice) -> bool:
    """Claim the notice. Returns False if another process has claimed it."""
    mine = AlertNotice.objects.filter(pk=notice.pk, due_at=notice.due_at)
    return bool(mine.update(due_at=clock.now() + LEASE, tries=F("tries") + 1))


def _send(notice: AlertNotice) -> bool:
    try:
        _CHANNELS[AlertNotice.Channel(notice.channel)](notice)
    except Exception as error:  # SMTP servers and sockets fail in many ways; each is retried
        _record_failure(notice, error)
        return False
    AlertNotice.objects.filter(pk=notice.pk).update(told_at=clock.now(), due_at=None, last_error="")
    return True


def _record_failure(notice: AlertNotice, error: Exception) -> None:
    tries = notice.tries + 1
    message = error.detail if isinstance(error, ProviderError) else f"{type(error).__name__}: {error}"
    retry_at = clock.now() + timedelta(seconds=PAUSES[min(tries, len(PAUSES)) - 1])
    AlertNotice.objects.filter(pk=notice.pk).update(
        due_at=retry_at if tries < MAX_TRIES else None, last_error=message[:2000]
    )
    log.warning("notice.failed", channel=notice.channel, alert=notice.alert.key, tries=tries, error=message[:200])


# --- the channels ------------------------------------------------------------------------------


def _email(notice: AlertNotice) -> None:
    """In the installation's language."""
    with override(settings.LANGUAGE_CODE):
        title, advice = translated(notice.alert.title), translated(notice.alert.advice)
        change = translated(notice.change)
        words = _("%(change)s at %(time)s") % {"change": change, "time": _time(_changed_at(notice))}
    EmailMessage(
        subject=f"[SMS Desk] {change}: {title}".replace("\n", " ")[:200],
        body="\n\n".join(paragraph for paragraph in (title, advice, words, _admin_url()) if paragraph),
        to=settings.ALERT_EMAIL,
    ).send()


def _webhook(notice: AlertNotice) -> None:
    """POST JSON. Raises ProviderError, or RuntimeError where the status is not 2xx."""
    body = json.dumps(as_json(notice), ensure_ascii=False).encode()
    at = str(int(clock.now().timestamp()))
    headers = [("Content-Type", "application/json"), ("X-Sms-Desk-Timestamp", at)]
    if settings.ALERT_WEBHOOK_SECRET:
        headers.append(("X-Sms-Desk-Signature", f"sha256={signature(at, body)}"))
    # The address is from the settings, not from a form, so it may be in the internal network.
    client = Client(allow_private=True)
    try:
        response = client.send(HttpRequest("POST", settings.ALERT_WEBHOOK_URL, tuple(headers), body), timeout=TIMEOUT)
    finally:
        client.close()
    if response.status // 100 != 2:
        raise RuntimeError(f"The webhook answered {response.status}.")


_CHANNELS = {AlertNotice.Channel.EMAIL: _email, AlertNotice.Channel.WEBHOOK: _webhook}


def signature(timestamp: str, body: bytes) -> str:
    """HMAC-SHA256, as hex, of the timestamp, a full stop and the body."""
    return hmac.digest(settings.ALERT_WEBHOOK_SECRET.encode(), f"{timestamp}.".encode() + body, "sha256").hex()


def as_json(notice: AlertNotice) -> dict[str, Any]:
    """The body of the webhook's request."""
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
        "desk": _admin_url(),
    }


def _changed_at(notice: AlertNotice) -> datetime:
    is_closed = notice.change == AlertNotice.Change.CLOSED and notice.alert.closed_at
    return notice.alert.closed_at if is_closed else notice.alert.opened_at


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _admin_url() -> str:
    return f"{settings.PUBLIC_URL}/admin/sms/alert/" if settings.PUBLIC_URL else ""
