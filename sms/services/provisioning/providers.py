"""[[vendor_descriptions]]: vendors without an adapter in code; [[providers]]: accounts at vendors;
[[objectives]]: what share of their messages must go well."""

from __future__ import annotations

from providers.registry import SENDERS
from sms.models import Objective, Provider, VendorDescription
from sms.services.configuration import vendor_descriptions
from sms.services.database.clock import now
from sms.services.dispatch.circuit_breaker import close_by_hand

from .accounts import account_values, check_url, has_vendor
from .location import Location
from .schema import ObjectiveTable, ProviderTable, VendorDescriptionTable
from .session import Session


def apply_description(table: VendorDescriptionTable, at: Location, session: Session) -> None:
    session.declare(at, "slug", "vendor description", table.slug)
    row = VendorDescription.objects.filter(slug=table.slug).first() or VendorDescription(slug=table.slug)
    session.require(at, row, table, "text")
    changes, before = not row._state.adding and table.text not in ("", row.text), row.text
    if at.is_valid() and session.save(at, f"vendor description {table.slug}", row, table.given("slug")):
        vendor_descriptions.register()
        session.notes += [
            f"vendor description {table.slug}: messages are sent twice if this statement is wrong: {statement}"
            for statement in vendor_descriptions.new_statements(before, row.text)
        ]
        if changes and (accounts := vendor_descriptions.accounts_of(table.slug)):
            session.notes.append(
                f"vendor description {table.slug} is used by {', '.join(accounts)}: send a test message"
            )


def apply(table: ProviderTable, at: Location, session: Session) -> None:
    session.declare(at, "slug", "provider", table.slug)
    provider = Provider.objects.filter(slug=table.slug).first() or Provider(slug=table.slug)
    if not has_vendor(table, at, provider, SENDERS):
        return
    check_url(at, "base_url", table.base_url, provider.adapter_class)
    if table.shown_sender and provider.adapter_class.sender_rule.is_required:
        name = provider.adapter_class.name
        at.report("shown_sender", f"has no effect: {name} shows the sender name that each message names; leave it out")
    values = table.given("slug", "vendor") | account_values(table, at, provider)
    has_new_credentials = any(
        values.get(name) not in (None, getattr(provider, name)) for name in ("credentials", "credentials_origin")
    )
    if has_new_credentials:
        provider.credentials_changed_at = now()
    if session.save(at, f"provider {table.slug}", provider, values) and has_new_credentials:
        close_by_hand(provider)  # a circuit breaker that is open because of the account waits for new credentials


def apply_objective(table: ObjectiveTable, at: Location, session: Session) -> None:
    provider = session.find(at, "provider", Provider, "provider", slug=table.provider) if table.provider else None
    if (table.provider and provider is None) or not all(at.is_valid(key) for key in ("provider", "country", "is_otp")):
        return
    session.declare(at, "provider", "objective", (table.provider, table.country, table.is_otp))
    identity = {"provider": provider, "country": table.country, "is_otp": table.is_otp}
    row = Objective.objects.filter(**identity).first() or Objective(**identity)
    session.save(at, f"objective {row}", row, table.given(*identity))
