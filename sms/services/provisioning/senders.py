"""[[senders]]: sender names, and the providers that have approved them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sms.domain.text import escaped, forbidden_in_sender
from sms.models import Provider, SenderApproval, SenderName

from .location import Location
from .schema import SenderApprovalTable, SenderTable, TemplateApprovalTable
from .session import Session


def apply(table: SenderTable, at: Location, session: Session) -> None:
    approvals = find_providers(table.approvals, at, session)
    name = table.name
    session.declare(at, "name", "sender", name)
    bad = forbidden_in_sender(name)
    if bad:
        at.report("name", f"holds {escaped(bad)}, which is not allowed in a sender name")
    sender = SenderName.objects.filter(name=name).first() or SenderName(name=name)
    if (
        session.save(at, f"sender {name}", sender, table.given("name", "approvals"))
        and "approvals" in table.model_fields_set
    ):
        _save_approvals(session, sender, approvals)


def _save_approvals(
    session: Session, sender: SenderName, approvals: Iterable[ProviderApproval[SenderApprovalTable]]
) -> None:
    """Make these the approvals of a sender: a list replaces a list."""
    thing = f"sender {sender.name}"
    stored = {row.provider_id: row for row in sender.approvals.select_related("provider")}
    for table, at, provider in approvals:
        row = stored.pop(provider.pk, None) or SenderApproval(sender=sender, provider=provider)
        session.save(at, f"{thing} at {provider}", row, table.given("provider"))
    for row in stored.values():
        session.remove(f"{thing} at {row.provider}", row)


ApprovalTable = TypeVar("ApprovalTable", SenderApprovalTable, TemplateApprovalTable)
ProviderApproval = tuple[ApprovalTable, Location, Provider]


def find_providers(
    approvals: Sequence[ApprovalTable], parent: Location, session: Session
) -> list[ProviderApproval[ApprovalTable]]:
    """The approvals with their places and providers; those of unknown providers are reported and left out."""
    found = []
    for place, table in enumerate(approvals):
        at = parent.child(f"approvals[{place}]")
        provider = session.find(at, "provider", Provider, "provider", slug=table.provider)
        if provider is not None:
            identity = (parent.path, table.provider, getattr(table, "vendor_template", None))
            session.declare(at, "provider", "approval", identity)
            found.append((table, at, provider))
    return found
