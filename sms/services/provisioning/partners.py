"""[[partners]] and [[rented_numbers]]: to whom received SMS are forwarded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.registry import FORWARDERS
from sms.domain.phone import PhoneError, parse
from sms.models import Partner, RentedNumber

from .accounts import account_values, check_url, has_vendor
from .location import Location
from .schema import PartnerTable, RentedNumberTable
from .session import Session, validate


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
    was_set_aside = phone in session.set_aside
    if was_set_aside:
        number.operation_id = session.set_aside.pop(phone)[0]
    _set_aside(number, values, at, session)
    session.save(at, f"rented number {phone}", number, values, must_save=was_set_aside)


ASIDE = 2**63 - 1
"""A number that was set aside has the operation that is this, less its row's id."""


def _set_aside(number: RentedNumber, values: Mapping[str, Any], at: Location, session: Session) -> None:
    """Take the operation from the number that has it, which the file may give another one: numbers may change places.

    What the file does not move is reported when it is read to its end.
    """
    wanted = {name: values.get(name) or getattr(number, name) for name in ("partner_id", "operation_id")}
    other = RentedNumber.objects.filter(**wanted).exclude(pk=number.pk).first()
    if other is not None and ("rented number", other.phone) not in session.declared:
        session.set_aside[other.phone] = (other.operation_id, at)
        RentedNumber.objects.filter(pk=other.pk).update(operation_id=ASIDE - other.pk)


def report_set_aside(session: Session) -> None:
    """Numbers that a valid file does not move from an operation that it gives to another one."""
    if session.issues:
        return
    for phone, (operation, at) in session.set_aside.items():
        number = RentedNumber.objects.get(phone=phone)
        number.operation_id = operation
        validate(at, number)


def read_phone(value: str, at: Location) -> str | None:
    """The table's `phone` in E.164 form."""
    try:
        return parse(value)
    except PhoneError as error:
        return at.report("phone", str(error))
