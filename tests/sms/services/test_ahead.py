"""Rows that are asked for together with the question for what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.base import HttpResponse
from sms.models import Breaker, Message, Provider, ProviderState
from sms.services import clock, dispatch, gates, outbox
from sms.services.ahead import Ahead
from sms.services.brief import brief
from tests.support.waiting import eventually

from .test_dispatch_faults import raising_once


@pytest.fixture
def engine(shop, wire, settings):
    settings.CONFIGURATION_MAX_AGE = 60.0
    engine = dispatch.Engine(2)
    shop.message("the first")
    engine.turn(0.0)
    eventually(lambda: engine._results.qsize() == 1)
    yield engine
    engine.finish()


def texts_until_commit(queries):
    sent = [query["sql"] for query in queries.captured_queries]
    return [place for place, text in enumerate(sent, 1) if "COMMIT" in text]


def test_a_turn_that_settles_and_claims_waits_for_the_database_twice(shop, wire, engine):
    shop.message("the second")
    with CaptureQueriesContext(connection) as queries:
        engine.turn(0.0)
    eventually(lambda: wire.texts() == ["the first", "the second"])
    if connection.vendor == "postgresql":
        assert texts_until_commit(queries)[0] == 2
    assert Message.objects.get(text="the first").status == "submitted"


def test_rows_asked_for_in_vain_are_free_again_after_the_turn(shop, wire, engine):
    """The breaker opened in the meantime: what was locked for its provider goes to the other one."""
    later = clock.now() + timedelta(hours=1)
    ProviderState.objects.filter(provider=shop.first).update(breaker=Breaker.OPEN, probe_at=later)
    shop.message("the second", provider_id=shop.first.pk)
    while engine.turn(0.1) or engine.in_flight:
        pass
    assert wire.texts("second") == ["the second"]
    assert engine._ahead._lanes == [(shop.second.pk, False)]


def test_a_closed_providers_messages_are_left_to_whoever_probes_it(shop, wire, engine):
    later = clock.now() + timedelta(hours=1)
    ProviderState.objects.filter(provider=shop.first).update(breaker=Breaker.OPEN, probe_at=later)
    engine.turn(0.0)
    assert engine._ahead._lanes == []


def test_a_turn_that_ends_in_a_fault_keeps_no_rows_for_the_next(shop, wire, engine, monkeypatch):
    message = shop.message("the second")
    raising_once(monkeypatch, outbox, "claim", ValueError("a fault of ours"))
    while engine.turn(0.1) or engine.in_flight:
        pass
    message.refresh_from_db()
    assert (message.status, wire.texts()) == ("submitted", ["the first", "the second"])


def test_what_is_locked_and_not_taken_can_be_taken_by_another_after_the_commit(shop, wire):
    message = shop.message()
    ahead = Ahead()
    ahead._lanes = [(shop.first.pk, False)]
    with brief(lambda: ask(ahead)):
        assert [due.id for due in ahead.rows(shop.first.pk, is_otp=False, limit=1)] == [message.pk]
        assert ahead.rows(shop.first.pk, is_otp=False, limit=0) == []
    with brief(gates.ask):
        assert [due.id for due in outbox.lock_due(shop.first.pk, is_otp=False, limit=1)()] == [message.pk]


def ask(ahead):
    answer = gates.ask()
    ahead.ask(otp_slots=4, other_slots=4)
    return answer


def test_an_account_with_a_limit_is_not_asked_ahead(shop, wire, settings):
    Provider.objects.update(rate_limit=5)
    shop.message()
    engine = dispatch.Engine(2)
    wire.script("first.example", HttpResponse(200))
    engine.turn(0.0)
    engine.finish()
    assert engine._ahead._lanes == []
