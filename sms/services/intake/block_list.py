"""Which numbers are on the block list."""

from __future__ import annotations

from collections.abc import Collection

from sms.models import BlockedNumber
from sms.services.configuration.digests import pseudonyms


def spelled(number: str) -> tuple[str, ...]:
    """The values by which the block list may contain a number: the number, or its pseudonym after forget_number."""
    return number, *pseudonyms(number)


def is_blocked(number: str) -> bool:
    return bool(blocked_of([number]))


def blocked_of(numbers: Collection[str]) -> set[str]:
    """Those of these numbers that are blocked, with one query."""
    values = {value: number for number in numbers for value in spelled(number)}
    if not values:
        return set()
    return {values[found] for found in BlockedNumber.objects.filter(phone__in=values).values_list("phone", flat=True)}
