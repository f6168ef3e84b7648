"""The alerts that delivery reports open."""

from __future__ import annotations

from sms.services.configuration.snapshot import Account
from sms.services.monitoring import alerts
from sms.services.queue.outbox import LockedMessage

from .update import ReportUpdate


def contradicts(message: LockedMessage, account: Account, update: ReportUpdate) -> None:
    alerts.open_alert(
        f"report-beats-state:{message.id}",
        title=f"{account.slug} reports {update.state} for a message that was {message.status}",
        advice="The report was applied. Look at the message: it may have been sent again by another provider.",
        provider_id=account.id,
    )


def misconfigured(account: Account, update: ReportUpdate) -> None:
    alerts.open_alert(
        f"report-config:{account.slug}:{update.code}",
        title=f"{account.slug} reports that it can't send as it is set up: {update.failure} {update.code}",
        advice=f"{update.detail} Correct the provider, its account, its sender names or its templates.".lstrip(),
        provider_id=account.id,
    )


def unapplied(provider: int, slug: str) -> None:
    alerts.open_alert(
        f"report-unapplied:{slug}",
        title=f"{slug} sent a delivery report that belongs to no message of ours",
        advice="Open the delivery reports that were not applied: each says why. Then close this.",
        provider_id=provider,
    )
