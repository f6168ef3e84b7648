"""Unconfirmed calls: repeated with their reference where the vendor sends each reference once, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from providers.base import Failure, HttpResponse, Misconfigured, Refused, Unavailable, Unconfirmed
from sms.domain import lifecycle
from sms.models import Attempt, ConfigurationStamp, Message, Provider, ProviderState, VendorDescription
from sms.services.database import clock
from sms.services.dispatch import repeats, rescue
from sms.services.staff import message_actions
from tests.sms.services.fakes import OnceVendor, error
from tests.sms.services.reports.calls import call

HOST = "once.example"
SILENCE = error(Unconfirmed, Failure.AMBIGUOUS, "timeout")
HAS_IT = HttpResponse(409)


@pytest.fixture
def once(shop):
    """A provider whose vendor sends each reference once, configured long ago, first on the route."""
    provider = Provider.objects.create(slug="once", vendor="oncevendor", base_url=f"https://{HOST}")
    Provider.objects.update(updated_at=clock.now() - timedelta(days=1))
    shop.set_route(provider, shop.first)
    return provider


def make_due(message):
    Message.objects.filter(pk=message.pk).update(due_at=clock.now())
    return Message.objects.get(pk=message.pk)


def state(message):
    return Message.objects.get(pk=message.pk).status


def references(wire):
    return [each.body.decode().split("|")[0] for each in wire.calls]


def silent(shop, wire, work, **columns):
    """A message whose first call got no answer."""
    message = shop.message(**columns)
    wire.script(HOST, SILENCE)
    work()
    return message


def test_an_unconfirmed_call_is_repeated_with_its_reference(shop, once, wire, work):
    message = silent(shop, wire, work)
    waiting = Message.objects.get(pk=message.pk)
    assert (waiting.status, waiting.provider, waiting.in_doubt) == ("queued", once, True)
    wire.script(HOST, HAS_IT)
    make_due(message)
    work()
    first, second = message.attempts.all()
    assert references(wire) == [str(first.pk)] * 2
    assert (state(message), first.outcome, second.outcome, second.code) == (
        "submitted", "accepted", "accepted", "duplicate",
    )  # fmt: skip


def test_a_repeat_has_the_first_calls_callback_url(shop, once, wire, work, monkeypatch):
    urls = []
    real = OnceVendor.request
    monkeypatch.setattr(OnceVendor, "request", lambda self, sms: urls.append(sms.callback_url) or real(self, sms))
    message = silent(shop, wire, work)
    make_due(message)
    work()
    assert urls[0]
    assert urls[0] == urls[1]


def test_a_first_call_that_never_arrived_stays_unconfirmed(shop, once, wire, work):
    message = silent(shop, wire, work)
    wire.script(HOST, HttpResponse(200, body=b"V-1"))
    make_due(message)
    work()
    first, second = message.attempts.all()
    assert (state(message), first.outcome, second.vendor_message_id) == ("submitted", "unconfirmed", "V-1")


def test_an_answer_that_it_has_the_message_already_is_an_acceptance_anywhere(shop, wire, work, monkeypatch):
    monkeypatch.setattr(OnceVendor, "repeats_are_safe", False)
    provider = Provider.objects.create(slug="once", vendor="oncevendor", base_url=f"https://{HOST}")
    shop.set_route(provider)
    message = shop.message()
    wire.script(HOST, HAS_IT)
    work()
    assert state(message) == "submitted"


@pytest.mark.parametrize("is_otp", [False, True])
def test_no_call_is_repeated_at_a_vendor_that_promises_nothing(shop, wire, work, is_otp):
    message = shop.message(is_otp=is_otp)
    wire.script("first.example", SILENCE)
    work()
    assert (state(message), len(wire.calls)) == ("unconfirmed", 1)


def test_repeats_are_bounded(shop, once, wire, work):
    message = silent(shop, wire, work)
    while state(message) == "queued":
        wire.script(HOST, SILENCE)
        make_due(message)
        work()
    assert (state(message), len(wire.calls)) == ("unconfirmed", 6)
    assert len(set(references(wire))) == 1


def test_a_dead_dispatchers_call_is_repeated(shop, once, wire, work):
    message = shop.message()
    wire.script(
        HOST, lambda request: Message.objects.update(lease_until=clock.now()) and rescue.park_abandoned() and HAS_IT
    )
    work()
    assert state(message) == "queued"
    make_due(message)
    work()
    assert (state(message), len(set(references(wire)))) == ("submitted", 1)


FAILED_REPEATS = [
    # the answer to the repeat, the message's state then, whether the repeat is repeated
    (error(Refused, Failure.RECIPIENT), "unconfirmed", False),
    (error(Refused, Failure.CONTENT), "unconfirmed", False),
    (error(Misconfigured, Failure.CONFIG), "unconfirmed", False),
    (error(Unavailable, Failure.TRANSIENT), "queued", True),
    (error(Misconfigured, Failure.BALANCE), "queued", False),  # while the breaker is open
    (error(Misconfigured, Failure.ACCOUNT), "queued", False),
    (SILENCE, "queued", True),
]


@pytest.mark.parametrize(("answer", "expected", "goes_on"), FAILED_REPEATS)
def test_after_a_failed_repeat_no_other_provider_gets_the_message(shop, once, wire, work, answer, expected, goes_on):
    message = silent(shop, wire, work)
    wire.script(HOST, answer)
    make_due(message)
    work()
    assert state(message) == expected
    for _ in range(3):
        make_due(message)
        work()
    assert wire.texts("first.example") == []
    assert len(set(references(wire))) == 1
    assert (len(wire.calls) > 2) == goes_on


def disabled(provider, message):
    Provider.objects.filter(pk=provider.pk).update(enabled=False)
    ConfigurationStamp.touch()


def paused(provider, message):
    Provider.objects.filter(pk=provider.pk).update(paused=True)
    ConfigurationStamp.touch()


@pytest.mark.parametrize("change", [disabled, paused])
def test_a_repeat_waits_for_its_own_provider(shop, once, wire, work, change):
    message = silent(shop, wire, work)
    change(once, message)
    make_due(message)
    work()
    assert (state(message), len(wire.calls)) == ("queued", 1)


def another_account(provider, message):
    provider.base_url = "https://other.example"
    provider.save()


def an_hour_ago(provider, message):
    earlier = clock.now() - timedelta(hours=1, seconds=1)
    Attempt.objects.update(started_at=earlier)


def the_message_expired(provider, message):
    Message.objects.update(expires_at=clock.now())


@pytest.mark.parametrize("change", [another_account, an_hour_ago, the_message_expired])
def test_a_repeat_that_may_not_be_made_any_more_leaves_the_message_unconfirmed(shop, once, wire, work, change):
    message = silent(shop, wire, work)
    change(once, message)
    make_due(message)
    rescue.expire()
    work()
    assert (state(message), len(wire.calls)) == ("unconfirmed", 1)


def test_an_otp_whose_repeat_is_over_keeps_its_text_for_staff(shop, once, wire, work, monkeypatch):
    monkeypatch.setattr(lifecycle, "BACKOFF_OTP", (300.0,))
    message = silent(shop, wire, work, is_otp=True)
    another_account(once, message)
    make_due(message)
    work()
    assert (state(message), Message.objects.get(pk=message.pk).text) == ("unconfirmed", "Salam")


@pytest.mark.parametrize(("age", "asks"), [(timedelta(minutes=1), False), (timedelta(hours=2), True)])
def test_whether_a_waiting_repeat_is_over_is_read_only_after_the_longest_time(
    shop, once, wire, work, monkeypatch, age, asks
):
    message = silent(shop, wire, work)
    asked = []
    monkeypatch.setattr(repeats, "why_over", lambda *args: asked.append(args) or "")
    Message.objects.update(created_at=clock.now() - age)
    ProviderState.objects.update(breaker="open", probe_at=clock.now() + timedelta(hours=1))
    make_due(message)
    work()
    assert (bool(asked), state(message)) == (asks, "queued")


def test_staff_send_again_with_a_new_reference(shop, once, wire, work):
    message = silent(shop, wire, work)
    message_actions.cancel(message.pk, actor="staff", reason="made up")
    assert state(message) == "unconfirmed"
    message_actions.resend(message.pk, actor="staff", reason="made up")
    work()
    assert len(set(references(wire))) == 2


REPORTS = [("delivered", "delivered"), ("sent", "sent"), ("expired", "undelivered")]


@pytest.mark.parametrize(("word", "expected"), REPORTS)
def test_a_report_of_the_first_call_ends_the_wait_for_its_repeat(shop, once, wire, work, word, expected):
    message = silent(shop, wire, work)
    call(message.attempts.get(), state=word)
    make_due(message)
    work()
    assert (state(message), len(wire.calls)) == (expected, 1)


def test_a_message_that_was_not_sent_goes_to_the_next_provider_instead(shop, once, wire, work):
    message = silent(shop, wire, work)
    call(message.attempts.get(), state="undelivered")
    work()
    second = message.attempts.get(number=2)
    assert (second.provider, second.repeats, Message.objects.get().in_doubt) == (shop.first, None, False)
    assert len(set(references(wire))) == 2


@pytest.mark.parametrize(("word", "expected"), REPORTS)
def test_a_report_by_the_shared_reference_is_about_the_last_call(shop, once, wire, work, word, expected):
    message = silent(shop, wire, work)
    wire.script(HOST, HAS_IT)
    make_due(message)
    work()
    first, second = message.attempts.all()
    call(first, state=word)
    second.refresh_from_db()
    assert (state(message), second.reported) == (expected, word)


def test_after_a_repeat_that_was_not_sent_the_next_provider_gets_the_message(shop, once, wire, work):
    message = silent(shop, wire, work)
    wire.script(HOST, HAS_IT)
    make_due(message)
    work()
    call(message.attempts.first(), state="undelivered")
    work()
    assert (state(message), wire.texts("first.example")) == ("submitted", ["Salam"])
    assert not Message.objects.get().in_doubt


def test_an_otp_whose_route_allows_it_goes_to_the_next_provider_first(shop, once, wire, work):
    shop.route.resend_unconfirmed_otp = True
    shop.route.save()
    message = silent(shop, wire, work, is_otp=True)
    assert (state(message), wire.texts("first.example")) == ("submitted", ["Salam"])


def test_while_a_repeat_is_made_a_report_of_the_first_call_sends_nothing_elsewhere(shop, once, wire, work):
    message = silent(shop, wire, work)

    def reported_meanwhile(request):
        call(message.attempts.first(), state="undelivered")
        return HttpResponse(200, body=b"V-1")  # the vendor had not sent the reference, and takes it now

    wire.script(HOST, reported_meanwhile)
    make_due(message)
    work()
    work()
    assert wire.texts("first.example") == []
    assert state(message) == "undelivered"
    call(message.attempts.last(), state="delivered")
    assert state(message) == "delivered"


@pytest.mark.parametrize(("names_the_last_call", "sent_elsewhere"), [(False, []), (True, ["Salam"])])
def test_after_an_accepted_repeat_only_a_report_of_that_call_sends_the_message_elsewhere(
    shop, once, wire, work, monkeypatch, names_the_last_call, sent_elsewhere
):
    real = OnceVendor.read_reports
    vendor_id = "V-1" if names_the_last_call else ""
    monkeypatch.setattr(
        OnceVendor, "read_reports", lambda *args: [replace(each, vendor_id=vendor_id) for each in real(*args)]
    )
    message = silent(shop, wire, work)
    wire.script(HOST, HttpResponse(200, body=b"V-1"))
    make_due(message)
    work()
    call(message.attempts.first(), state="undelivered")
    work()
    assert wire.texts("first.example") == sent_elsewhere
    assert state(message) == ("submitted" if sent_elsewhere else "undelivered")


def test_no_call_is_repeated_after_its_vendors_description_was_changed(shop, once, wire, work):
    """Another server, or another field for the reference, may not know it."""
    message = silent(shop, wire, work)
    VendorDescription.objects.create(slug="oncevendor", text="another")
    make_due(message)
    work()
    assert (state(message), len(wire.calls)) == ("unconfirmed", 1)
    assert "was changed after the first call" in Message.objects.get(pk=message.pk).detail
