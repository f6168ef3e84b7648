"""What a report may say beside its state, and by what its attempt is found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from providers.base import Accepted, Failure, HttpResponse, MessageState, Money, Report, Unconfirmed
from sms.models import Alert, Attempt, AttemptPart, Callback, DeliveryReport, Message, Provider
from sms.services.database import clock
from sms.services.reports import receive as reports_receive
from sms.services.staff import timeline
from tests.sms.services.fakes import PolledVendor, error
from tests.sms.services.reports.calls import receive, status

AT = datetime.fromisoformat("2026-11-28T10:00:00+00:00")


def read(adapter, values):
    """A report from form fields, with the contract's names."""
    if "state" not in values:
        return []
    facts = {name: values[name] for name in ("reference", "vendor_id", "to", "code") if name in values}
    if "part" in values:
        number, count = values["part"].split("/")
        facts["part"] = (int(number), int(count))
    facts |= {name: values[name] == "yes" for name in ("final", "left") if name in values}
    if "failure" in values:
        facts["failure"] = Failure(values["failure"])
    return [Report(MessageState(values["state"]), price=Money(Decimal("0.02"), "EUR"), at=AT, **facts)]


@pytest.fixture
def reporting(shop, wire, monkeypatch):
    """A vendor whose callback URL is registered by hand, first of two on the route."""
    monkeypatch.setattr(PolledVendor, "read_reports", read)
    provider = Provider.objects.create(slug="polled", vendor="polledvendor", base_url="https://polled.example")
    shop.set_route(provider, shop.second)
    return provider


def tell(provider, **fields):
    receive(provider.pk, None, body="&".join(f"{key}={value}" for key, value in fields.items()).encode())
    return DeliveryReport.objects.order_by("-id").first()


@pytest.fixture
def taken(reporting, shop, wire, work):
    """A message that the vendor took without an id."""
    message = shop.message()
    work()
    return message


# --- states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "shown", "ends_as"),
    [
        ("accepted", "unknown", "submitted"),
        ("sent", "sent", "sent"),
        ("delivered", "delivered", "delivered"),
        ("undelivered", "undelivered", "undelivered"),
        ("expired", "undelivered", "undelivered"),
        ("rejected", "undelivered", "undelivered"),
        ("unknown", "unknown", "submitted"),
    ],
)
def test_each_state_has_one_of_the_statuses_of_the_api(taken, reporting, state, shown, ends_as):
    report = tell(reporting, reference=taken.attempts.get().pk, state=state)
    assert (report.status, report.state, status(taken)) == (shown, state, ends_as)
    assert (report.price, report.vendor_at) == ("0.02 EUR", AT)


def test_accepted_settles_a_message_in_doubt(reporting, shop, wire, work):
    message = shop.message()
    wire.script("polled.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    assert status(message) == "unconfirmed"
    tell(reporting, reference=message.attempts.get().pk, state="accepted")
    assert status(message) == "submitted"


@pytest.mark.parametrize("state", ["undelivered", "expired", "rejected"])
@pytest.mark.parametrize("before", ["", "accepted"])
def test_what_surely_never_left_goes_to_the_next_provider(taken, reporting, wire, work, state, before):
    attempt = taken.attempts.get()
    if before:
        tell(reporting, reference=attempt.pk, state=before)
    tell(reporting, reference=attempt.pk, state=state, left="no")
    work()
    assert wire.texts("second") == ["Salam"]


@pytest.mark.parametrize("facts", [{}, {"left": "yes"}])
def test_what_may_have_left_does_not(taken, reporting, wire, work, facts):
    tell(reporting, reference=taken.attempts.get().pk, state="rejected", **facts)
    work()
    assert (status(taken), wire.texts("second")) == ("undelivered", [])


def test_a_vendor_that_sent_it_and_then_says_that_it_never_left_is_not_believed(taken, reporting, wire, work):
    attempt = taken.attempts.get()
    tell(reporting, reference=attempt.pk, state="sent")
    tell(reporting, reference=attempt.pk, state="undelivered", left="no")
    work()
    assert (status(taken), wire.texts("second")) == ("undelivered", [])


def test_an_unknown_state_for_good_ends_the_polling(reporting, shop, wire, work):
    message = shop.message()
    wire.script("polled.example", HttpResponse(200, body=b"V-1"))
    work()
    tell(reporting, vendor_id="V-1", state="unknown")
    assert message.attempts.get().poll_at is not None
    tell(reporting, vendor_id="V-1", state="unknown", final="yes")
    assert (message.attempts.get().poll_at, status(message)) == (None, "submitted")


@pytest.mark.parametrize(
    ("failure", "alerts"),
    [("account", True), ("balance", True), ("config", True), ("recipient", False), ("content", False)],
)
def test_a_late_refusal_of_the_set_up_is_alerted(taken, reporting, failure, alerts):
    report = tell(reporting, reference=taken.attempts.get().pk, state="rejected", failure=failure, code="40001")
    assert report.failure == failure
    assert Alert.objects.filter(key="report-config:polled:40001").exists() == alerts


def test_the_message_page_tells_what_the_vendor_said(taken, reporting):
    tell(reporting, reference=taken.attempts.get().pk, state="expired", left="no", part="1/2", failure="recipient")
    entry = next(each for each in timeline.timeline_of(taken).entries if each.kind == "report")
    assert "expired" in entry.title
    assert dict(entry.facts) == {
        "failure": "recipient",
        "price": "0.02 EUR",
        "part": "1 of 2",
        "on its way": "never",
        "vendor's time": "2026-11-28 10:00:00 UTC",
    }


def test_a_waiting_report_keeps_what_it_said(reporting, shop, wire, work):
    message = shop.message()

    def early(request):
        tell(reporting, vendor_id="V-9", state="expired", left="no", final="yes")
        return HttpResponse(200, body=b"V-9")

    wire.script("polled.example", early)
    work()
    work()
    assert DeliveryReport.objects.get().applied
    assert wire.texts("second") == ["Salam"]
    assert message.attempts.get(number=1).reported == "expired"


# --- by what the attempt is found -----------------------------------------------------------------


def test_our_reference_is_enough_at_a_registered_url_and_the_vendors_id_is_learnt(taken, reporting):
    reference = taken.attempts.get().pk.hex.upper()
    tell(reporting, reference=reference, vendor_id="V-7", state="sent")
    assert (status(taken), taken.attempts.get().vendor_message_id) == ("sent", "V-7")
    tell(reporting, vendor_id="V-7", state="delivered")
    assert status(taken) == "delivered"


def test_an_answer_without_an_id_does_not_erase_the_one_that_was_learnt(reporting, shop, wire, work):
    message = shop.message()

    def early(request):
        tell(reporting, reference=Attempt.objects.get().pk, vendor_id="V-8", state="sent")
        return HttpResponse(200)

    wire.script("polled.example", early)
    work()
    assert message.attempts.get().vendor_message_id == "V-8"


def test_another_providers_reference_is_not_applied(taken, reporting, shop):
    report = tell(shop.second, id=taken.attempts.get().pk, state="sent")
    assert not report.applied
    assert status(taken) == "submitted"


@pytest.mark.parametrize("to", ["+994501234567", "994501234567", "00994501234567"])
def test_the_number_is_enough_where_exactly_one_message_fits(taken, reporting, to):
    assert tell(reporting, to=to.replace("+", "%2B"), state="delivered").applied
    assert status(taken) == "delivered"


def not_by_number_two(shop, work):
    shop.message()
    work()


def not_by_number_old(shop, work):
    Attempt.objects.update(started_at=clock.now() - timedelta(days=1, seconds=1))


def not_by_number_id(shop, work):
    Attempt.objects.update(vendor_message_id="V-1")


def not_by_number_refused(shop, work):
    Attempt.objects.update(outcome="refused")


@pytest.mark.parametrize(
    "change", [not_by_number_two, not_by_number_old, not_by_number_id, not_by_number_refused], ids=lambda f: f.__name__
)
def test_the_number_is_not_enough(taken, reporting, shop, work, change):
    change(shop, work)
    report = tell(reporting, to="994501234567", state="delivered")
    assert (report.applied, status(taken)) == (False, "submitted")
    assert "number" in report.reason


@pytest.mark.parametrize("more", [{"vendor_id": "V-5"}, {"reference": "nonsense"}])
def test_a_report_with_any_id_is_never_found_by_its_number(taken, reporting, more):
    assert not tell(reporting, to="994501234567", state="delivered", **more).applied
    assert status(taken) == "submitted"


@pytest.mark.parametrize("to", ["994501234568", "", "+", "x994501234567", "٩٩٤٥٠١٢٣٤٥٦٧"])
def test_another_number_or_none_finds_nothing(taken, reporting, to):
    assert not tell(reporting, to=to, state="delivered").applied


@pytest.mark.parametrize("facts", [{"reference": "{attempt}"}, {"to": "994501234567"}])
def test_a_report_on_a_known_attempt_is_stored_in_a_flood_of_others(taken, reporting, monkeypatch, facts):
    monkeypatch.setattr(reports_receive, "MAX_DIFFERENT_PER_HOUR", 2)
    for number in range(3):
        tell(reporting, reference=clock.new_id(), state="delivered", n=number)
    assert Callback.objects.count() == 2
    known = {name: value.format(attempt=taken.attempts.get().pk) for name, value in facts.items()}
    tell(reporting, state="delivered", **known)
    assert (Callback.objects.count(), status(taken)) == (3, "delivered")


# --- parts ----------------------------------------------------------------------------------------


def test_a_message_is_delivered_when_all_its_parts_are(taken, reporting):
    reference = taken.attempts.get().pk
    said = [("2/2", "sent"), ("1/2", "delivered"), ("1/2", "delivered"), ("2/2", "sent"), ("2/2", "delivered")]
    ends = ["sent", "sent", "sent", "sent", "delivered"]
    for number, ((part, state), expected) in enumerate(zip(said, ends, strict=True)):
        tell(reporting, reference=reference, part=part, state=state, n=number)
        assert status(taken) == expected
    assert Message.objects.get().attempts.get().poll_at is None


def test_parts_that_are_reported_at_once_are_all_counted(taken, reporting):
    reference, provider, count = taken.attempts.get().pk, reporting, 6

    def write(number: int) -> None:
        try:
            tell(provider, reference=reference, part=f"{number}/{count}", state="delivered")
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(write, range(1, count + 1)))
    assert status(taken) == "delivered"
    assert AttemptPart.objects.filter(reported="delivered", is_final=True).count() == count


def test_it_is_undelivered_when_one_part_finally_is_and_never_goes_elsewhere(taken, reporting, wire, work):
    reference = taken.attempts.get().pk
    tell(reporting, reference=reference, part="1/2", state="rejected", left="no")
    work()
    assert (status(taken), wire.texts("second")) == ("undelivered", [])


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ([(None, "delivered"), ("1/2", "sent")], "delivered"),
        ([("1/2", "undelivered"), ("1/2", "delivered")], "undelivered"),
        ([(None, "undelivered"), ("2/2", "accepted")], "undelivered"),
        ([(None, "sent"), ("2/2", "accepted"), ("1/2", "sent")], "sent"),
    ],
)
def test_a_report_on_a_part_never_moves_the_attempt_backwards(taken, reporting, said, stays):
    for number, (part, state) in enumerate(said):
        tell(reporting, reference=taken.attempts.get().pk, state=state, n=number, **({"part": part} if part else {}))
    assert (status(taken), taken.attempts.get().reported) == (stays, stays)


def test_a_part_that_can_not_be_changes_nothing(taken, reporting):
    for part in ("3/2", "0/2", "1/256", "-1/2"):
        assert not tell(reporting, reference=taken.attempts.get().pk, part=part, state="delivered").applied
    assert status(taken) == "submitted"
    assert not AttemptPart.objects.exists()


def test_part_one_of_one_is_the_whole_message(taken, reporting):
    tell(reporting, reference=taken.attempts.get().pk, part="1/1", state="delivered")
    assert status(taken) == "delivered"


@pytest.fixture
def several_ids(reporting, monkeypatch):
    """Each part has an id of its own."""
    monkeypatch.setattr(PolledVendor, "ids_per_part", True)
    ids = ("P-1", "P-2")
    monkeypatch.setattr(PolledVendor, "outcome", lambda self, response: Accepted("P-1", "ok", part_ids=ids))


def test_one_id_for_all_parts_is_the_messages(several_ids, reporting, shop, work, monkeypatch):
    monkeypatch.setattr(PolledVendor, "outcome", lambda self, response: Accepted("P-1", part_ids=("P-1", "P-1")))
    message = shop.message()
    work()
    tell(reporting, vendor_id="P-1", state="delivered")
    assert status(message) == "delivered"


def test_each_part_is_found_by_its_own_id(several_ids, reporting, shop, work):
    message = shop.message()
    work()
    tell(reporting, vendor_id="P-2", state="delivered")
    assert status(message) == "sent"
    tell(reporting, vendor_id="P-1", state="delivered")
    assert status(message) == "delivered"


def test_a_part_that_is_reported_before_the_answer_waits_for_the_ids(several_ids, reporting, shop, wire, work):
    message = shop.message()

    def early(request):
        reference = Attempt.objects.get().pk
        tell(reporting, vendor_id="P-2", reference=reference, state="delivered")
        assert status(message) == "sending"
        return HttpResponse(200)

    wire.script("polled.example", early)
    work()
    assert status(message) == "sent"
    tell(reporting, vendor_id="P-1", state="delivered")
    assert status(message) == "delivered"


def test_at_such_a_vendor_our_reference_alone_says_nothing_of_the_whole_message(several_ids, reporting, shop, work):
    message = shop.message()
    work()
    assert not tell(reporting, reference=message.attempts.get().pk, state="delivered").applied
    assert status(message) == "submitted"
