"""Sending: what leaves, what is written down, what follows."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from providers.base import Failure, HttpResponse, Misconfigured, Refused, Unavailable, Unconfirmed
from providers.http import TooLate
from sms.models import Alert, Attempt, ConfigurationStamp, Message, MessageEvent, Provider, ProviderState
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import rescue, settle
from sms.services.queue import outbox
from sms.services.worker import engine as worker_engine
from sms.services.worker.periodic import WorkerState
from tests.sms.services.fakes import error
from tests.support.waiting import eventually

REFUSED_CONNECTION = error(Unavailable, Failure.TRANSIENT, "connection_refused")
SILENCE = error(Unconfirmed, Failure.AMBIGUOUS, "timeout")
NO_MONEY = error(Misconfigured, Failure.BALANCE, "119")
WRONG_PASSWORD = error(Misconfigured, Failure.ACCOUNT, "101")
WRONG_TEMPLATE = error(Misconfigured, Failure.CONFIG, "111")
BAD_NUMBER = error(Refused, Failure.RECIPIENT, "121")


def make_due(message):
    Message.objects.filter(pk=message.pk).update(due_at=clock.now())


def test_a_queued_message_is_sent_once_and_submitted(shop, wire, work):
    message = shop.message("Salam, Aysel")
    assert work()
    assert not work()
    message.refresh_from_db()
    attempt = message.attempts.get()
    assert wire.texts() == ["Salam, Aysel"]
    assert (message.status, message.provider, message.attempts_made) == ("submitted", shop.first, 1)
    assert (attempt.outcome, attempt.code, attempt.http_status) == ("accepted", "ok", 200)
    assert attempt.finished_at >= attempt.started_at
    assert message.lease_token is None


def test_the_attempt_is_committed_before_the_first_byte(shop, wire, work):
    message = shop.message()
    seen = []

    def look(request):
        seen.append(Attempt.objects.get(message=message).outcome)
        seen.append(Message.objects.get(pk=message.pk).status)
        return HttpResponse(200)

    wire.script("first.example", look)
    work()
    assert seen == [None, "sending"]


def test_the_vendors_id_and_answer_are_stored(shop, wire, work):
    shop.message()
    wire.script("first.example", HttpResponse(200, body=b"vendor-77"))
    work()
    assert Attempt.objects.get().vendor_message_id == "vendor-77"


FOLLOWS = [
    # what the first provider does, then: state, who was asked, attempts' outcomes
    ("refused connection: it waits", [REFUSED_CONNECTION], "queued", ["first"], ["unavailable"]),
    ("silence: nobody else is asked", [SILENCE], "unconfirmed", ["first"], ["unconfirmed"]),
    ("no money: the next one", [NO_MONEY], "submitted", ["first", "second"], ["misconfigured", "accepted"]),
    ("wrong password: the next one", [WRONG_PASSWORD], "submitted", ["first", "second"], ["misconfigured", "accepted"]),
    ("wrong template: the next one", [WRONG_TEMPLATE], "submitted", ["first", "second"], ["misconfigured", "accepted"]),
    ("bad number: the next one", [BAD_NUMBER], "submitted", ["first", "second"], ["refused", "accepted"]),
    ("HTTP 500: nobody else is asked", [HttpResponse(500)], "unconfirmed", ["first"], ["unconfirmed"]),
]


@pytest.mark.parametrize(
    ("answers", "status", "asked", "outcomes"), [row[1:] for row in FOLLOWS], ids=[row[0] for row in FOLLOWS]
)
def test_what_follows_a_failure(shop, wire, work, answers, status, asked, outcomes):
    message = shop.message()
    wire.script("first.example", *answers)
    work()
    message.refresh_from_db()
    assert message.status == status
    assert [call.url.split("/")[2].split(".")[0] for call in wire.calls] == asked
    assert list(message.attempts.values_list("outcome", flat=True)) == outcomes


def test_a_message_that_every_provider_rejects_fails(shop, wire, work):
    message = shop.message()
    wire.script("first.example", BAD_NUMBER)
    wire.script("second.example", BAD_NUMBER)
    work()
    message.refresh_from_db()
    assert (message.status, message.code) == ("failed", "121")


def test_an_unavailable_provider_is_tried_twice_before_the_next(shop, wire, work):
    message = shop.message()
    wire.script("first.example", REFUSED_CONNECTION, REFUSED_CONNECTION)
    work()
    make_due(message)
    work()
    message.refresh_from_db()
    assert message.status == "submitted"
    assert wire.texts("first") == ["Salam"] * 2
    assert wire.texts("second") == ["Salam"]


def test_an_otp_goes_to_the_next_provider_at_once_and_is_erased_when_final(shop, wire, work):
    message = shop.message("Kod: 004217", is_otp=True)
    wire.script("first.example", REFUSED_CONNECTION, BAD_NUMBER)
    wire.script("second.example", BAD_NUMBER)
    work()
    make_due(message)
    work()
    message.refresh_from_db()
    assert wire.texts("second") == ["Kod: 004217"]
    assert message.status == "failed"
    assert (message.text, message.raw_text, message.parameters) == (None, None, None)
    assert not message.attempts.exclude(raw_request=None).exists()


def test_raw_exchanges_of_an_otp_never_show_its_text(shop, wire, work):
    shop.message("Kod: 004217", is_otp=True)
    wire.script("first.example", SILENCE)
    work()
    assert "004217" not in Attempt.objects.get().raw_request


def test_an_unconfirmed_otp_is_sent_again_only_if_its_route_allows_it(shop, wire, work):
    shop.route.resend_unconfirmed_otp = True
    shop.route.save()
    message = shop.message("Kod: 004217", is_otp=True)
    wire.script("first.example", SILENCE)
    wire.script("second.example", SILENCE)
    work()
    message.refresh_from_db()
    assert message.status == "unconfirmed"
    assert len(wire.calls) == 2


def test_a_message_whose_time_to_live_has_ended_expires_and_is_not_sent(shop, wire, work):
    message = shop.message(is_otp=True, ttl=-1)
    work()
    message.refresh_from_db()
    assert message.status == "expired"
    assert message.text is None
    assert wire.calls == []


def test_a_message_in_doubt_becomes_unconfirmed_when_its_time_to_live_ends(shop, wire, work):
    message = shop.message(ttl=-1, in_doubt=True)
    work()
    message.refresh_from_db()
    assert message.status == "unconfirmed"


def test_a_message_whose_lease_ended_is_unconfirmed_and_never_queued_again(shop, wire, work):
    message = shop.message()
    claim(message, lease_seconds=-1)
    assert rescue.park_abandoned() == 1
    work()
    message.refresh_from_db()
    assert message.status == "unconfirmed"
    assert message.attempts.get().code == "lease_over"
    assert wire.calls == []


def claim(message, lease_seconds=30):
    """Claim a message as a dispatcher that then dies would."""
    attempt = clock.new_id()
    claimed, _ = outbox.claim(message.provider_id, is_otp=message.is_otp, attempts=[attempt], lease=lease_seconds)
    assert [(each.message.id, each.attempt) for each in claimed] == [(message.pk, attempt)]
    return attempt


@pytest.fixture
def late(shop, wire):
    """A message whose lease is over when its vendor answers."""
    message = shop.message()

    def answer(request):
        Message.objects.filter(pk=message.pk).update(lease_until=clock.now() - timedelta(seconds=1))
        rescue.park_abandoned()
        return HttpResponse(200, body=b"vendor-1")

    wire.script("first.example", answer)
    return message


def test_an_answer_after_the_lease_changes_no_state_and_is_shown(late):
    message, engine = late, worker_engine.Engine(2)
    engine.turn(0.0)
    engine.finish()
    message.refresh_from_db()
    assert message.status == "unconfirmed"
    event = MessageEvent.objects.get(kind="late_answer")
    assert event.detail["outcome"] == "accepted"


def test_a_late_answer_is_stored_by_the_commit_that_settles_it(late, monkeypatch):
    """Whatever becomes of the dispatcher right afterwards."""
    monkeypatch.setattr(outbox, "lease_seconds", lambda timeout: 0.0)
    engine = worker_engine.Engine(2)
    engine.turn(0.0)
    eventually(lambda: engine._results.qsize() == 1)

    def die(*words, **more):
        raise SystemExit

    with monkeypatch.context() as dies:
        dies.setattr(settle, "_note_late", die)
        with pytest.raises(SystemExit):
            engine.turn(0.0)
    assert Attempt.objects.get().outcome == "unconfirmed"
    engine.finish()
    assert MessageEvent.objects.get(kind="late_answer").detail["attempt"] == str(late.attempts.get().id)


def test_a_message_whose_call_could_not_begin_in_time_is_queued_again(shop, wire, work):
    message = shop.message()
    wire.script("first.example", TooLate())
    work()
    message.refresh_from_db()
    assert message.status == "submitted"
    assert [a.code for a in message.attempts.order_by("number")] == ["lease_over", "ok"]


def test_a_message_that_our_own_code_fails_on_is_failed_after_the_third_time(shop, wire, work):
    poison, good = shop.message("POISON"), shop.message("Salam")
    for _ in range(4):
        work()
        make_due(poison) if Message.objects.get(pk=poison.pk).status == "queued" else None
    poison.refresh_from_db()
    good.refresh_from_db()
    assert (poison.status, poison.crashes, good.status) == ("failed", 3, "submitted")
    assert "this text can't be handled" in poison.detail
    assert wire.texts() == ["Salam"]


def test_our_own_error_after_the_first_byte_is_ambiguous(shop, wire, work):
    message = shop.message()
    wire.script("first.example", HttpResponse(200, body=b"unreadable for our own code"))
    work()
    message.refresh_from_db()
    assert (message.status, message.code) == ("unconfirmed", "internal_fault")
    assert "a fault of the adapter" in message.attempts.get().detail


# --- breaker, pause, limits --------------------------------------------------------------------


def test_an_account_fault_opens_the_breaker_and_alerts_once(shop, wire, work):
    shop.set_route(shop.first)
    message = shop.message()
    wire.script("first.example", WRONG_PASSWORD)
    work()
    message.refresh_from_db()
    state = ProviderState.objects.get(provider=shop.first)
    assert message.status == "queued"
    assert (state.breaker, state.breaker_code) == ("open", "101")
    assert Alert.objects.filter(key="breaker:first", closed_at=None).count() == 1
    make_due(message)
    work()
    message.refresh_from_db()
    assert len(wire.calls) == 1
    assert "first" in message.waiting_for


def test_a_successful_probe_closes_the_breaker_and_makes_waiting_messages_due(shop, wire, work):
    shop.set_route(shop.first)
    messages = [shop.message(f"Salam {n}") for n in range(3)]
    wire.script("first.example", NO_MONEY, NO_MONEY, NO_MONEY)
    work()
    calls = len(wire.calls)
    ProviderState.objects.update(probe_at=clock.now())
    Message.objects.filter(status="queued").update(due_at=clock.now())
    while work():
        pass
    assert len(wire.calls) > calls
    assert not Alert.objects.filter(closed_at=None).exists()
    assert set(Message.objects.filter(pk__in=[m.pk for m in messages]).values_list("status", flat=True)) == {
        "submitted"
    }


def test_waiting_messages_go_to_the_next_provider_when_the_breaker_opens(shop, wire, work):
    ProviderState.objects.filter(provider=shop.first).update(breaker="open")
    message = shop.message()
    work()
    message.refresh_from_db()
    assert (message.status, message.provider) == ("submitted", shop.second)
    assert wire.texts("first") == []


@pytest.mark.parametrize("switch", [{"paused": True}, {"enabled": False}])
def test_a_provider_that_is_disabled_or_paused_is_skipped(shop, wire, work, switch):
    message = shop.message()
    for name, value in switch.items():
        setattr(shop.first, name, value)
    shop.first.save()
    work()
    message.refresh_from_db()
    assert (message.status, message.provider) == ("submitted", shop.second)


def test_without_another_provider_a_message_waits_for_its_paused_one(shop, wire, work):
    shop.set_route(shop.first)
    message = shop.message()
    shop.first.paused = True
    shop.first.save()
    work()
    message.refresh_from_db()
    assert message.status == "queued"
    assert message.waiting_for
    assert wire.calls == []


def test_no_message_is_rescheduled_by_an_old_configuration(shop, wire, work, settings):
    """Another process knows already that the provider may carry it; this one's copy is a moment older."""
    message = shop.message()
    Provider.objects.update(enabled=False)
    ConfigurationStamp.touch()
    settings.CONFIGURATION_MAX_AGE = 3600.0
    snapshot.reset_cache()
    snapshot.current()
    Provider.objects.update(enabled=True)
    ConfigurationStamp.touch()
    work()
    work()
    message.refresh_from_db()
    assert message.status == "submitted"


def test_no_more_calls_are_in_flight_than_the_provider_allows(shop, wire):
    shop.set_route(shop.first)
    shop.first.max_in_flight = 2
    shop.first.save()
    for n in range(6):
        shop.message(f"Salam {n}", is_otp=n < 3)
    most = []

    def count(request):
        most.append(Message.objects.filter(status="sending").count())
        return HttpResponse(200)

    wire.always["first.example"] = count
    state = WorkerState(slots=8)
    while worker_engine.work(state):
        pass
    assert len(wire.calls) == 6
    assert max(most) <= 2


def test_no_more_calls_begin_than_the_rate_allows(shop, wire):
    shop.set_route(shop.first)
    shop.first.rate_limit = 10
    shop.first.save()
    for n in range(30):
        shop.message(f"Salam {n}")
    begun = time.monotonic()
    engine = worker_engine.Engine(8)
    while time.monotonic() - begun < 0.6:
        engine.turn(0.01)
    passed = time.monotonic() - begun
    engine.finish()
    assert 1 <= len(wire.calls) <= 10 * passed + 2


def test_otps_keep_slots_of_their_own(shop, wire):
    for n in range(20):
        shop.message(f"Salam {n}")
    engine = worker_engine.Engine(8)
    engine.turn(0.0)
    assert engine.in_flight <= 7
    engine.finish()


def test_retry_after_stops_all_calls_to_the_provider(shop, wire, work):
    shop.set_route(shop.first)
    first = shop.message("Salam 1")
    wire.script("first.example", error(Unavailable, Failure.TRANSIENT, "http-429", retry_after=60.0))
    work()
    second = shop.message("Salam 2")
    make_due(first)
    work()
    second.refresh_from_db()
    assert second.status == "queued"
    assert wire.texts() == ["Salam 1"]
