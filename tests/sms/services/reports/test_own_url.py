"""Reports at the URL of one attempt, by a vendor that names its own id."""

from __future__ import annotations

import json

import pytest

from providers.base import Failure, HttpResponse, Unconfirmed
from sms.models import Attempt, DeliveryReport, Provider
from tests.sms.services.fakes import error
from tests.sms.services.reports.calls import receive, status

HOST = "polled.example"


@pytest.fixture
def provider(shop):
    made = Provider.objects.create(slug="polled", vendor="polledvendor", base_url=f"https://{HOST}")
    shop.set_route(made)
    return made


def report(attempt, vendor_id, state="delivered"):
    receive(attempt.provider_id, attempt.pk, body=json.dumps({"id": vendor_id, "state": state}).encode())


def taken(shop, wire, work, vendor_id, text="Salut"):
    message = shop.message(text)
    wire.script(HOST, HttpResponse(200, body=vendor_id.encode()))
    work()
    return message


def test_a_report_ends_a_doubt_although_the_vendors_id_was_not_known(shop, provider, wire, work):
    message = shop.message()
    wire.script(HOST, error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    assert status(message) == "unconfirmed"
    report(message.attempts.get(), "V-9")
    assert status(message) == "delivered"
    assert message.attempts.get().vendor_message_id == "V-9"


def test_a_report_before_the_answer_is_applied(shop, provider, wire, work):
    message = shop.message()

    def reported_first(request):
        report(Attempt.objects.get(message=message), "V-9")
        return HttpResponse(200, body=b"V-9")

    wire.script(HOST, reported_first)
    work()
    assert status(message) == "delivered"


def test_another_id_than_that_of_the_answer_is_not_applied(shop, provider, wire, work):
    message = taken(shop, wire, work, "V-1")
    report(message.attempts.get(), "V-2")
    assert (status(message), DeliveryReport.objects.get().applied) == ("submitted", False)


def test_the_id_of_another_message_is_not_applied_to_either(shop, provider, wire, work):
    first, second = taken(shop, wire, work, "V-1"), taken(shop, wire, work, "V-2", "Salut din nou")
    report(first.attempts.get(), "V-2")
    assert (status(first), status(second)) == ("submitted", "submitted")


def test_a_report_without_any_id_is_about_the_attempt_of_its_url(shop, provider, wire, work):
    message = shop.message()
    wire.script(HOST, error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    report(message.attempts.get(), "")
    assert status(message) == "delivered"
