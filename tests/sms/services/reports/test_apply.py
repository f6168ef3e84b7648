"""Delivery reports: stored first, applied by the rules, kept either way."""

from __future__ import annotations

import json
import threading
from urllib.parse import urlencode

import pytest
from django.db import connection

from providers.base import Failure, HttpResponse, Refused, Report, ReportState, Unconfirmed
from sms.models import Alert, Attempt, Callback, DeliveryReport, Message, Provider, ProviderState
from sms.services.database import clock
from sms.services.maintenance import restore
from sms.services.reports import apply
from sms.services.reports import receive as reports_receive
from sms.services.staff import message_actions
from sms.services.webhooks import tokens
from tests.sms.services.fakes import PolledVendor, TextVendor, error


@pytest.fixture
def sent(shop, wire, work):
    """A message that the first provider took, waiting for its report."""
    message = shop.message()
    work()
    return message


def call(attempt, **fields):
    """A form POST at the attempt's address."""
    values = {"id": str(attempt.pk), "state": "sent"} | fields
    receive(attempt.provider_id, attempt.pk, body=urlencode(values).encode())


def receive(provider_id, attempt_id, **more):
    """Store a call at the provider's or the attempt's address, and read it as a dispatcher would."""
    store(provider_id, attempt_id, **more)
    reports_receive.read_pending()


def store(provider_id, attempt_id, *, body=b"", method="POST", query=b"", content_type=""):
    key = tokens.attempt_token(provider_id, attempt_id) if attempt_id else tokens.provider_token(provider_id)
    reports_receive.store_callback(
        provider_id=provider_id,
        attempt_id=attempt_id,
        address=key,
        method=method,
        query=query,
        content_type=content_type,
        body=body,
        source="192.0.2.1",
    )


def status(message):
    return Message.objects.get(pk=message.pk).status


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


@pytest.fixture
def polled(shop, wire, work):
    """A message that its vendor took and is asked for."""
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(provider)
    message = shop.message()
    wire.script("polled.example", HttpResponse(200, body=b"V-1"))
    work()
    return message


def ask(wire, work, answer):
    """The vendor answers the next question for the state so."""
    Attempt.objects.update(poll_at=clock.now())
    wire.script("polled.example", answer)
    work()


@pytest.mark.parametrize(("word", "ends"), [("delivered", True), ("undelivered", True), ("sent", False)])
def test_polling_ends_with_a_final_state(polled, wire, work, word, ends):
    ask(wire, work, HttpResponse(200, body=word.encode()))
    assert status(polled) == word
    assert (polled.attempts.get().poll_at is None) == ends


def test_polling_goes_on_after_a_state_that_may_change(polled, wire, work, monkeypatch):
    answer = Report(ReportState.UNDELIVERED, may_change=True)
    with monkeypatch.context() as patched:
        patched.setattr(PolledVendor, "poll_outcome", lambda self, response: answer)
        ask(wire, work, HttpResponse(200))
    assert (status(polled), polled.attempts.get().poll_at is None) == ("undelivered", False)
    ask(wire, work, HttpResponse(200, body=b"delivered"))
    assert (status(polled), polled.attempts.get().poll_at) == ("delivered", None)


@pytest.mark.parametrize("word", ["delivered", "undelivered"])
def test_a_final_report_ends_polling_though_a_poll_is_in_flight(polled, wire, work, word):
    def reported_meanwhile(request):
        receive(polled.attempts.get().provider_id, None, body=f"id=V-1&state={word}".encode())
        return HttpResponse(200)

    ask(wire, work, reported_meanwhile)
    assert (status(polled), polled.attempts.get().poll_at) == (word, None)


def test_a_poll_with_rejected_credentials_opens_the_breaker_and_raises_an_alert(polled, wire, work):
    ask(wire, work, HttpResponse(401))
    state = ProviderState.objects.get(provider__slug="polled")
    assert (state.breaker, state.breaker_failure, state.breaker_code) == ("open", "account", "http-401")
    assert Alert.objects.filter(key="breaker:polled", closed_at=None).exists()
    assert polled.attempts.get().poll_at is not None
    calls = len(wire.calls)
    Attempt.objects.update(poll_at=clock.now())
    work()
    assert len(wire.calls) == calls  # nothing is asked until staff act


@pytest.mark.parametrize(
    "answer", [HttpResponse(500), HttpResponse(404), HttpResponse(429), HttpResponse(200, body=b"")]
)
def test_other_bad_answers_to_a_poll_do_not_open_the_breaker(polled, wire, work, answer):
    for _ in range(6):
        ask(wire, work, answer)
    state = ProviderState.objects.get(provider__slug="polled")
    assert (state.breaker, state.bad_calls) == ("closed", 0)
    assert status(polled) == "submitted"


def test_a_bad_report_moves_the_message_to_the_next_provider_only_if_it_was_not_sent(shop, wire, work, monkeypatch):
    monkeypatch.setattr(
        TextVendor, "read_reports", lambda self, values: [Report(ReportState.UNDELIVERED, reference=values["id"])]
    )
    shop.set_route(shop.first, shop.second)
    message = shop.message()
    work()
    call(message.attempts.get(), state="undelivered")
    assert status(message) == "undelivered"


def test_a_poll_changes_the_message_and_polling_stops_when_delivered(polled, wire, work):
    message = polled
    attempt = message.attempts.get()
    assert 29 <= (attempt.poll_at - attempt.finished_at).total_seconds() <= 31
    Attempt.objects.update(poll_at=clock.now())
    wire.script("polled.example", HttpResponse(200))
    work()
    assert 100 <= (message.attempts.get().poll_at - clock.now()).total_seconds() <= 121
    Attempt.objects.update(poll_at=clock.now())
    wire.script("polled.example", HttpResponse(200, body=b"delivered"))
    work()
    assert status(message) == "delivered"
    assert message.attempts.get().poll_at is None


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


# --- a process that dies half-way -----------------------------------------------------------------


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
