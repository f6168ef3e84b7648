"""Delivery reports and processes that die half-way, and restored backups."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from providers.base import Failure, HttpResponse, Refused, Unconfirmed
from sms.models import Attempt, DeliveryReport, Provider
from sms.services.database import clock
from sms.services.maintenance import restore
from sms.services.reports import apply
from sms.services.reports import receive as reports_receive
from sms.services.staff import message_actions
from tests.sms.services.fakes import error
from tests.sms.services.reports.calls import call, receive, status, store


def test_a_report_whose_process_died_before_it_was_applied_is_applied_later(sent, monkeypatch):
    def die(words, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(apply, "apply_reports", die)
        with pytest.raises(KeyboardInterrupt):
            call(sent.attempts.get())
    assert status(sent) == "submitted"
    assert reports_receive.read_pending() == 1
    assert status(sent) == "sent"
    assert DeliveryReport.objects.get().applied
    assert reports_receive.read_pending() == 0


def test_an_early_report_is_matched_even_if_the_dispatcher_died_right_after_its_commit(shop, wire, work, monkeypatch):
    shop.set_route(shop.first)
    Provider.objects.filter(pk=shop.first.pk).update(vendor="polledvendor")
    message = shop.message()
    receive(shop.first.pk, None, body=b"id=v-1&state=delivered")
    wire.script("first.example", HttpResponse(200, body=b"v-1"))
    with monkeypatch.context() as dying:
        dying.setattr(apply, "match_waiting", lambda accepted: None)
        work()
    assert status(message) == "submitted"
    for number in range(3):
        receive(shop.first.pk, None, body=f"id=nobody-{number}&state=delivered".encode())
    assert apply.match_missed_reports(limit=3) == 0  # newer ones that name an id that nobody knows
    assert apply.match_missed_reports(limit=4) == 1
    assert status(message) == "delivered"
    assert apply.match_missed_reports() == 0


def test_a_report_as_not_sent_ends_the_doubt(shop, wire, work):
    message = shop.message()
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    wire.script("second.example", error(Refused, Failure.RECIPIENT, "121"))
    work()
    assert status(message) == "unconfirmed"
    call(message.attempts.get(), state="undelivered")
    work()
    assert status(message) == "failed"


def test_a_doubt_that_a_restored_backup_left_is_ended_by_no_report_on_a_later_attempt(shop, wire, work):
    """The attempt that may have gone out is one that the backup lacks."""
    message = shop.message()
    restore.quarantine(before=clock.now(), reason="restored")
    message_actions.resend(message.pk, actor="aysel", reason="the customer called")
    work()
    wire.script("second.example", error(Refused, Failure.RECIPIENT, "121"))
    call(message.attempts.get(), state="undelivered")
    work()
    assert status(message) == "unconfirmed"


def test_no_poll_follows_a_delivered_that_came_while_one_was_under_way(shop, wire, work):
    shop.first.vendor = "polledvendor"
    shop.first.save()
    shop.set_route(shop.first)
    wire.script("first.example", HttpResponse(200, {}, b"v1"))
    message = shop.message()
    work()
    Attempt.objects.update(poll_at=clock.now())

    def reported_meanwhile(request):
        receive(shop.first.pk, None, body=b"id=v1&state=delivered")
        return HttpResponse(200, {}, b"delivered")

    wire.script("first.example", reported_meanwhile)
    work()
    attempt = message.attempts.get()
    assert (attempt.reported, attempt.poll_at) == ("delivered", None)


def test_of_an_otp_that_is_over_before_its_answer_no_exchange_is_kept(shop, wire, work):
    message = shop.message("Code 123456", is_otp=True)

    def reported_first(request):
        call(Attempt.objects.get(message=message))
        return HttpResponse(200, {}, b"thanks")

    wire.script("first.example", reported_first)
    work()
    attempt = message.attempts.get()
    assert (status(message), attempt.raw_request, attempt.raw_response) == ("sent", None, None)


def test_an_unread_report_of_a_restored_backup_moves_no_message_to_the_next_provider(sent, wire, work):
    """It may have done so after the backup was taken: then the next provider has the message."""
    attempt = sent.attempts.get()
    body = urlencode({"id": str(attempt.pk), "state": "undelivered"}).encode()
    store(attempt.provider_id, attempt.pk, body=body)
    restore.quarantine(before=clock.now(), reason="restored")
    work()
    assert status(sent) == "undelivered"
    assert wire.texts() == ["Salam"]


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_report_after_a_restored_backup_moves_no_earlier_message_to_the_next_provider(shop, wire, work, is_taken):
    """The vendor reports again, or is asked again, what the next provider was given after the backup."""
    message = shop.message()
    if not is_taken:
        wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    restore.quarantine(before=clock.now(), reason="restored")
    call(message.attempts.get(), state="undelivered")
    work()
    assert status(message) == "undelivered"
    assert wire.texts() == ["Salam"]


def test_after_staff_resent_a_message_of_a_restored_backup_its_reports_move_it_on(sent, wire, work):
    restore.quarantine(before=clock.now(), reason="restored")
    message_actions.resend(sent.pk, actor="aysel", reason="the customer called")
    work()
    call(sent.attempts.get(number=2), state="undelivered")
    work()
    assert [attempt.provider.slug for attempt in sent.attempts.order_by("number")] == ["first", "first", "second"]
