"""Whether messages may go to a number: the country that it belongs to, and its type.

A country is open if a route names it by its own prefix, or if its destination says `allow` or `monitor`. This is what a
prefix names:

- one that begins with (or is) a calling code names the countries of that code;
- where several countries share the code (+1, +7, +44), only the code alone names them all. A longer prefix names the
  countries of the numbers that it takes: +1809 names the Dominican Republic and not the United States;
- one that is shorter than a calling code (+, +9) names none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber

from providers.marking import N_

ALLOW, MONITOR, BLOCK = "allow", "monitor", "block"
WORLD = "001"
"""Used as the country of numbers that belong to none, such as +870 (satellite) and +979 (premium)."""

SATELLITE = "satellite"
_TYPES = {value: name.lower() for name, value in vars(phonenumbers.PhoneNumberType).items() if isinstance(value, int)}
NUMBER_TYPES = (*_TYPES.values(), SATELLITE)
COSTLY = frozenset({"premium_rate", "shared_cost", "personal_number", SATELLITE})
"""Types that are not allowed unless a destination names them: the number's owner may earn from each message."""
_WORLD_TYPES = {
    870: SATELLITE,
    881: SATELLITE,
    882: SATELLITE,
    883: SATELLITE,
    878: "personal_number",
    979: "premium_rate",
    808: "shared_cost",
}
"""The types of numbers with a calling code without a country. 882 and 883 include satellite networks."""


@dataclass(frozen=True, slots=True)
class Place:
    """The country and type of a number. `country` is ISO 3166-1 alpha-2, or WORLD."""

    country: str
    number_type: str
    calling_code: int


@dataclass(frozen=True, slots=True)
class DestinationFacts:
    """A country's settings. `number_types` None: all types except the costly ones are allowed."""

    country: str
    mode: str
    number_types: frozenset[str] | None = None
    daily_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether messages may go to a number; `problem` is empty where they may."""

    country: str
    number_type: str
    problem: str = ""
    is_monitored: bool = False
    daily_limit: int | None = None


PREFIX_LENGTH = 8
"""With so many characters of a number, its country is known also where countries share a calling code."""


@lru_cache(maxsize=4096)
def locate(to: str) -> Place:
    """The place of an E.164 number. One that is possible but not valid counts to its calling code's main country."""
    number = _parsed(to)
    if number is None:
        return Place("", "unknown", 0)
    code = number.country_code or 0
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(code)
    return Place(country, _number_type(number, code), code)


def _number_type(number: PhoneNumber, code: int) -> str:
    return _WORLD_TYPES.get(code) or _TYPES[phonenumbers.number_type(number)]


def judge(
    to: str, destinations: Mapping[str, DestinationFacts], prefixes: Iterable[str], *, has_route: bool
) -> Verdict:
    """`prefixes` are those of the enabled routes. Without any route for the number, routing says so: no_route."""
    place = locate(to)
    facts = destinations.get(place.country)
    problem = _problem(to, place, facts, prefixes, has_route=has_route)
    return Verdict(
        place.country,
        place.number_type,
        problem,
        is_monitored=facts is not None and facts.mode == MONITOR,
        daily_limit=facts.daily_limit if facts else None,
    )


def _problem(to: str, place: Place, facts: DestinationFacts | None, prefixes: Iterable[str], *, has_route: bool) -> str:
    if facts is not None and facts.mode == BLOCK:
        return N_("Messages to {country} are blocked.").format(country=place.country)
    if not _is_type_allowed(place, facts):
        return N_("Numbers of type {number_type} in {country} are not allowed.").format(
            number_type=place.number_type, country=place.country
        )
    if facts is None and has_route and not any(names(prefix, to) for prefix in prefixes):
        return N_("Messages to {country} are not open.").format(country=place.country)
    return ""


def _is_type_allowed(place: Place, facts: DestinationFacts | None) -> bool:
    if facts is None or facts.number_types is None:
        return place.number_type not in COSTLY
    return place.number_type in facts.number_types


def names(prefix: str, to: str) -> bool:
    """Whether a route's prefix names the country of this number, by the rule in the module's docstring."""
    place = locate(to)
    code = f"+{place.calling_code}"
    if not (place.calling_code and prefix.startswith(code)):
        return False
    is_shared = len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(place.calling_code, ())) > 1
    return prefix == code or not is_shared or to.startswith(prefix) or place.country in _sampled(prefix)


def names_none(prefix: str) -> bool:
    """Whether a route's prefix is shorter than every calling code that begins so, as the catch-all's is."""
    return not any(prefix.startswith(f"+{code}") for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@lru_cache(maxsize=1024)
def _sampled(prefix: str) -> frozenset[str]:
    """Countries of valid numbers that begin so: of each length, one for each digit repeated."""
    numbers = (prefix + digit * length for digit in "0123456789" for length in range(3, 16 - len(prefix)))
    found = {phonenumbers.region_code_for_number(number) for number in map(_parsed, numbers) if number}
    return frozenset(country for country in found if country)


def _parsed(number: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number, None)
    except NumberParseException:
        return None


def is_country(code: str) -> bool:
    return code == WORLD or code in phonenumbers.SUPPORTED_REGIONS
