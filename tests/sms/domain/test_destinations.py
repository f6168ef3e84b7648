"""Which countries a route's prefix opens, and which types of numbers are refused."""

from __future__ import annotations

import pytest

from sms.domain.destinations import ALLOW, BLOCK, MONITOR, DestinationFacts, judge, locate

PLACES = [
    ("+994501234567", "AZ", "mobile"),
    ("+99450123456", "AZ", "unknown"),
    ("+12025550123", "US", "fixed_line_or_mobile"),
    ("+18095551234", "DO", "fixed_line_or_mobile"),
    ("+15550001234", "US", "unknown"),
    ("+19005551234", "US", "premium_rate"),
    ("+15005550006", "US", "personal_number"),
    ("+77011234567", "KZ", "mobile"),
    ("+79161234567", "RU", "mobile"),
    ("+447012345678", "GB", "personal_number"),
    ("+447911123456", "GG", "mobile"),
    ("+38344123456", "XK", "mobile"),
    ("+870773111632", "001", "satellite"),
    ("+881612345678", "001", "satellite"),
    ("+88213300655", "001", "satellite"),
    ("+979123456789", "001", "premium_rate"),
    ("+80812345678", "001", "shared_cost"),
    ("+80012345678", "001", "toll_free"),
]


@pytest.mark.parametrize(("number", "country", "number_type"), PLACES)
def test_a_number_has_a_country_and_a_type(number, country, number_type):
    place = locate(number)
    assert (place.country, place.number_type) == (country, number_type)


OPENED = [
    ("+994501234567", ["+994"], True),
    ("+994501234567", ["+"], False),
    ("+994501234567", ["+9"], False),
    ("+994501234567", ["+99"], False),
    ("+994551234567", ["+99450", "+"], True),  # a part of a country that has its code alone names the country
    ("+40712345678", ["+994", "+"], False),
    ("+12025550123", ["+1"], True),
    ("+18095551234", ["+1"], True),
    ("+12025550123", ["+1809", "+"], False),
    ("+18095551234", ["+1809", "+"], True),
    ("+18765551234", ["+1809", "+"], False),
    ("+77011234567", ["+7"], True),
    ("+77011234567", ["+79", "+"], False),
    ("+79161234567", ["+79", "+"], True),
    ("+79161234567", ["+77", "+"], False),
    ("+447400123456", ["+4477", "+"], True),  # British numbers begin with +4477 too
    ("+447797712345", ["+4474", "+"], False),  # Jersey has none that begin so
    ("+447797712345", ["+44"], True),
    ("+80012345678", ["+800"], True),
    ("+80012345678", ["+", "+1"], False),
]


@pytest.mark.parametrize(("number", "prefixes", "is_open"), OPENED)
def test_a_route_opens_the_countries_that_its_prefix_names(number, prefixes, is_open):
    assert (judge(number, {}, prefixes, has_route=True).problem == "") is is_open


def test_a_country_without_any_route_is_left_to_routing():
    assert judge("+40712345678", {}, ["+994"], has_route=False).problem == ""


COSTLY = ["+19005551234", "+15005550006", "+447012345678", "+870773111632", "+979123456789", "+80812345678"]


@pytest.mark.parametrize("number", COSTLY)
@pytest.mark.parametrize("mode", [None, ALLOW, MONITOR])
def test_costly_types_are_refused_unless_they_are_named(number, mode):
    place = locate(number)
    opened = {place.country: DestinationFacts(place.country, mode)} if mode else {}
    prefixes = [f"+{place.calling_code}"]
    assert place.number_type in judge(number, opened, prefixes, has_route=True).problem
    named = {place.country: DestinationFacts(place.country, ALLOW, frozenset({place.number_type}))}
    assert judge(number, named, prefixes, has_route=True).problem == ""


def test_named_types_are_the_only_ones():
    mobiles = {"RO": DestinationFacts("RO", ALLOW, frozenset({"mobile", "fixed_line_or_mobile"}))}
    assert judge("+40712345678", mobiles, ["+"], has_route=True).problem == ""
    assert judge("+40211234567", mobiles, ["+40"], has_route=True).problem == (
        "Numbers of type fixed_line in RO are not allowed."
    )


@pytest.mark.parametrize("has_route", [True, False])
def test_a_blocked_country_is_closed_whatever_route_names_it(has_route):
    blocked = {"AZ": DestinationFacts("AZ", BLOCK)}
    assert judge("+994501234567", blocked, ["+994"], has_route=has_route).problem == "Messages to AZ are blocked."


def test_a_monitored_country_is_open_and_said_to_be_monitored():
    verdict = judge("+994501234567", {"AZ": DestinationFacts("AZ", MONITOR, None, 7)}, ["+"], has_route=True)
    assert (verdict.problem, verdict.is_monitored, verdict.daily_limit) == ("", True, 7)
