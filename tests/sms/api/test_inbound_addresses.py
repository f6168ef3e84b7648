"""Public addresses with a key: renewed, revoked, limited, and bound to networks."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.test import Client

from providers.base import ReportChannel
from providers.registry import FORWARDERS
from sms.models import Callback, InboundCall, InboundGateway, Provider
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.webhooks import call_rate, tokens
from tests.sms import cast, received
from tests.sms.cast import errors
from tests.support.standins import Pigeon

MESSAGE = urlencode({"from": "Instagram", "to": received.PHONE, "text": "Hello"})
NOT_FOUND = [(404, "not_found", "")]
LIMITED = [(429, "rate_limited", "")]


@pytest.fixture(params=["gateway", "provider"])
def address(request, caller, monkeypatch) -> SimpleNamespace:
    """Of a gateway and of a provider: `row`, `call(number)`, and how many calls were stored."""
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)
    monkeypatch.setattr(cast.FreeText, "reports", frozenset({ReportChannel.CALLBACK_REGISTERED}))
    if request.param == "gateway":
        row, path, stored = received.enter(), "/inbound/{}", InboundCall
        limit, sign = "calls_per_minute", tokens.gateway_token
    else:
        row, path, stored = Provider.objects.get(slug="free"), f"/webhooks/{cast.FreeText.slug}/{{}}", Callback
        limit, sign = "reports_per_minute", tokens.provider_token

    def call(number: int = 0, body: str = MESSAGE, **more):
        snapshot.reset_cache()
        at = path.format(sign(row.pk, number))
        return caller.post(at, body, content_type="application/x-www-form-urlencoded", **more)

    return SimpleNamespace(row=row, call=call, limit=limit, stored=stored.objects.count)


def renew(row, **old_valid_for: float) -> None:
    row.renew_address(old_valid_until=clock.now() + timedelta(**old_valid_for))
    row.save()


def test_the_old_address_stays_valid_for_its_time_and_no_longer(address):
    renew(address.row, hours=1)
    assert [address.call(number).status_code for number in (0, 1)] == [200, 200]
    address.row.old_address_until = clock.now() - timedelta(seconds=1)
    address.row.save()
    assert errors(address.call(0)) == NOT_FOUND
    assert address.call(1).status_code == 200


def test_a_revoked_address_is_like_one_that_never_was(address):
    renew(address.row, hours=1)
    address.row.revoke_old_address()
    address.row.save()
    assert errors(address.call(0)) == NOT_FOUND
    assert address.call(1).status_code == 200


def test_only_the_last_of_several_stays(address):
    renew(address.row, hours=1)
    renew(address.row, hours=1)
    assert [address.call(number).status_code for number in range(4)] == [404, 200, 200, 404]


@pytest.mark.parametrize("number", [1, 2, 2**32 - 1])
def test_an_address_that_was_not_given_out_yet_is_not_valid(address, number):
    assert errors(address.call(number)) == NOT_FOUND


def test_past_the_limit_it_is_429_and_nothing_is_stored(address, monkeypatch):
    at = SimpleNamespace(now=6_000_010.0)
    monkeypatch.setattr(call_rate.time, "time", lambda: at.now)
    setattr(address.row, address.limit, 2)
    address.row.save()
    answers = [address.call(body=f"{MESSAGE}{n}") for n in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert errors(answers[-1]) == LIMITED
    assert answers[-1]["Retry-After"] == "50"
    assert address.stored() == 2
    at.now += 50
    assert address.call().status_code == 200


def test_over_64_kib_is_413(address):
    assert errors(address.call(body="x" * (64 * 1024 + 1))) == [(413, "payload_too_large", "")]
    assert address.stored() == 0


# --- networks of a gateway ----------------------------------------------------------------------


@pytest.fixture
def gateway(db, monkeypatch) -> InboundGateway:
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)
    row = received.enter()
    row.networks = ["203.0.113.8/29", "2001:db8::7"]
    row.save()
    return row


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("203.0.113.8", 200),
        ("203.0.113.15", 200),
        ("::ffff:203.0.113.9", 200),
        ("2001:db8::7", 200),
        ("203.0.113.16", 404),
        ("2001:db8::8", 404),
        ("127.0.0.1", 404),
        ("", 404),
    ],
)
def test_a_gateway_with_fixed_networks_calls_from_them_alone(gateway, source, status):
    at = f"/inbound/{tokens.gateway_token(gateway.pk)}?{MESSAGE}"
    forged = {"x-forwarded-for": "203.0.113.8"}
    assert Client().get(at, REMOTE_ADDR=source, headers=forged).status_code == status
    assert InboundCall.objects.count() == (status == 200)
