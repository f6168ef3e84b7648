"""[[senders]]: sender names, and the providers that have approved them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sms.domain.text import escaped, forbidden_in_sender
from sms.models import ApprovalStatus, Provider, SenderApproval, SenderName

from .desk import Desk
from .entry import Entry


def apply(entry: Entry, desk: Desk) -> None:
    name = entry.text("name", required=True)
    approvals = read_approvals(entry, desk, _approval)
    if name is None:
        return
    desk.declare(entry, "name", "sender", name)
    bad = forbidden_in_sender(name)
    if bad:
        entry.mistake("name", f"holds {escaped(bad)}, which can't stand in a sender name")
    sender = SenderName.objects.filter(name=name).first() or SenderName(name=name)
    if desk.save(entry, f"sender {name}", sender, {}) and approvals is not None:
        save_approvals(desk, f"sender {name}", SenderApproval, {"sender": sender}, approvals)


def _approval(entry: Entry, _: Provider | None) -> dict[str, Any]:
    return {"vendor_name": entry.text("vendor_name", may_be_empty=True)}


# --- what senders and templates share ------------------------------------------------

Approval = tuple[Entry, Provider, dict[str, Any]]


def read_approvals(
    entry: Entry, desk: Desk, read: Callable[[Entry, Provider | None], dict[str, Any]]
) -> list[Approval] | None:
    """The approvals of the file with their providers; those that name none are noted and left out."""
    tables = entry.tables("approvals")
    if tables is None:
        return None
    found = []
    for table in tables:
        slug = table.text("provider", required=True)
        provider = desk.find(table, "provider", Provider, "provider", slug=slug) if slug else None
        values = {"status": table.choice("status", ApprovalStatus.values), **read(table, provider)}
        table.finish()
        if provider is not None:
            desk.declare(table, "provider", "approval", (entry.path, slug))
            found.append((table, provider, values))
    return found


def save_approvals(
    desk: Desk, thing: str, model: type[Any], owner: dict[str, Any], approvals: Iterable[Approval]
) -> None:
    """Make these the approvals of a sender or a template: a list replaces a list."""
    stored = {row.provider_id: row for row in model.objects.filter(**owner).select_related("provider")}
    for table, provider, values in approvals:
        row = stored.pop(provider.pk, None) or model(**owner, provider=provider)
        desk.save(table, f"{thing} at {provider}", row, values)
    for row in stored.values():
        desk.remove(f"{thing} at {row.provider}", row)
