"""Which numbers are on the block list."""

from __future__ import annotations

from collections.abc import Collection

from sms.services.configuration.digests import pseudonyms
from sms.services.database.bulk_sql import fetch_rows, is_one_of, list_parameter

_BLOCKED = "SELECT phone FROM sms_blockednumber WHERE {}"


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
    found = fetch_rows(_BLOCKED.format(is_one_of("phone", "text")), [list_parameter(values)])
    return {values[phone] for (phone,) in found}
