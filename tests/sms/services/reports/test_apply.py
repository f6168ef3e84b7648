"""Delivery reports: stored first, applied by the rules, kept either way."""

from __future__ import annotations

import json
import threading

import pytest
from django.db import connection

from providers.base import Failure, HttpResponse, Unconfirmed
from sms.models import Alert, Attempt, Callback, DeliveryReport, Message, Provider, ProviderState
from sms.services.reports import receive as reports_receive
from tests.sms.services.fakes import TextVendor, error
from tests.sms.services.reports.calls import call, receive, status


def test_a_report_changes_its_message_and_is_stored_with_the_callback(sent):
    call(sent.attempts.get())
    report = DeliveryReport.objects.get()
    assert status(sent) == "sent"
    assert (report.applied, report.message_id) == (True, sent.pk)
    assert b"state=sent" in bytes(Callback.objects.get().body)
    assert ProviderState.objects.get(provider=report.provider).first_report_at


@pytest.mark.parametrize(
    ("method", "query", "content_type", "body"),
    [
        ("GET", "id={id}&state=sent", "", ""),
        ("POST", "", "application/x-www-form-urlencoded", "id={id}&state=sent"),
        ("POST", "", "application/json", '{{"id": "{id}", "state": "sent"}}'),
        ("POST", "", "text/plain", '{{"id": "{id}", "state": "sent"}}'),
        ("POST", "", "", "id={id}&state=sent"),
    ],
)
def test_every_way_to_call_is_understood(sent, method, query, content_type, body):
    attempt = sent.attempts.get()
    values = {"id": str(attempt.pk)}
    receive(
        attempt.provider_id,
        attempt.pk,
        method=method,
        query=query.format(**values).encode(),
        content_type=content_type,
        body=body.format(**values).encode(),
    )
    assert status(sent) == "sent"


def test_an_equal_call_is_stored_once_and_counted(sent):
    for _ in range(3):
        call(sent.attempts.get())
    assert Callback.objects.get().count == 3
    assert DeliveryReport.objects.count() == 1


def test_an_id_of_another_attempt_is_stored_and_not_applied(shop, sent, work):
    other = shop.message("another")
    work()
    call(sent.attempts.get(), id=str(other.attempts.get().pk))
    assert not DeliveryReport.objects.get().applied
    assert DeliveryReport.objects.get().reason
    assert (status(sent), status(other)) == ("submitted", "submitted")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[1, 2]", b"{", b'{"id": 1', b"a" * 5000, b"\0", b"[" * 4000])
def test_an_unreadable_callback_is_stored_and_changes_nothing(sent, body):
    attempt = sent.attempts.get()
    receive(attempt.provider_id, attempt.pk, body=body)
    callback = Callback.objects.get()
    assert bytes(callback.body) == body
    assert callback.read_at
    assert callback.note
    assert status(sent) == "submitted"


def test_a_call_with_more_than_a_hundred_fields_is_stored_and_not_read(sent):
    attempt = sent.attempts.get()
    many = {f"f{n}": n for n in range(101)} | {"id": str(attempt.pk), "state": "sent"}
    receive(attempt.provider_id, attempt.pk, body=json.dumps(many).encode())
    assert status(sent) == "submitted"
    assert "100" in Callback.objects.get().note


def test_a_flood_of_different_calls_is_only_counted(sent, monkeypatch):
    monkeypatch.setattr(reports_receive, "MAX_DIFFERENT_PER_HOUR", 3)
    attempt = sent.attempts.get()
    for n in range(10):
        receive(attempt.provider_id, attempt.pk, body=f"n={n}".encode())
    assert Callback.objects.count() == 3
    assert sum(Callback.objects.values_list("count", flat=True)) == 10


def test_a_report_before_the_answer_is_applied_and_the_answer_is_stored(shop, wire, work):
    message = shop.message()

    def early(request):
        call(Attempt.objects.get(message=message))
        return HttpResponse(200)

    wire.script("first.example", early)
    work()
    assert status(message) == "sent"
    assert message.attempts.get().outcome == "accepted"


def test_a_report_settles_an_unconfirmed_message(shop, wire, work):
    message = shop.message()
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    assert status(message) == "unconfirmed"
    call(message.attempts.get())
    assert status(message) == "sent"


def test_a_message_reported_as_not_sent_goes_to_the_next_provider_once(shop, wire, work, sent):
    call(sent.attempts.get(), state="undelivered")
    work()
    assert wire.texts("second") == ["Salam"]
    assert status(sent) == "submitted"
    assert Message.objects.get(pk=sent.pk).provider == shop.second


def test_with_no_other_provider_a_bad_report_means_undelivered(shop, wire, work):
    shop.set_route(shop.first)
    message = shop.message()
    work()
    call(message.attempts.get(), state="undelivered")
    assert status(message) == "undelivered"


def test_a_late_bad_report_of_the_first_attempt_does_not_change_the_second(shop, wire, work, sent):
    first = sent.attempts.get()
    call(first, state="undelivered")
    work()
    Attempt.objects.filter(pk=first.pk).update(reported="")
    call(first, state="undelivered", again="yes")
    assert status(sent) == "submitted"


@pytest.mark.usefixtures("patient")
def test_a_good_report_of_an_earlier_attempt_drops_the_one_that_waits(shop, wire, work):
    shop.route.resend_unconfirmed_otp = True
    shop.route.save()
    message = shop.message("Kod: 004217", is_otp=True)
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    ProviderState.objects.filter(provider=shop.second).update(breaker="open")
    work()
    assert status(message) == "queued"
    call(message.attempts.get())
    ProviderState.objects.update(breaker="closed")
    work()
    message.refresh_from_db()
    assert (message.status, message.provider) == ("sent", shop.first)
    assert wire.texts("second") == []
    assert message.text is None


def test_a_message_that_an_earlier_providers_carrier_has_goes_to_no_third_provider(shop, wire, work, monkeypatch):
    monkeypatch.setattr(TextVendor, "strongest", "delivered")  # so that “sent” is not the end, which erases the text
    third = Provider.objects.create(slug="third", vendor="textvendor", base_url="https://third.example")
    shop.set_route(shop.first, shop.second, third)
    shop.route.resend_unconfirmed_otp = True
    shop.route.save()
    message = shop.message("Kod: 004217", is_otp=True)
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    first, second = message.attempts.order_by("number")
    call(first, state="sent")
    call(second, state="undelivered")
    work()
    assert (status(message), wire.texts("third")) == ("sent", [])


@pytest.mark.parametrize("was", ["failed", "expired"])
def test_a_report_changes_a_guessed_state_and_raises_an_alert(sent, was):
    Message.objects.filter(pk=sent.pk).update(status=was)
    call(sent.attempts.get())
    assert status(sent) == "sent"
    assert Alert.objects.filter(key=f"report-beats-state:{sent.pk}").exists()


def test_a_report_with_the_vendors_id_waits_until_that_id_is_known(shop, wire, work):
    polled = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(polled)
    message = shop.message()
    receive(polled.pk, None, body=b'{"id": "V-1", "state": "delivered"}')
    assert DeliveryReport.objects.get().is_waiting
    wire.script("polled.example", HttpResponse(200, body=b"V-1"))
    work()
    assert status(message) == "delivered"
    assert not DeliveryReport.objects.get().is_waiting


def test_a_callback_that_our_own_code_fails_on_does_not_block_others(shop, wire, work, monkeypatch):
    bad, good = shop.message(), shop.message()
    work()
    was = TextVendor.read_reports

    def read_reports(self, values):
        return 1 / 0 if values["id"] == str(bad.attempts.get().pk) else was(self, values)

    monkeypatch.setattr(TextVendor, "read_reports", read_reports)
    monkeypatch.setattr(reports_receive, "read_pending", lambda: 0)
    call(bad.attempts.get())
    call(good.attempts.get())
    monkeypatch.undo()
    monkeypatch.setattr(TextVendor, "read_reports", read_reports)
    assert reports_receive.read_pending() == 2
    assert (status(bad), status(good)) == ("submitted", "sent")
    assert "failed" in Callback.objects.order_by("pk").first().note


def test_callbacks_stored_while_no_worker_ran_are_read_later(sent, monkeypatch):
    monkeypatch.setattr(reports_receive, "read_pending", lambda: 0)
    call(sent.attempts.get())
    assert status(sent) == "submitted"
    monkeypatch.undo()
    assert reports_receive.read_pending() == 1
    assert status(sent) == "sent"


def test_concurrent_reports_end_in_the_strongest_state(shop, wire, work):
    polled = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(polled)
    message = shop.message()
    wire.script("polled.example", HttpResponse(200, body=b"V-1"))
    work()

    def write(n):
        try:
            state = "delivered" if n % 2 else "undelivered"
            receive(polled.pk, None, body=json.dumps({"id": "V-1", "state": state, "n": n}).encode())
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert status(message) == "delivered"
    assert DeliveryReport.objects.count() == 8
