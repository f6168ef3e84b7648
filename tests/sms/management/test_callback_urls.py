"""`manage.py callback_urls`: what to register at each vendor by hand."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from providers.base import ReportChannel
from providers.registry import SENDERS
from sms.models import InboundGateway, Provider
from sms.services.webhooks.tokens import Purpose, resolve_token
from tests.support.standins import STAND_INS, Parrot

pytestmark = pytest.mark.django_db


class Herald(Parrot):
    """Sends its reports to one address, registered by hand."""

    slug = "herald"
    reports = frozenset({ReportChannel.CALLBACK_REGISTERED, ReportChannel.POLL})


@pytest.fixture(autouse=True)
def providers(monkeypatch):
    for slug, vendor in (STAND_INS | {"herald": Herald}).items():
        monkeypatch.setitem(SENDERS, slug, vendor)
    return [Provider.objects.create(slug=f"our-{vendor}", vendor=vendor) for vendor in ("herald", "parrot")]


def test_a_vendor_without_registered_reports_has_nothing_to_register(settings, capsys, providers):
    settings.PUBLIC_URL = "https://sms.example"
    call_command("callback_urls")
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"providers", "gateways"}
    assert printed["providers"]["our-parrot"] is None


def test_the_address_carries_a_key_that_is_this_providers(settings, capsys, providers):
    settings.PUBLIC_URL = "https://sms.example"
    call_command("callback_urls")
    url = json.loads(capsys.readouterr().out)["providers"]["our-herald"]
    endpoint, _, key = url.rpartition("/")
    assert endpoint == "https://sms.example/webhooks/herald"
    address = resolve_token(key)
    assert (address.purpose, address.provider_id) == (Purpose.PROVIDER, providers[0].pk)


def test_without_a_public_address_it_fails_and_says_so(settings):
    settings.PUBLIC_URL = ""
    with pytest.raises(CommandError, match="PUBLIC_URL is not set"):
        call_command("callback_urls")


def test_a_gateways_address_is_accepted(settings, capsys):
    settings.PUBLIC_URL = "https://sms.example"
    gateway = InboundGateway.objects.create(slug="modem-1")
    call_command("callback_urls")
    endpoint, _, key = json.loads(capsys.readouterr().out)["gateways"]["modem-1"].rpartition("/")
    assert endpoint == "https://sms.example/inbound"
    assert (resolve_token(key).purpose, resolve_token(key).gateway_id) == (Purpose.GATEWAY, gateway.pk)


def test_it_prints_the_current_addresses(settings, capsys, providers):
    settings.PUBLIC_URL = "https://sms.example"
    gateway = InboundGateway.objects.create(slug="modem-1")
    for row in (gateway, providers[0]):
        row.renew_address(old_valid_until=row.created_at)
        row.save()
    call_command("callback_urls")
    printed = json.loads(capsys.readouterr().out)
    for address in (printed["providers"]["our-herald"], printed["gateways"]["modem-1"]):
        assert resolve_token(address.rpartition("/")[2]).number == 1
