"""Balances: asked for every hour or told with a message, shown, and an alert while one is low."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from providers.answers import by_status
from providers.base import Accepted, HttpRequest, HttpResponse, Money
from providers.registry import SENDERS
from sms.models import Alert, ConfigurationStamp, Provider, ProviderState
from sms.services.database import clock
from sms.services.dispatch import balance, circuit_breaker
from sms.services.monitoring import alert_rules, provider_health
from sms.services.queue import queue_state
from tests.sms.services.fakes import TextVendor

HOST = "prepaid.example"


class PrepaidVendor(TextVendor):
    slug = "prepaidvendor"
    name = "Prepaid vendor"
    tells_balance = True

    def balance_request(self):
        return HttpRequest("GET", f"{self.base_url}/balance")

    def balance_outcome(self, response):
        if response.status != 200:
            raise by_status(response)
        return Money(Decimal(response.body.decode()), "EUR")


class TellingVendor(TextVendor):
    """Says the balance with each message that it accepts."""

    slug = "tellingvendor"
    name = "Telling vendor"

    def outcome(self, response):
        return Accepted(balance=Money(Decimal(response.body.decode())))


@pytest.fixture(autouse=True)
def fresh_looks(monkeypatch):
    monkeypatch.setattr(balance, "_looked", {})
    monkeypatch.setattr(balance, "_stored", {})


@pytest.fixture
def prepaid(shop, monkeypatch):
    """Makes the only provider of the route one of this vendor."""

    def made(vendor, **columns):
        monkeypatch.setitem(SENDERS, vendor.slug, vendor)
        provider = Provider.objects.create(slug="prepaid", vendor=vendor.slug, base_url=f"https://{HOST}", **columns)
        shop.set_route(provider)
        return provider

    return made


def said(wire, work, shop, amount, status=200):
    """The vendor is asked, or tells it, once more."""
    ProviderState.objects.update(balance_asked_at=None)
    balance._looked.clear()
    balance._stored.clear()
    wire.always[HOST] = HttpResponse(status, {}, amount.encode())
    shop.message(f"Salam {amount}")
    work()


def state():
    return ProviderState.objects.get(provider__slug="prepaid")


def is_low():
    return Alert.objects.filter(key="balance:prepaid", closed_at=None).exists()


@pytest.mark.parametrize("vendor", [PrepaidVendor, TellingVendor])
def test_an_alert_is_open_while_the_balance_is_low(shop, prepaid, wire, work, vendor):
    prepaid(vendor, low_balance=50)
    seen = []
    for amount in ("50.01", "49.99", "3", "-1.5", "50", "49"):
        said(wire, work, shop, amount)
        seen.append((state().balance.split()[0], is_low()))
    assert seen == [
        ("50.01", False), ("49.99", True), ("3", True), ("-1.5", True), ("50", False), ("49", True),
    ]  # fmt: skip


@pytest.mark.parametrize("vendor", [PrepaidVendor, TellingVendor])
def test_without_a_threshold_the_balance_is_only_shown(shop, prepaid, wire, work, vendor):
    prepaid(vendor)
    said(wire, work, shop, "0.02")
    [card] = [each for each in provider_health.provider_cards() if each.slug == "prepaid"]
    assert card.balance.startswith("0.02 ")
    assert not is_low()


@pytest.mark.parametrize(("amount", "status"), [("NaN", 200), ("Infinity", 200), ("no number", 200), ("12", 500)])
def test_what_is_no_balance_changes_nothing(shop, prepaid, wire, work, amount, status):
    prepaid(PrepaidVendor, low_balance=50)
    said(wire, work, shop, "60")
    said(wire, work, shop, amount, status)
    assert (state().balance, state().breaker, is_low()) == ("60 EUR", "closed", False)


@pytest.mark.parametrize("amount", [12.5, 12, "12", None])
def test_a_balance_that_is_no_decimal_is_not_stored_and_breaks_nothing(shop, prepaid, wire, work, monkeypatch, amount):
    prepaid(TellingVendor, low_balance=50)
    monkeypatch.setattr(TellingVendor, "outcome", lambda self, response: Accepted(balance=Money(amount)))
    recorded = []
    genuine = circuit_breaker.record_outcome
    monkeypatch.setattr(
        circuit_breaker, "record_outcome", lambda *args, **more: (recorded.append(args), genuine(*args, **more))[1]
    )
    said(wire, work, shop, "")
    assert (state().balance, is_low(), len(recorded)) == ("", False, 1)


def test_the_title_of_the_alert_follows_the_balance(shop, prepaid, wire, work):
    prepaid(PrepaidVendor, low_balance=50)
    for amount in ("49", "3"):
        said(wire, work, shop, amount)
    assert Alert.objects.get(key="balance:prepaid").title == "prepaid has 3 EUR left, less than 50"


@pytest.mark.parametrize("columns", [{"enabled": False}, {"low_balance": None}])
def test_the_alert_closes_where_nobody_asks_any_more(shop, prepaid, wire, work, columns):
    prepaid(PrepaidVendor, low_balance=50)
    said(wire, work, shop, "49")
    alert_rules.evaluate()
    assert is_low()
    Provider.objects.filter(slug="prepaid").update(**columns)
    ConfigurationStamp.touch()
    alert_rules.evaluate()
    assert not is_low()


def test_the_limit_counts_only_accounts_whose_turn_it_is(shop, prepaid):
    prepaid(PrepaidVendor)
    Provider.objects.create(slug="another", vendor=PrepaidVendor.slug, base_url="https://another.example")
    ConfigurationStamp.touch()
    queue = queue_state.read_queue()
    taken = [[job.account.slug for job in balance.take(queue, 1)] for _ in range(3)]
    assert sorted(map(sorted, taken)) == [[], ["another"], ["prepaid"]]


def asked(wire):
    return sum(call.url.endswith("/balance") for call in wire.calls)


def test_it_is_asked_once_an_hour_by_all_dispatchers(shop, prepaid, wire, work):
    prepaid(PrepaidVendor)
    said(wire, work, shop, "60")
    balance._looked.clear()  # another process
    shop.message("Salam 2")
    work()
    assert asked(wire) == 1
    ProviderState.objects.update(balance_asked_at=clock.now() - timedelta(hours=1, seconds=1))
    balance._looked.clear()
    shop.message("Salam 3")
    work()
    assert asked(wire) == 2


@pytest.mark.parametrize("columns", [{"enabled": False}, {"paused": True}])
def test_a_provider_that_is_not_called_is_not_asked(shop, prepaid, wire, work, columns):
    provider = prepaid(PrepaidVendor, **columns)
    shop.set_route(provider, shop.first)
    shop.message()
    work()
    assert asked(wire) == 0
