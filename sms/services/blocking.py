"""Putting many numbers on the block list at once."""

from __future__ import annotations

from dataclasses import dataclass

from sms.domain.phone import parse_loose
from sms.models import BlockedNumber

MOST = 100_000


@dataclass(frozen=True, slots=True)
class Imported:
    """`mistakes` and `without_country` name lines by their number, never by what stands in them."""

    added: int
    known: int
    mistakes: tuple[int, ...]
    without_country: tuple[int, ...]
    """Digits without + or 00. A national number can look like one of another country, so none is guessed."""


def block_all(lines: str, *, reason: str) -> Imported:
    """Add the numbers, one a line (or the first cell of each line of a CSV). Lines that are no number are left out."""
    numbers: dict[str, None] = {}
    mistakes: list[int] = []
    without_country: list[int] = []
    for place, line in enumerate(lines.splitlines()[:MOST], start=1):
        cell = line.replace(";", ",").split(",")[0].strip().strip("\"'").replace(" ", "")
        if not cell:
            continue
        number = parse_loose(cell)
        if cell.isdecimal() and not cell.startswith("00"):
            without_country.append(place)
        elif number is None:
            mistakes.append(place)
        else:
            numbers[number] = None
    known = set(BlockedNumber.objects.filter(phone__in=numbers).values_list("phone", flat=True))
    fresh = [BlockedNumber(phone=number, reason=reason[:200]) for number in numbers if number not in known]
    BlockedNumber.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1000)
    return Imported(len(fresh), len(known), tuple(mistakes), tuple(without_country))
