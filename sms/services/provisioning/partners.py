"""[[partners]] and [[rented_numbers]]: to whom received SMS are forwarded."""

from __future__ import annotations

from providers.registry import FORWARDERS
from sms.domain.phone import PhoneError, parse
from sms.models import Partner, RentedNumber

from .accounts import account_values, check_url, has_vendor
from .location import Location
from .schema import PartnerTable, RentedNumberTable
from .session import Session


def apply_partner(table: PartnerTable, at: Location, session: Session) -> None:
    session.declare(at, "slug", "partner", table.slug)
    partner = Partner.objects.filter(slug=table.slug).first() or Partner(slug=table.slug)
    session.require(at, partner, table, "url")
    if not has_vendor(table, at, partner, FORWARDERS):
        return
    check_url(at, "url", table.url, partner.adapter_class)
    values = table.given("slug", "vendor") | account_values(table, at, partner)
    session.save(at, f"partner {table.slug}", partner, values)


def apply_number(table: RentedNumberTable, at: Location, session: Session) -> None:
    phone = read_phone(table.phone, at)
    partner = session.find(at, "partner", Partner, "partner", slug=table.partner) if table.partner else None
    if phone is None:
        return
    session.declare(at, "phone", "rented number", phone)
    number = RentedNumber.objects.filter(phone=phone).first() or RentedNumber(phone=phone)
    session.require(at, number, table, "partner", "operation_id")
    if table.partner and partner is None:
        return
    values = table.given("phone", "partner") | {"partner_id": partner.pk if partner else None}
    session.save(at, f"rented number {phone}", number, values)


def read_phone(value: str, at: Location) -> str | None:
    """The table's `phone` in E.164 form."""
    try:
        return parse(value)
    except PhoneError as error:
        return at.report("phone", str(error))
