"""[[senders]]: sender names, and the providers that have approved them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sms.domain.text import escaped, forbidden_in_sender
from sms.models import ApprovalStatus, Provider, SenderApproval, SenderName

from .reader import Entry
from .session import Desk


def apply(entry: Entry, desk: Desk) -> None:
    name = entry.text("name", required=True)
    approvals = read_approvals(entry, desk, _approval, ApprovalStatus.values)
    if name is None:
        return
    desk.declare(entry, "name", "sender", name)
    bad = forbidden_in_sender(name)
    if bad:
        entry.mistake("name", f"holds {escaped(bad)}, which can't stand in a sender name")
    sender = SenderName.objects.filter(name=name).first() or SenderName(name=name)
    if desk.save(entry, f"sender {name}", sender, {}) and approvals is not None:
        _save_approvals(desk, sender, approvals)


def _approval(entry: Entry, _: Provider | None) -> dict[str, Any]:
    return {"vendor_name": entry.text("vendor_name", may_be_empty=True)}


def _save_approvals(desk: Desk, sender: SenderName, approvals: Iterable[Approval]) -> None:
    """Make these the approvals of a sender: a list replaces a list."""
    thing = f"sender {sender.name}"
    stored = {row.provider_id: row for row in sender.approvals.select_related("provider")}
    for table, provider, values in approvals:
        row = stored.pop(provider.pk, None) or SenderApproval(sender=sender, provider=provider)
        desk.save(table, f"{thing} at {provider}", row, values)
    for row in stored.values():
        desk.remove(f"{thing} at {row.provider}", row)


# --- what senders and templates share ------------------------------------------------

Approval = tuple[Entry, Provider, dict[str, Any]]
"""A table of the file, its provider, and the values of its other keys; None for a key that is left out."""


def read_approvals(
    entry: Entry, desk: Desk, read: Callable[[Entry, Provider | None], dict[str, Any]], statuses: Collection[str]
) -> list[Approval] | None:
    """The approvals of the file with their providers; those that name none are noted and left out."""
    tables = entry.tables("approvals")
    if tables is None:
        return None
    found = []
    for table in tables:
        slug = table.text("provider", required=True)
        provider = desk.find(table, "provider", Provider, "provider", slug=slug) if slug else None
        values = {"status": table.choice("status", statuses), **read(table, provider)}
        table.finish()
        if provider is not None:
            desk.declare(table, "provider", "approval", (entry.path, slug, values.get("vendor_template")))
            found.append((table, provider, values))
    return found
