"""Raises an alert for each provider that sends delivery reports with ids that no attempt has."""

from __future__ import annotations

from datetime import timedelta

from providers.marking import N_
from sms.models import Alert, DeliveryReport
from sms.services.database import clock
from sms.services.monitoring.alerts import close_alert, open_alert

ALERT_KEY = "report-unmatched:"
MIN_AGE = timedelta(minutes=10)
"""How old such a report must be: an id becomes known within seconds, or never."""
MAX_AGE = timedelta(days=1)
"""The alert closes when no such report was received for this time."""
MAX_REPORTS = 2000


def update_alerts() -> None:
    """Open and close the alerts according to the stored reports."""
    found = _providers()
    for slug, provider in found.items():
        open_alert(
            ALERT_KEY + slug,
            title=N_("{slug} sends delivery reports with ids that no message of ours has").format(slug=slug),
            advice=N_(
                "Open the delivery reports that wait for their attempt. Another system may use the account, too."
            ),
            provider_id=provider,
        )
    for key in Alert.objects.filter(closed_at=None, key__startswith=ALERT_KEY).values_list("key", flat=True):
        if key.removeprefix(ALERT_KEY) not in found:
            close_alert(key)


def _providers() -> dict[str, int]:
    """Slug and id of the providers with such a report of the last day."""
    now = clock.now()
    newest = DeliveryReport.objects.filter(is_waiting=True).order_by("-pk")
    rows = newest.values_list("provider__slug", "provider_id", "received_at")[:MAX_REPORTS]
    return {slug: provider for slug, provider, received_at in rows if now - MAX_AGE < received_at <= now - MIN_AGE}
