"""[[partners]] and [[rented_numbers]]: who gets what our numbers receive."""

from __future__ import annotations

from typing import Any

from providers.registry import FORWARDERS
from sms.domain.phone import PhoneError, parse
from sms.models import Partner, RentedNumber

from .providers import check_url, has_vendor, read_credentials, read_options
from .reader import Entry
from .session import Desk


def apply_partner(entry: Entry, desk: Desk) -> None:
    slug = entry.text("slug", required=True)
    vendor = entry.choice("vendor", FORWARDERS)
    url = entry.text("url")
    credentials, options = entry.table("credentials"), entry.table("options")
    if slug is None:
        return
    desk.declare(entry, "slug", "partner", slug)
    partner = Partner.objects.filter(slug=slug).first() or Partner(slug=slug)
    if partner._state.adding and "url" not in entry.values:
        entry.mistake("url", "is missing")
    if not has_vendor(entry, partner, vendor, FORWARDERS):
        return
    adapter = partner.adapter_class
    check_url(entry, "url", url, adapter)
    values = {
        "url": url,
        "credentials": read_credentials(entry, credentials, partner, adapter),
        "options": read_options(options, partner.options, adapter),
    }
    desk.save(entry, f"partner {slug}", partner, values)


def apply_number(entry: Entry, desk: Desk) -> None:
    phone = read_phone(entry)
    slug = entry.text("partner")
    partner = desk.find(entry, "partner", Partner, "partner", slug=slug) if slug else None
    values: dict[str, Any] = {
        "operation_id": entry.integer("operation_id"),
        "active": entry.boolean("active"),
        "valid_from": entry.time("from"),
        "valid_until": entry.time("until"),
    }
    if phone is None:
        return
    desk.declare(entry, "phone", "rented number", phone)
    number = RentedNumber.objects.filter(phone=phone).first() or RentedNumber(phone=phone)
    for key in ("partner", "operation_id"):
        if number._state.adding and key not in entry.values:
            entry.mistake(key, "is missing")
    if slug and partner is None:
        return
    values["partner_id"] = partner.pk if partner else None
    desk.save(entry, f"rented number {phone}", number, values)


def read_phone(entry: Entry) -> str | None:
    """The entry's `phone` in E.164 form."""
    phone = entry.text("phone", required=True)
    try:
        return phone and parse(phone)
    except PhoneError as error:
        return entry.mistake("phone", str(error))
