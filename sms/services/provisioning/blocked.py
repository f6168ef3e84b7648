"""[[blocked_numbers]]: numbers that get no message, such as those that opted out."""

from __future__ import annotations

from sms.domain.phone import masked
from sms.models import BlockedNumber

from .partners import read_phone
from .reader import Entry
from .session import Desk


def apply(entry: Entry, desk: Desk) -> None:
    phone = read_phone(entry)
    if phone is None:
        return
    desk.declare(entry, "phone", "blocked number", phone)
    number = BlockedNumber.objects.filter(phone=phone).first() or BlockedNumber(phone=phone)
    desk.save(entry, f"blocked number {masked(phone)}", number, {})
