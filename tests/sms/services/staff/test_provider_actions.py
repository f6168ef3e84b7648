"""Probes at once, and connection tests by a status query."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.base import Failure, HttpResponse, Unavailable
from sms.models import Message, Provider, ProviderState
from sms.services.configuration import network_policy
from sms.services.database import clock
from sms.services.queue.errors import ActionRefused
from sms.services.staff import provider_actions
from tests.sms.services.fakes import PolledVendor, error


def suspended(shop, wire, work) -> None:
    shop.set_route(shop.first)
    for number in range(6):
        shop.message(f"Salam {number}")
    wire.script("first.example", *[error(Unavailable, Failure.TRANSIENT, "refused")] * 6)
    work()
    assert ProviderState.objects.get(provider=shop.first).breaker == "open"


def test_a_probe_is_made_at_once_and_ends_the_suspension(shop, wire, work):
    suspended(shop, wire, work)
    ProviderState.objects.update(probe_at=clock.now() + timedelta(minutes=5))
    before = len(wire.calls)
    work()
    assert len(wire.calls) == before
    assert provider_actions.probe_now(shop.first.pk, actor="aysel")
    work()
    assert ProviderState.objects.get(provider=shop.first).breaker == "closed"


def test_a_probe_without_a_message_waits_for_one(shop, wire, work):
    suspended(shop, wire, work)
    Message.objects.update(status="canceled")
    assert not provider_actions.probe_now(shop.first.pk, actor="aysel")


def test_a_provider_that_is_not_suspended_needs_no_probe(shop):
    with pytest.raises(ActionRefused, match="first is not suspended"):
        provider_actions.probe_now(shop.first.pk, actor="aysel")


@pytest.fixture
def polled(shop, wire, monkeypatch) -> Provider:
    """A vendor without a test call that answers status queries."""
    monkeypatch.setattr(PolledVendor, "can_test", False)
    monkeypatch.setattr(network_policy, "Client", lambda **_: wire)
    return Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")


def test_a_status_query_tests_the_connection(shop, wire, polled):
    message = shop.message(status="submitted")
    message.attempts.create(
        id=clock.new_id(),
        number=1,
        provider=polled,
        lease_token=clock.new_id(),
        started_at=clock.now(),
        vendor_message_id="v-7",
    )
    ProviderState.objects.filter(provider=polled).update(breaker="open")
    wire.script("polled.example", HttpResponse(200, {}, b"delivered"))
    assert provider_actions.test_connection(polled.pk, actor="aysel") == "The last message is delivered."
    assert wire.calls[-1].body == b"v-7"
    assert ProviderState.objects.get(provider=polled).breaker == "closed"
    wire.script("polled.example", HttpResponse(500, {}, b""))
    with pytest.raises(ActionRefused, match="not accepted"):
        provider_actions.test_connection(polled.pk, actor="aysel")


def test_without_a_message_there_is_nothing_to_ask_for(polled):
    with pytest.raises(ActionRefused, match="no message has been sent"):
        provider_actions.test_connection(polled.pk, actor="aysel")
