"""Options that vendors share. Their keys are those that `Sender` reads and that provisioning files hold."""

from __future__ import annotations

from .marking import N_
from .settings import Kind, Setting

POLL_AFTER = "poll_after"
WEBHOOK_IPS = "webhook_ips"


def phone_format(*choices: str, text: str) -> Setting:
    """How `in_format` writes the recipient's number; the first choice is the default."""
    label = N_("Phone format")
    return Setting("phone_format", label, text, Kind.CHOICE, default=choices[0], choices=choices, assumed=True)


def switch(key: str, label: str, text: str) -> Setting:
    """An option that is off by default, and that no document of the vendor confirms."""
    return Setting(key, label, text, Kind.BOOLEAN, default=False, assumed=True)


def poll_after(*seconds: int) -> Setting:
    """When a message is asked for, unless the adapter overrides `poll_delays`."""
    text = N_("Seconds after submission; the last one repeats until 72 hours.")
    return Setting(POLL_AFTER, N_("Ask after"), text, Kind.SECONDS, default=list(seconds), assumed=True)


def webhook_ips() -> Setting:
    """Where callbacks may come from, unless the adapter overrides `report_networks`."""
    text = N_("Networks that reports may come from; none: from anywhere.")
    return Setting(WEBHOOK_IPS, N_("Webhook addresses"), text, Kind.NETWORKS, default=[], assumed=True)
