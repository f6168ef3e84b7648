"""The adapters against the simulated vendors, which were written from the same documents by another hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from providers.base import Accepted, Asked, OutboundSms, ProviderError, Sender, Unconfirmed
from providers.http import Client
from providers.registry import SENDERS
from tests.simulators import Simulators, Vendor, Vendors

ACCOUNTS: dict[str, dict[str, str]] = {
    "accolades": {"account_number": "100200", "password": "demo-accolades-password"},
    "etelecom": {"username": "demo", "password": "demo-etelecom-password"},
    "smsplus": {"token": "demo-smsplus-token"},
}
MESSAGES: dict[str, dict[str, Any]] = {
    "accolades": {"to": "+40721234567", "text": "Salut\nVezi https://shop.example/new"},
    "etelecom": {
        "to": "+84901234567",
        "text": "Ma: 004217",
        "vendor_template": "OTP01",
        "parameters": (("otp", "004217"),),
    },
    "smsplus": {
        "to": "+994501234567",
        "text": "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin.",
        "sender": "AKINON",
        "vendor_template": "1432",
        "parameters": (("code", "004217"),),
    },
}
CODES = {
    "accolades": ["400", "401", "403.6", "404", "413", "500"],
    "etelecom": ["-1", "-2", "-3", "-6", "-8", "-9"],
    "smsplus": [str(code) for code in range(101, 124)],
}
# What the vendor did with the message stays unknown to us, whatever it was.
DOUBTFUL: list[dict[str, Any]] = [
    *({"fault": "html", "status": status} for status in (200, 500, 502)),
    *({"fault": "status", "status": status} for status in (408, 500, 503)),
    *({"fault": name, "accepted": accepted} for name in ("hang", "reset", "close") for accepted in (True, False)),
    *({"fault": name} for name in ("half_headers", "half_body", "drip", "oversize", "gzip_bomb")),
    {"fault": "encoded", "coding": "half_gzip"},
]
# The vendor's own answer, as servers and the proxies before them write it.
LEGIBLE: list[dict[str, Any]] = [
    *({"coding": name} for name in ("gzip", "deflate", "raw_deflate")),
    {"coding": "gzip", "declared": False},
    *({"charset": name} for name in ("windows-1254", "iso-8859-9", "windows-1251", "utf-16", "utf-16-le", "utf-8-sig")),
    *({"charset": name, "declared": False} for name in ("windows-1254", "utf-16", "utf-16-be", "utf-32-le")),
    *({"interim": status} for status in (100, 102, 103)),
    {"coding": "gzip", "charset": "windows-1254", "interim": 103},
]
REFUSING: list[dict[str, Any]] = [
    {"fault": "too_many", "retry_after": "7"},
    {"fault": "redirect"},
    *({"fault": "status", "status": status} for status in (400, 401, 403, 404, 405, 413)),
]
every_vendor = pytest.mark.parametrize("slug", sorted(ACCOUNTS))


@pytest.fixture(scope="module")
def running() -> Iterator[Vendors]:
    with Simulators() as vendors:
        yield vendors


@pytest.fixture
def vendors(running: Vendors) -> Vendors:
    running.reset(setup=True)
    return running


def adapter(slug: str, vendor: Vendor, **options: Any) -> Sender:
    return SENDERS[slug](base_url=vendor.url, credentials=ACCOUNTS[slug], options=options)


def attempt(slug: str, vendor: Vendor, client: Client, timeout: float = 10.0) -> Accepted | ProviderError:
    made = adapter(slug, vendor)
    message = OutboundSms(reference="0197-attempt", **MESSAGES[slug])
    try:
        return made.outcome(client.send(made.request(message), timeout=timeout))
    except ProviderError as error:
        return error


def taken(vendor: Vendor) -> bool:
    [seen] = vendor.calls()
    return seen.accepted


@every_vendor
def test_a_message_is_taken_without_a_complaint(slug: str, vendors: Vendors, client: Client) -> None:
    vendor: Vendor = getattr(vendors, slug)
    assert isinstance(attempt(slug, vendor, client), Accepted)
    [seen] = vendor.calls()
    assert (seen.accepted, seen.violations) == (True, [])


@every_vendor
def test_a_documented_refusal_is_never_taken_for_a_success(slug: str, vendors: Vendors, client: Client) -> None:
    vendor: Vendor = getattr(vendors, slug)
    for code in CODES[slug]:
        vendor.reset()
        vendor.faults({"fault": "code", "code": code})
        outcome = attempt(slug, vendor, client)
        assert isinstance(outcome, ProviderError)
        assert outcome.code == code


@every_vendor
@pytest.mark.parametrize("shape", LEGIBLE, ids=str)
def test_a_legible_answer_counts_however_it_is_encoded(
    slug: str, shape: dict[str, Any], vendors: Vendors, client: Client
) -> None:
    vendor: Vendor = getattr(vendors, slug)
    refusal = CODES[slug][-1]
    vendor.faults({"fault": "encoded", **shape}, {"fault": "encoded", "accepted": False, "code": refusal, **shape})
    assert isinstance(attempt(slug, vendor, client), Accepted)
    outcome = attempt(slug, vendor, client)
    assert isinstance(outcome, ProviderError)
    assert outcome.code == refusal


@every_vendor
@pytest.mark.parametrize("fault", DOUBTFUL, ids=str)
def test_doubt_is_unconfirmed(slug: str, fault: dict[str, Any], vendors: Vendors, client: Client) -> None:
    vendor: Vendor = getattr(vendors, slug)
    vendor.faults(fault)
    outcome = attempt(slug, vendor, client, timeout=0.5 if fault["fault"] in ("hang", "drip") else 10.0)
    assert isinstance(outcome, Unconfirmed)


@every_vendor
@pytest.mark.parametrize("fault", REFUSING, ids=str)
def test_what_we_say_was_not_sent_was_not_taken(
    slug: str, fault: dict[str, Any], vendors: Vendors, client: Client
) -> None:
    vendor: Vendor = getattr(vendors, slug)
    vendor.faults(fault)
    outcome = attempt(slug, vendor, client)
    assert isinstance(outcome, ProviderError)
    assert not isinstance(outcome, Unconfirmed)
    assert not taken(vendor)


@every_vendor
def test_an_accepted_message_with_odd_types_is_accepted_or_in_doubt(
    slug: str, vendors: Vendors, client: Client
) -> None:
    vendor: Vendor = getattr(vendors, slug)
    vendor.faults({"fault": "wrong_types"})
    assert isinstance(attempt(slug, vendor, client), Accepted | Unconfirmed)
    assert taken(vendor)


def test_the_connection_test_passes(vendors: Vendors, client: Client) -> None:
    made = adapter("accolades", vendors.accolades)
    assert "accepts the account and the password" in made.test_outcome(client.send(made.test_request(), timeout=10.0))


def test_the_state_can_be_asked_for_by_the_id(vendors: Vendors, client: Client) -> None:
    vendors.etelecom.setup(processing=0)
    accepted = attempt("etelecom", vendors.etelecom, client)
    assert isinstance(accepted, Accepted)
    made = adapter("etelecom", vendors.etelecom)
    [report] = made.poll_outcome(client.send(made.poll_request(Asked(accepted.vendor_id)), timeout=10.0))
    assert report.state == "delivered"


@pytest.mark.parametrize("shape", ["string", "array"])
def test_both_forms_of_the_route_rule_are_understood(shape: str, vendors: Vendors, client: Client) -> None:
    vendors.etelecom.setup(routerule_form=shape)
    made = adapter("etelecom", vendors.etelecom, routerule_form=shape)
    message = OutboundSms(reference="0197-attempt", **MESSAGES["etelecom"])
    assert made.outcome(client.send(made.request(message), timeout=10.0)).vendor_id
