"""The health page: its cards and its actions."""

from __future__ import annotations

import pytest

from providers.base import HttpRequest, ReportChannel
from providers.http import Client as VendorClient
from sms.models import Provider
from sms.services.database.clock import now
from sms.services.monitoring import provider_health
from tests.sms.admin.conftest import TextVendor

CARDS = "/admin/tools/providers/"


def card(slug: str) -> provider_health.Card:
    return next(card for card in provider_health.provider_cards() if card.slug == slug)


def test_a_card_shows_share_taken_speed_load_and_the_last_error(boss, cast):
    for outcome in ("accepted", "accepted", "accepted", "refused"):
        cast.attempt(cast.message(), outcome)
    cast.message("queued")
    cast.message("sending")
    state = cast.plain.state
    state.last_error_at, state.last_error_code, state.last_error_detail = now(), "http-503", "No room."
    state.save()
    shown = card("plain-az")
    assert (shown.rate, shown.calls, shown.p95, shown.in_flight, shown.load.waiting) == (75.0, 4, 230, 1, 1)
    assert "http-503: No room." in shown.last_error
    page = boss.get(CARDS).content.decode()
    assert "75.0 %" in page
    assert "230 ms" in page


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "healthy"),
        ({"bad_calls": 2}, "degraded"),
        ({"breaker": "open", "breaker_failure": "account"}, "suspended (circuit open)"),
    ],
)
def test_the_state_follows_the_breaker(changes, expected, cast):
    for name, value in changes.items():
        setattr(cast.plain.state, name, value)
    cast.plain.state.save()
    assert card("plain-az").health == expected


def test_a_breaker_without_a_probe_says_that_staff_must_act(cast):
    cast.plain.state.breaker, cast.plain.state.breaker_failure = "open", "account"
    cast.plain.state.save()
    assert "until staff act" in card("plain-az").says


def test_a_provider_is_paused_and_resumed_with_a_reason(boss, cast):
    assert boss.get(f"{CARDS}{cast.plain.pk}/pause/").status_code == 405
    boss.post(f"{CARDS}{cast.plain.pk}/pause/")
    assert not Provider.objects.get(pk=cast.plain.pk).paused
    boss.post(f"{CARDS}{cast.plain.pk}/pause/", {"reason": "the vendor asked us to"})
    assert Provider.objects.get(pk=cast.plain.pk).paused
    boss.post(f"{CARDS}{cast.plain.pk}/resume/", {"reason": "it is well again"})
    assert not Provider.objects.get(pk=cast.plain.pk).paused


def test_the_connection_is_tested_and_the_vendors_words_are_shown(boss, cast, monkeypatch):
    asked = []
    kind = cast.plain.adapter_class
    ping = HttpRequest("GET", "https://vendor.example/ping")
    monkeypatch.setattr(kind, "test_request", lambda self: ping, raising=False)
    monkeypatch.setattr(kind, "test_outcome", lambda self, response: "pong, balance 12", raising=False)
    monkeypatch.setattr(VendorClient, "send", lambda self, request, timeout: asked.append(request))
    page = boss.post(f"{CARDS}{cast.plain.pk}/test/", follow=True).content.decode()
    assert asked == [ping]
    assert "pong, balance 12" in page
    assert Provider.objects.get(pk=cast.plain.pk).state.last_test_accepted is True


def test_a_vendor_without_a_ping_says_so(boss, cast):
    page = boss.post(f"{CARDS}{cast.templated.pk}/test/", follow=True).content.decode()
    assert "has no harmless call" in page


@pytest.mark.parametrize(
    ("reports", "shown"),
    [
        ((), "none: this vendor sends no delivery reports and answers no status queries"),
        ((ReportChannel.CALLBACK_PER_ATTEMPT,), "callback, to a URL that is sent with each message"),
        (
            (ReportChannel.POLL, ReportChannel.CALLBACK_REGISTERED),
            "callback, to a URL that is registered at the vendor; poll: the vendor is asked for the status",
        ),
    ],
)
def test_how_delivery_reports_come_is_shown(boss, cast, monkeypatch, reports, shown):
    monkeypatch.setattr(TextVendor, "reports", frozenset(reports))
    pages = (CARDS, f"/admin/sms/provider/{cast.plain.pk}/change/")
    assert [shown in boss.get(page).content.decode() for page in pages] == [True, True]
