"""The alerts that delivery reports open."""

from __future__ import annotations

from providers.marking import N_
from sms.services.configuration.snapshot import Account
from sms.services.monitoring import alerts
from sms.services.queue.outbox import LockedMessage

from .update import ReportUpdate


def contradicts(message: LockedMessage, account: Account, update: ReportUpdate) -> None:
    alerts.open_alert(
        f"report-beats-state:{message.id}",
        title=N_("{slug} reports {state_text} for a message that was {status_text}").format(
            slug=account.slug, state_text=update.state, status_text=message.status
        ),
        advice=N_("The report was applied. Look at the message: it may have been sent again by another provider."),
        provider_id=account.id,
    )


def misconfigured(account: Account, update: ReportUpdate) -> None:
    alerts.open_alert(
        f"report-config:{account.slug}:{update.code}",
        title=N_("{slug} reports that it can't send as it is set up: {failure_text} {code}").format(
            slug=account.slug, failure_text=update.failure, code=update.code
        ),
        advice=N_("{detail_text} Correct the provider, its account, its sender names or its templates.")
        .format(detail_text=update.detail)
        .lstrip(),
        provider_id=account.id,
    )


def unapplied(provider: int, slug: str) -> None:
    alerts.open_alert(
        f"report-unapplied:{slug}",
        title=N_("{slug} sent a delivery report that belongs to no message of ours").format(slug=slug),
        advice=N_("Open the delivery reports that were not applied: each says why. Then close this."),
        provider_id=provider,
    )
