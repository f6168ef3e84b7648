"""[[blocked_numbers]]: numbers to which no message is sent, such as those that opted out."""

from __future__ import annotations

from sms.domain.phone import masked
from sms.models import BlockedNumber

from .location import Location
from .partners import read_phone
from .schema import BlockedNumberTable
from .session import Session


def apply(table: BlockedNumberTable, at: Location, session: Session) -> None:
    phone = read_phone(table.phone, at)
    if phone is None:
        return
    session.declare(at, "phone", "blocked number", phone)
    number = BlockedNumber.objects.filter(phone=phone).first() or BlockedNumber(phone=phone)
    session.save(at, f"blocked number {masked(phone)}", number, {})
