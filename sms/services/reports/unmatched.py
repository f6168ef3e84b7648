"""Delivery reports whose vendor's id no attempt has: an alert for each provider that sends such."""

from __future__ import annotations

from datetime import timedelta

from sms.models import Alert, DeliveryReport
from sms.services.database import clock
from sms.services.monitoring.alerts import close_alert, open_alert

KEY = "report-unmatched:"
WAITED = timedelta(minutes=10)
"""An id becomes known within seconds, or never."""
REMEMBERED = timedelta(days=1)
"""The alert closes when no such report was received for so long."""
AT_ONCE = 2000


def update_alerts() -> None:
    """Open and close the alerts by what is stored now."""
    found = _providers()
    for slug, provider in found.items():
        open_alert(
            KEY + slug,
            title=f"{slug} sends delivery reports with ids that no message of ours has",
            advice="Open the delivery reports that wait for their attempt. Another system may use the account, too.",
            provider_id=provider,
        )
    for key in Alert.objects.filter(closed_at=None, key__startswith=KEY).values_list("key", flat=True):
        if key.removeprefix(KEY) not in found:
            close_alert(key)


def _providers() -> dict[str, int]:
    """Slug and id of the providers with a report of the last day that waits for longer than any id takes."""
    now = clock.now()
    newest = DeliveryReport.objects.filter(is_waiting=True).order_by("-pk")
    rows = newest.values_list("provider__slug", "provider_id", "received_at")[:AT_ONCE]
    return {slug: provider for slug, provider, received_at in rows if now - REMEMBERED < received_at <= now - WAITED}
