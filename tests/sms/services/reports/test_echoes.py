"""What a vendor repeats of a message in ids, late reports and unmatched callbacks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.base import Accepted, HttpResponse, MessageState, Report
from sms.models import AttemptPart, Callback, DeliveryReport, Provider
from sms.services.database import clock
from sms.services.maintenance import personal_data, retention
from sms.services.reports import apply
from tests.sms.services.fakes import PolledVendor
from tests.sms.services.reports.calls import call, receive, status

CODE = "482913"


@pytest.fixture
def polled(shop, wire, work):
    """A message that a vendor took under an id which holds the code, to be reported with that id."""
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(provider)
    message = shop.message(text=f"Kod {CODE}", parameters={"code": CODE})
    wire.script("polled.example", HttpResponse(200, body=f"V-{CODE}".encode()))
    work()
    return message


def test_an_id_that_holds_the_code_is_not_stored_and_its_report_is_applied(polled):
    attempt = polled.attempts.get()
    assert CODE not in attempt.vendor_message_id
    assert attempt.poll_at is None
    receive(attempt.provider_id, None, body=f"id=V-{CODE}&state=delivered".encode())
    assert status(polled) == "delivered"
    assert CODE not in DeliveryReport.objects.get().vendor_message_id


@pytest.fixture
def several_ids(shop, wire, work, monkeypatch):
    """A message each part of which has an id that holds the code."""
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(provider)
    ids = (f"P-{CODE}-1", f"P-{CODE}-2")
    monkeypatch.setattr(PolledVendor, "ids_per_part", True)
    monkeypatch.setattr(PolledVendor, "outcome", lambda self, response: Accepted(ids[0], part_ids=ids))
    message = shop.message(text=f"Kod {CODE}", parameters={"code": CODE})
    work()
    return message


def test_ids_of_parts_that_hold_the_code_are_not_stored_and_their_reports_are_applied(several_ids):
    stored = AttemptPart.objects.values_list("vendor_message_id", flat=True)
    assert [CODE in each for each in stored] == [False, False]
    for number in (2, 1):
        receive(several_ids.provider_id, None, body=f"id=P-{CODE}-{number}&state=delivered".encode())
    assert status(several_ids) == "delivered"
    assert not DeliveryReport.objects.filter(vendor_message_id__contains=CODE).exists()


def test_an_id_that_holds_the_code_and_comes_with_a_report_is_learnt_as_its_digest(shop, wire, work, monkeypatch):
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(provider)
    message = shop.message(text=f"Kod {CODE}", parameters={"code": CODE})
    work()
    attempt, vendor_id = message.attempts.get(), f"V-{CODE}"
    said = [Report(MessageState.SENT, str(attempt.pk), vendor_id, price=f"{CODE} EUR")]  # type: ignore[arg-type]
    monkeypatch.setattr(PolledVendor, "read_reports", lambda self, values: said)
    receive(provider.pk, None, body=b"any=thing")
    stored = DeliveryReport.objects.get()
    assert (stored.attempt_id, stored.price) == (attempt.pk, "[hidden] EUR")
    assert CODE not in stored.vendor_message_id + message.attempts.get().vendor_message_id
    said[:] = [Report(MessageState.DELIVERED, vendor_id=vendor_id)]
    receive(provider.pk, None, body=b"other=thing")
    assert status(message) == "delivered"


def test_a_waiting_report_loses_what_it_repeats_once_its_message_is_known(shop, wire, work, monkeypatch):
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(provider)
    vendor_id = f"V-{CODE}"
    said = Report(MessageState.SENT, "", vendor_id, CODE, f"wolfram {CODE}", price=f"{CODE} EUR")  # type: ignore[arg-type]
    monkeypatch.setattr(PolledVendor, "read_reports", lambda self, values: [said])
    receive(provider.pk, None, body=b"any=thing")
    assert DeliveryReport.objects.get().is_waiting
    message = shop.message(text=f"Kod {CODE}", parameters={"code": CODE})
    wire.script("polled.example", HttpResponse(200, body=vendor_id.encode()))
    work()
    apply.match_missed_reports()
    stored = DeliveryReport.objects.get()
    assert (stored.is_waiting, status(message)) == (False, "sent")
    assert CODE not in stored.vendor_message_id + stored.code + stored.detail + stored.price


def test_a_report_after_the_text_was_erased_keeps_no_words_and_its_callback_no_body(shop, wire, work):
    message = shop.message(text=f"Kod {CODE}", is_otp=True)
    work()
    attempt = message.attempts.get()
    call(attempt, state="sent")
    message.refresh_from_db()
    assert message.text is None
    Callback.objects.update(headers="x-signature: of the body")
    call(attempt, state="undelivered", detail=f"bad text: the word was wolfram {CODE}")
    last = DeliveryReport.objects.latest("pk")
    assert (last.detail, last.reference) == ("[hidden]", str(attempt.pk))
    for callback in Callback.objects.all():
        assert (callback.body, bytes(callback.query), callback.content_type, callback.headers) == (None, b"", "", "")
        assert callback.body_digest.startswith("erased ")


def test_equal_callbacks_are_one_row_until_the_text_is_erased(shop, wire, work):
    message = shop.message(text="Salam")
    work()
    for _ in range(3):
        call(message.attempts.get(), state="sent")
    assert Callback.objects.get().count == 3


def test_a_callback_of_no_message_is_erased_after_a_day(shop):
    receive(shop.first.pk, None, body=f"state=sent&id=unknown&detail=wolfram+{CODE}".encode())
    Callback.objects.update(received_at=clock.now() - timedelta(hours=23))
    DeliveryReport.objects.update(received_at=clock.now() - timedelta(hours=23))
    while retention.erase_due():
        pass
    assert Callback.objects.get().body is not None
    Callback.objects.update(received_at=clock.now() - timedelta(hours=25))
    DeliveryReport.objects.update(received_at=clock.now() - timedelta(hours=25))
    while retention.erase_due():
        pass
    assert Callback.objects.get().body is None
    assert (DeliveryReport.objects.get().detail, DeliveryReport.objects.get().reference) == ("", "")


@pytest.mark.parametrize(
    "body",
    [
        b"to=%39%39%34%35%30%31%32%33%34%35%36%37",
        b'{"to": "\\u002b\\u0039\\u0039\\u0034501234567"}',
        b"&#57;&#57;&#52;501234567",
        "٩٩٤٥٠١٢٣٤٥٦٧".encode(),
        "994501234567".encode("utf-16-be").hex().encode(),
    ],
)
def test_forgetting_a_number_finds_it_in_a_callback_of_no_message(shop, body):
    receive(shop.first.pk, None, body=body)
    personal_data.forget("+994501234567", actor="test", reason="request of the person")
    assert Callback.objects.get().body is None
