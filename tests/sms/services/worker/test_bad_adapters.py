"""The dispatcher where an adapter breaks its contract: no slot is lost, and nothing is sent twice."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from providers.base import Accepted, HttpRequest, HttpResponse, Session, failed
from providers.registry import SENDERS
from sms.models import Attempt, Message, Provider
from sms.services.database import clock
from sms.services.queue import jobs, sessions
from sms.services.worker.engine import Engine
from tests.sms.services.fakes import PolledVendor, TextVendor
from tests.support.waiting import PATIENCE_SECONDS

CALLS = 70
HOST = "odd.example"


class OddVendor(TextVendor):
    slug = "oddvendor"
    name = "Odd vendor"


def returning(value):
    return lambda self, response: value


def raising(error):
    def outcome(self, response):
        raise error

    return outcome


OUTCOMES = {
    "an id that is a number": returning(Accepted(vendor_id=123)),
    "a code that is a number": returning(Accepted(code=5)),
    "no code": returning(Accepted(code=None)),
    "an explanation that is none": returning(Accepted(detail=5)),
    "ids of parts that are numbers": returning(Accepted(part_ids=(1, 2))),
    "an error with a number as its code": raising(failed("config", 5, "no")),
    "an error without words": raising(failed("config", "5", None)),
    "nothing": returning(None),
    "another type": returning("accepted"),
    "an exit": raising(SystemExit(1)),
}
SESSIONS = {
    "no session": None,
    "another type": {"token": "made-up"},
    "an end without a time zone": Session({"t": "made-up"}, datetime(2030, 1, 1)),
    "a secret that is a number": Session({"t": 5}),
    "no secret": Session(None),
}


@pytest.fixture
def odd(shop, wire, monkeypatch):
    monkeypatch.setitem(SENDERS, OddVendor.slug, OddVendor)
    monkeypatch.setattr(sessions, "_held", {})
    provider = Provider.objects.create(slug="odd", vendor="oddvendor", base_url=f"https://{HOST}")
    shop.set_route(provider)
    return provider


@pytest.fixture
def engine():
    """Not finished after the test: where slots are lost, that would never end."""
    engine = Engine(8)
    yield engine
    engine.close()


def turn_until_done(engine):
    """Turns until no call is in flight. It fails where a call never ends."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while engine._turn_safely(0.05) or engine.in_flight:
        assert time.monotonic() < ends, f"{engine.in_flight} calls never ended"


def send_all(shop, engine):
    """More calls of the odd vendor than the dispatcher has slots, then one of another vendor. Returns the states."""
    odd = [shop.message(f"Salam {number}").pk for number in range(CALLS)]
    turn_until_done(engine)
    shop.set_route(shop.second)
    good = shop.message("good")
    turn_until_done(engine)
    assert Message.objects.get(pk=good.pk).status == "submitted"
    return set(Message.objects.filter(pk__in=odd).values_list("status", flat=True))


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES)
def test_an_answer_of_another_type_leaves_doubt_and_loses_no_slot(shop, wire, engine, odd, monkeypatch, outcome):
    monkeypatch.setattr(OddVendor, "outcome", outcome)
    assert send_all(shop, engine) <= {"unconfirmed", "queued"}  # queued: the breaker is open
    assert set(Attempt.objects.filter(provider=odd).values_list("code", flat=True)) == {"internal_fault"}
    assert len(wire.texts(HOST)) == len(set(wire.texts(HOST)))


def test_what_fails_before_the_call_leaves_no_doubt(shop, wire, engine, monkeypatch):
    monkeypatch.setattr(jobs, "_echo_of", lambda job: 1 / 0)
    message = shop.message("Salam")
    turn_until_done(engine)
    message.refresh_from_db()
    assert (message.status, message.crashes, wire.texts(HOST)) == ("queued", 1, [])


@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)
def test_a_session_of_another_type_sends_nothing_and_loses_no_slot(shop, wire, engine, odd, monkeypatch, session):
    monkeypatch.setattr(OddVendor, "needs_session", True)
    monkeypatch.setattr(OddVendor, "session_request", lambda self: HttpRequest("POST", f"{self.base_url}/login"))
    monkeypatch.setattr(OddVendor, "session_outcome", returning(session))
    assert send_all(shop, engine) == {"queued"}
    assert wire.texts(HOST) == []


@pytest.mark.parametrize("value", [None, "delivered", [None], [Accepted()]])
def test_an_answer_of_another_type_to_a_poll_stops_no_dispatcher(shop, wire, work, monkeypatch, value):
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url=f"https://{HOST}")
    shop.set_route(provider)
    shop.message()
    wire.script(HOST, HttpResponse(200, body=b"V-1"))
    work()
    Attempt.objects.update(poll_at=clock.now())
    monkeypatch.setattr(PolledVendor, "poll_outcome", returning(value))
    work()
    assert Message.objects.get().status == "submitted"
    assert Attempt.objects.get().poll_at > clock.now()
