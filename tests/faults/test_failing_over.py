"""Failover to the next provider: only if the first certainly did not accept the message, or reports it as not sent."""

from __future__ import annotations

import pytest

from providers.base import MessageState
from sms.models import Message, Route
from sms.services.database import clock
from sms.services.reports.apply import ReportUpdate, apply_reports
from tests.simulators import Vendors

from .support.load import Item, next_marker, smsplus_item
from .support.shop import Shop, outcomes, took


@pytest.fixture
def shop(db: None, vendors: Vendors) -> Shop:
    return Shop(vendors)


def say(message: Message, number: int, state: str) -> None:
    """The vendor of this attempt reports."""
    attempt = message.attempts.get(number=number)
    left = False if state == "undelivered" else None
    apply_reports([ReportUpdate(attempt.provider_id, MessageState(state), attempt=attempt.pk, left=left)])
    message.refresh_from_db()


def never_left_then_taken(shop: Shop) -> tuple[Item, Message]:
    """Accolades accepts the message and reports that it was not sent; then smsplus accepts it."""
    item = smsplus_item("+40712345678")
    message = shop.accept(item)
    shop.work()
    say(message, 1, "undelivered")
    assert message.status == "queued"
    shop.work()
    message.refresh_from_db()
    assert outcomes(message) == [("accolades", "accepted"), ("smsplus", "accepted")]
    return item, message


def test_a_report_that_it_never_left_sends_it_to_the_next_provider_once(shop: Shop):
    item, message = never_left_then_taken(shop)
    shop.work()
    assert message.status == "submitted"
    assert (took(shop.vendor("accolades"), item), took(shop.vendor("smsplus"), item)) == (1, 1)


@pytest.mark.parametrize("words", [["undelivered"], ["undelivered", "undelivered"]])
def test_a_late_failure_report_on_the_first_attempt_does_not_change_the_second(shop: Shop, words: list[str]):
    _, message = never_left_then_taken(shop)
    for word in words:
        say(message, 1, word)
    assert message.status == "submitted"


def test_a_late_success_report_on_the_first_attempt_counts(shop: Shop):
    _, message = never_left_then_taken(shop)
    say(message, 1, "delivered")
    assert message.status == "delivered"


def test_a_report_resolves_an_unconfirmed_message_without_another_attempt(shop: Shop):
    item = smsplus_item("+40712345678")
    message = shop.accept(item)
    shop.vendor("accolades").fault("reset", accepted=True)
    shop.work()
    message.refresh_from_db()
    assert message.status == "unconfirmed"
    say(message, 1, "sent")
    shop.work()
    message.refresh_from_db()
    assert message.status == "sent"
    assert took(shop.vendor("smsplus"), item) == 0


@pytest.mark.parametrize(("allowed", "asked"), [(False, 0), (True, 1)])
def test_a_doubtful_otp_goes_out_once_more_only_where_its_route_says_so(shop: Shop, allowed: bool, asked: int):
    route = Route.objects.get(prefix="+994")
    route.resend_unconfirmed_otp = allowed
    route.save()
    marker = next_marker()
    item = Item(marker, "+994501234567", f"Sizin təsdiq kodunuz: {marker}. Heç kimə verməyin.", is_otp=True)
    message = shop.accept(item)
    for vendor in ("smsplus", "accolades"):
        shop.vendor(vendor).fault("close", accepted=True)
    for _ in range(3):
        shop.work()
        Message.objects.filter(status="queued").update(due_at=clock.now())
    message.refresh_from_db()
    assert message.status == "unconfirmed"
    assert (took(shop.vendor("smsplus"), item), took(shop.vendor("accolades"), item)) == (1, asked)


def test_if_every_provider_is_bad_nothing_changes_but_the_waiting(shop: Shop):
    item = smsplus_item()
    message = shop.accept(item)
    shop.vendor("smsplus").fault("code", code="119", times=0)
    shop.vendor("accolades").setup(password="changed")
    for _ in range(3):
        shop.work()
        shop.make_due(message)
    message.refresh_from_db()
    assert (message.status, outcomes(message)) == (
        "queued",
        [("smsplus", "misconfigured"), ("accolades", "misconfigured")],
    )
    shop.vendor("smsplus").clear_faults()
    top_up(shop)
    shop.make_due(message)
    shop.work()
    message.refresh_from_db()
    assert (message.status, outcomes(message)[-1]) == ("submitted", ("smsplus", "accepted"))


def top_up(shop: Shop) -> None:
    """The time of the next probe has come."""
    state = shop.state("smsplus")
    state.probe_at = clock.now()
    state.save()
