"""Every address of the resolver, with values that no row can have: 400 or 404 or a page, never a fault of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.sms.cast import basic

IDS = ["%00", "%ff%fe", "-1", str(2**63), quote("²"), "ffffffff-ffff-ffff-ffff-ffffffffffff"]
TIMES = ["%00", "0000-00-00", "1-1-1", "9999-12-31", "10000-01-01", quote("0001-01-01T00:00:00+14:00"), "24:00"]
VALUES = list(dict.fromkeys([*IDS, *TIMES, "9" * 20, "1.5", "_2F", quote("\u202e")]))
POSTED = ("a\0b", "9" * 400, "9999-12-31T23:59:59+14:00", "[" * 500)
REFUSED_BY_POSTGRESQL = ("%00", "a\0b", "9" * 20, "9" * 400, str(2**63), *TIMES[3:6], POSTED[2])
"""What Python reads and the database may refuse. Whatever fails before that fails on SQLite, too."""
LIST_PARAMETERS = ("q", "p", "o", "_to_field")
OTHERS = ("q", "p", "_popup", "_to_field", "vendor", "provider", "as", "body", "placeholders", "template", "client")
OTHERS += ("app_label", "model_name", "field_name", "term", "next", "version", "name", "phone", "_changelist_filters")
API = ("request_id", "to", "status", "limit", "cursor", "from", "text", "id")


def patterns(found: list, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in found:
        at = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, at)
        else:
            yield at, pattern


def fill(route: str, value: str) -> str:
    """The address with this value in the place of each parameter; those with a number or a UUID get one that fits."""
    filled = route.lstrip("^")
    for start, end in (("<", ">"), ("(?P<", ")")):
        while start in filled:
            before, _, rest = filled.partition(start)
            parameter, _, after = rest.partition(end)
            fits = {"int": "99999999999999999999", "uuid": "ffffffff-ffff-ffff-ffff-ffffffffffff"}
            filled = before + fits.get(parameter.partition(":")[0], value) + after
    return "/" + filled.replace("\\Z", "").replace("$", "").replace("(.+)", value).replace("([^/]+)", value)


ROUTES = sorted({at for at, pattern in patterns(get_resolver().url_patterns) if "logout" not in at and "js" not in at})


@pytest.fixture
def walker(boss, cast) -> Client:
    cast.everything()
    boss.raise_request_exception = False
    return boss


def tried(values: Iterable[str]) -> list[str]:
    """All of these values on SQLite; on PostgreSQL those that it reads in another way."""
    return [each for each in values if connection.vendor == "sqlite" or each in REFUSED_BY_POSTGRESQL]


def check(answer, address: str, faults: list[str]) -> None:
    if answer.status_code >= 500 and answer.status_code != 503:
        faults.append(f"{answer.status_code} {address[:150]}")
    if answer.streaming:
        b"".join(answer.streaming_content)


def test_the_walk_reaches_pages_and_the_api():
    assert len(ROUTES) > 150
    for part in ("send-sms", "messages/<uuid:id>", "webhooks/<str:vendor>/<str:key>", "history", "autocomplete"):
        assert any(part in route for route in ROUTES), part


def test_no_value_in_a_path_is_a_fault(walker):
    faults: list[str] = []
    for route in ROUTES:
        if "<" in route or "(" in route:
            for value in tried(IDS):
                check(walker.get(fill(route, value)), fill(route, value), faults)
            posted = {"reason": "x", "hours": 1, "_form_submitted": "on"}
            check(walker.post(fill(route, IDS[0]), posted), fill(route, IDS[0]), faults)
    assert not faults


def test_no_parameter_of_a_list_is_a_fault(walker):
    faults: list[str] = []
    for model, model_admin in admin.site._registry.items():
        page = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        own = list(model_admin.filter_parameters()) if hasattr(model_admin, "filter_parameters") else []
        for name in (*own, *LIST_PARAMETERS):
            for value in tried(TIMES if name.endswith(("_0", "_1")) else IDS):
                check(walker.get(f"{page}?{name}={value}"), f"{page}?{name}={value}", faults)
    assert not faults


def test_no_parameter_of_another_page_is_a_fault(walker):
    """All parameters with the same value at once, and for the API each alone."""
    faults: list[str] = []
    for route in [route for route in ROUTES if "<" not in route and "(" not in route]:
        at = fill(route, "")
        for value in tried(VALUES):
            if route.startswith("admin"):
                queries = ["&".join(f"{name}={value}" for name in OTHERS)]
            else:
                queries = [f"{name}={value}" for name in API]
            for query in queries:
                check(walker.get(f"{at}?{query}", headers={"authorization": basic()}), f"{at}?{query}", faults)
    assert not faults


def test_no_posted_value_is_a_fault(walker):
    """The forms of every page, with the value in every field that the page has."""
    faults: list[str] = []
    for route in [route for route in ROUTES if "<" not in route and "(" not in route and "password" not in route]:
        address = fill(route, "")
        names = fields_of(walker, address)
        for value in tried(POSTED):
            check(walker.post(address, dict.fromkeys(names, value)), f"{address} {value!r:.20}", faults)
    assert not faults


def fields_of(client: Client, address: str) -> set[str]:
    """The names of the fields of a page's forms."""
    page = client.get(address)
    if page.streaming or "html" not in page.get("Content-Type", ""):
        return {"action", "_selected_action", "reason"}
    names = {part.partition('"')[0] for part in page.content.decode().split(' name="')[1:]}
    return {name for name in names if name != "csrfmiddlewaretoken"} | {"_selected_action", "action"}


@pytest.mark.parametrize("key", ["from", "to", "text", "isOtp", "id"])
def test_no_value_in_a_body_of_the_api_is_a_fault(caller, key):
    faults: list[str] = []
    for value in ["a\0b", "\ud800", 10**400, -1, 1e308, [], {}, None, True, "9" * 70000, "0001-01-01"]:
        body = json.dumps({"from": "AKINON", "to": "+40712345678", "text": "x", key: value})
        for address in ("/send-sms", "/webhooks/free-text/x", "/inbound/x"):
            headers = {"authorization": basic()}
            check(caller.post(address, body, content_type="application/json", headers=headers), address, faults)
    assert not faults
