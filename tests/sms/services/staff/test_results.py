"""What the page and the search say of the last result: never the opposite of what happened."""

from __future__ import annotations

import pytest

from providers.base import Failure, HttpResponse
from sms.domain.status_descriptions import CODE
from sms.models import Attempt, Dispatcher, Message
from sms.services.database import clock
from sms.services.staff.answer_facts import answer_message
from sms.services.staff.timeline import timeline_of
from tests.sms.services.fakes import PolledVendor, TextVendor


@pytest.fixture(autouse=True)
def _dispatcher(db):
    """Without one, the sentence about a queued message is that nothing is sent."""
    now = clock.now()
    Dispatcher.objects.create(id=clock.new_id(), host="w", pid=1, slots=1, started_at=now, seen_at=now)


def sentence(message):
    message.refresh_from_db()
    return answer_message(message, str, with_near=False).sentence


def box(message):
    message.refresh_from_db()
    return timeline_of(message).remedy.happened


def attempted(shop, status, *, code, outcome, failure="", http_status=None, detail="", **columns):
    message = shop.message(status=status, attempts_made=1, **{"code": code} | columns)
    key = clock.new_id()
    facts = {"code": code, "outcome": outcome, "failure": failure, "http_status": http_status, "detail": detail}
    now = clock.now()
    Attempt.objects.create(
        id=key,
        message=message,
        number=1,
        provider=shop.first,
        lease_token=key,
        started_at=now,
        finished_at=now,
        **facts,
    )
    return message


def test_a_fault_during_the_call_is_not_said_to_have_sent_nothing(shop, wire, work):
    wire.script("first.example", HttpResponse(200, {}, b"unreadable for our own code"))
    message = shop.message()
    work()
    assert "may have gone out" in box(message)
    assert "may have gone out" in sentence(message)
    assert "was not sent" not in box(message) + sentence(message)


def test_a_call_that_was_not_begun_is_not_said_to_have_perhaps_sent_it(shop):
    detail = "The call was not begun in time; nothing was sent."
    message = attempted(shop, "queued", code="lease_over", outcome="unavailable", detail=detail)
    Message.objects.update(code="")
    assert "nothing was sent" in sentence(message)
    assert "may have been sent" not in sentence(message)


@pytest.mark.parametrize("code", ["expired", "timeout", "refused", "canceled", "internal_fault"])
def test_a_code_of_a_report_is_the_vendors_even_if_it_reads_like_one_of_ours(shop, code):
    message = attempted(shop, "undelivered", code="ok", outcome="accepted", http_status=200)
    Message.objects.update(code=code, detail="Absent subscriber.")
    for told in (box(message), sentence(message)):
        assert CODE[code].happened.rstrip(".") not in told
        assert "Absent subscriber" in told


@pytest.mark.parametrize("code", ["expired", "timeout", "refused"])
def test_a_code_of_an_answer_is_the_vendors_even_if_it_reads_like_one_of_ours(shop, code):
    facts = {"outcome": "refused", "failure": "recipient", "http_status": 200, "detail": "The number is wrong."}
    message = attempted(shop, "failed", code=code, **facts)
    for told in (box(message), sentence(message)):
        assert CODE[code].happened.rstrip(".") not in told
        assert "The number is wrong" in told


def test_a_code_has_the_meaning_of_the_vendor_that_gave_it(shop, monkeypatch):
    """Not that of the provider where the message waits."""
    monkeypatch.setattr(TextVendor, "codes", {"7": (Failure.TRANSIENT, "Busy.")})
    monkeypatch.setattr(PolledVendor, "codes", {"7": (Failure.TRANSIENT, "The number is wrong.")})
    shop.second.vendor = "polledvendor"
    shop.second.save()
    message = attempted(shop, "queued", code="7", outcome="unavailable", failure="transient", http_status=503)
    Message.objects.update(provider=shop.second)
    assert "(Busy)" in sentence(message)


def test_an_answer_that_contradicts_itself_is_not_said_to_be_a_refusal(shop, monkeypatch):
    monkeypatch.setattr(TextVendor, "codes", {"7": (Failure.RECIPIENT, "The number is wrong.")})
    facts = {"outcome": "unconfirmed", "failure": "ambiguous", "http_status": 200, "detail": "It contradicts itself."}
    message = attempted(shop, "unconfirmed", code="7", **facts)
    assert "(It contradicts itself)" in sentence(message)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"code": "lease_over", "outcome": "unavailable"}, "nothing was sent"),
        ({"code": "lease_over", "outcome": "unconfirmed", "failure": "ambiguous"}, "may have been sent"),
        ({"code": "internal_fault", "outcome": "unconfirmed", "failure": "ambiguous"}, "may have"),
        ({"code": "internal_fault", "outcome": "unavailable"}, "was not sent"),
        ({"code": "timeout", "outcome": "refused", "failure": "content", "http_status": 200}, "can't send this text"),
        ({"code": "settled", "outcome": "accepted", "http_status": 200}, "accepted"),
    ],
    ids=lambda each: f"{each['code']}-{each['outcome']}" if isinstance(each, dict) else "",
)
def test_an_attempt_whose_details_were_erased_says_what_happened(shop, facts, says):
    """As after its number was forgotten. A code with a status of HTTP is the vendor's."""
    attempted(shop, "failed", **facts)
    (entry,) = (each for each in timeline_of(Message.objects.get()).entries if each.kind == "attempt")
    assert says in entry.says
