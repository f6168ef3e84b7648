"""A provider whose vendor has no adapter that can be used: its messages wait, and the other vendors send."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.test import Client

from providers import registry
from providers.packages import Fault
from providers.registry import SENDERS
from sms.models import Alert, Partner, Provider
from sms.services.configuration import snapshot
from sms.services.monitoring import alert_rules, outages, provider_health, setup_checklist
from sms.services.staff import provider_actions
from sms.services.webhooks import tokens
from tests.sms.services.fakes import TextVendor

FAULT = Fault("The adapter textvendor of the package sms-text 1.0 can't be used: x.", "Correct or update this package.")


@pytest.fixture
def other(monkeypatch) -> None:
    """Another vendor, whose adapter is there."""

    class Other(TextVendor):
        slug = "othervendor"

    monkeypatch.setitem(SENDERS, Other.slug, Other)


@pytest.fixture
def lost(shop, other, monkeypatch):
    """The adapter of `first` is no longer there; `second` is at the other vendor."""
    Provider.objects.filter(pk=shop.second.pk).update(vendor="othervendor")
    shop.set_route(shop.first)

    def lose() -> None:
        monkeypatch.delitem(SENDERS, "textvendor")
        snapshot.reset_cache()

    return lose


def test_a_message_waits_for_its_adapter_and_is_sent_once_it_is_back(shop, wire, work, lost, monkeypatch):
    message = shop.message()
    lost()
    work()
    message.refresh_from_db()
    assert message.status == "queued"
    assert "There is no adapter textvendor" in message.waiting_for
    monkeypatch.setitem(SENDERS, "textvendor", TextVendor)
    snapshot.reset_cache()
    type(message).objects.filter(pk=message.pk).update(due_at=message.created_at)
    work()
    message.refresh_from_db()
    assert message.status == "submitted"


def test_a_new_message_is_accepted_and_waits(shop, wire, work, lost):
    lost()
    message = shop.message()
    work()
    message.refresh_from_db()
    assert (message.status, message.provider_id, wire.calls) == ("queued", shop.first.pk, [])


def test_other_vendors_send_its_messages_and_their_own(shop, wire, work, lost):
    shop.set_route(shop.first, shop.second)
    lost()
    message = shop.message()
    work()
    message.refresh_from_db()
    assert (message.status, message.provider_id) == ("submitted", shop.second.pk)


@pytest.mark.parametrize("fault", [None, FAULT])
def test_staff_see_what_is_wrong_and_what_to_do(shop, lost, monkeypatch, fault):
    if fault:
        monkeypatch.setitem(registry.FAULTS, "textvendor", fault)
    lost()
    provider = Provider.objects.select_related("state").get(pk=shop.first.pk)
    health = outages.health_of(provider)
    assert health.name == ("adapter broken" if fault else "adapter missing")
    assert registry.why_missing("textvendor") in health.why
    card = next(card for card in provider_health.provider_cards() if card.id == provider.pk)
    assert (card.vendor, card.health, card.can_test) == ("textvendor", health.name, False)
    [step] = [s for section in setup_checklist.sections() for s in section.steps if "adapter" in s.title]
    assert step.says == registry.why_missing("textvendor")
    alert_rules.evaluate()
    alert = Alert.objects.get(key="credentials:first")
    assert (alert.title, alert.advice) == (
        "first is not called: its vendor's adapter can't be used",
        registry.why_missing("textvendor"),
    )
    with pytest.raises(provider_actions.ActionRefused, match="textvendor"):
        provider_actions.test_connection(provider.pk, actor="made-up")


def test_credentials_stay_as_they_are(shop, lost):
    Provider.objects.filter(pk=shop.first.pk).update(credentials={"token": "made-up"})
    lost()
    provider = Provider.objects.get(pk=shop.first.pk)
    provider.timeout = 20
    provider.save()
    assert Provider.objects.get(pk=shop.first.pk).credentials == {"token": "made-up"}


def test_a_callback_is_left_to_the_vendor_to_repeat(shop, lost):
    lost()
    address = f"/webhooks/textvendor/{tokens.provider_token(shop.first.pk)}"
    assert Client().post(address, b"{}", content_type="application/json").status_code == 503


def test_a_partner_without_an_adapter_says_so(db):
    partner = Partner(slug="renter", vendor="gone", url="https://renter.example")
    assert partner.credentials_problem.startswith("There is no adapter gone.")


@pytest.mark.parametrize(("is_collision", "expected"), [(False, "sms.W009"), (True, "sms.W010")])
def test_the_system_check_names_the_adapter(db, monkeypatch, is_collision, expected):
    monkeypatch.setitem(registry.FAULTS, "textvendor", Fault(FAULT.problem, FAULT.advice, is_collision))
    [message] = run_checks(tags=["adapters"])
    assert not message.is_serious()  # else neither migrate nor provision would run
    assert (message.id, message.msg, message.hint) == (expected, FAULT.problem, FAULT.advice)
