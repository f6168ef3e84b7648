"""What staff must know: a stored row while it lasts, and a log line at each change."""

from __future__ import annotations

import structlog
from django.db import IntegrityError, transaction

from sms.models import Alert

from . import clock

log = structlog.get_logger(__name__)


def open_alert(
    key: str, *, title: str, advice: str = "", severity: str = "warning", provider_id: int | None = None
) -> bool:
    """Open an alert unless one with this key is open. True if this call opened it."""
    if Alert.objects.filter(key=key, closed_at=None).exists():
        return False
    try:
        with transaction.atomic():
            Alert.objects.create(
                key=key,
                title=title[:200],
                advice=advice,
                severity=severity,
                provider_id=provider_id,
                opened_at=clock.now(),
            )
    except IntegrityError:
        return False  # another process opened it at the same moment
    log.warning("alert.opened", key=key, title=title)
    return True


def close_alert(key: str) -> bool:
    """Close the open alert with this key. True if there was one."""
    closed = Alert.objects.filter(key=key, closed_at=None).update(closed_at=clock.now())
    if closed:
        log.info("alert.closed", key=key)
    return bool(closed)
