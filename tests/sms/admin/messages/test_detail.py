"""A message's page: timeline, remedy and actions."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from providers.base import ReportChannel
from sms.models import Message, MessageEvent, MessageOutcome, Provider
from sms.services.database.clock import now
from sms.services.staff import timeline
from tests.sms.admin.conftest import HOSTILE, PHONE, TextVendor
from tests.support.staff import form_in


def page(message) -> str:
    return reverse("admin:sms_message_change", args=(message.pk,))


def press(boss, message, action: str, **values):
    return boss.post(reverse(f"admin:sms_message_{action}", args=(message.pk,)), {"_form_submitted": "on"} | values)


@pytest.mark.parametrize(
    ("reports", "vendor", "status", "said"),
    [
        ((), "plainvendor", "submitted", "Plain Vendor sends no delivery reports and answers no status queries."),
        ((ReportChannel.POLL,), "plainvendor", "submitted", "A delivery report of Plain Vendor updates it."),
        (
            (ReportChannel.CALLBACK_PER_ATTEMPT,),
            "plainvendor",
            "sent",
            "this is the final status that Plain Vendor reports.",
        ),
        ((), "a vendor that is gone", "submitted", "if this vendor sends one."),
    ],
)
def test_what_the_vendor_may_still_report_is_said(cast, monkeypatch, reports, vendor, status, said):
    monkeypatch.setattr(TextVendor, "reports", frozenset(reports))
    message = cast.message(status)
    Provider.objects.filter(pk=message.provider_id).update(vendor=vendor)
    assert said in timeline.timeline_of(Message.objects.get(pk=message.pk)).next


DECISION = {
    "route": 1,
    "prefix": "+994",
    "candidates": [
        {"slug": "templated-az", "code": "template_not_matched", "reason": "None of the templates gives this text."},
        {"slug": "plain-az", "code": "", "reason": "", "template": None},
    ],
}


def test_the_timeline_tells_everything_in_order(boss, cast, django_assert_max_num_queries):
    message = cast.message("unconfirmed", decision=DECISION, request_id="cart-9", code="timeout")
    first = cast.attempt(message, "unavailable", code="connect_timeout", failure="transient", http_status=None)
    second = cast.attempt(
        message, "unconfirmed", code="timeout", failure="ambiguous", vendor_message_id="v-1", http_status=None
    )
    cast.report(first, "sent", applied=False, reason="this attempt was already reported sent")
    MessageEvent.objects.create(message=message, at=second.started_at, kind="failed_over", reason="It never left.")
    boss.get(page(message))  # reads the process's copy of the configuration
    with django_assert_max_num_queries(20):
        answer = boss.get(page(message))
    told = answer.content.decode()
    for words in (
        "Accepted from akinon",
        "cart-9",
        "To be sent as free text",
        "None of the templates gives this text.",
        "eligible",
        "Attempt 1 via plain-az: unavailable",
        "Attempt 2 via plain-az: unconfirmed",
        "reports: sent (not applied)",
        "this attempt was already reported sent",
        "Moved to the next provider",
        "Next step",
        "sent no complete response in time",
        "Responsible party:",
        "resolve the message",
    ):
        assert words in told, words
    places = [told.index(words) for words in ("Accepted from", "To be sent as", "Attempt 1", "Attempt 2")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("used", "the recipient used the message"),
        ("not_received", "the recipient did not receive the message"),
        ("unsubscribed", "The number was not blocked."),
    ],
)
def test_what_the_client_reports_is_shown_and_is_no_status(boss, cast, outcome, said):
    message = cast.message("submitted")
    MessageOutcome.objects.create(message=message, outcome=outcome, at=now())
    html = boss.get(page(message)).content.decode()
    assert f"{message.client.username} reports: the recipient" in html
    assert said in html
    assert timeline.timeline_of(message).next == timeline.timeline_of(cast.message("submitted")).next


def test_a_message_that_is_well_has_no_box(boss, cast):
    assert "Responsible party:" not in boss.get(page(cast.message("delivered"))).content.decode()


def test_text_parameters_and_raw_exchange_are_hidden_until_asked_for_and_that_leaves_a_record(boss, cast):
    message = cast.message(text="Hello Aysel", parameters={"name": "Aysel"})
    cast.attempt(message, raw_request="POST https://plain.example/send", raw_response="HTTP 200")
    hidden = boss.get(page(message)).content.decode()
    assert "Aysel" not in hidden
    assert "POST https://plain.example" not in hidden
    answer = press(boss, message, "reveal", reason="the customer called")
    assert answer["HX-Redirect"] == page(message)
    shown = boss.get(page(message)).content.decode()
    assert "Hello Aysel" in shown
    assert "POST https://plain.example/send" in shown
    assert "curl -i -u akinon" in shown
    event = message.events.get(kind="revealed")
    assert (event.actor, event.reason) == ("boss", "the customer called")


def test_the_text_of_a_one_time_password_is_shown_to_nobody(boss, cast):
    message = cast.message("submitted", is_otp=True, text="Kod 004217", raw_text="Kod 004217")
    cast.attempt(message, raw_request="code=004217")
    press(boss, message, "reveal", reason="curious")
    assert "004217" not in boss.get(page(message)).content.decode()
    assert not message.events.filter(kind="revealed").exists()


def test_an_unconfirmed_message_is_settled_with_a_reason(boss, cast):
    message = cast.message("unconfirmed")
    assert press(boss, message, "settle", went_out="yes").content  # no reason: the dialog asks again
    message.refresh_from_db()
    assert message.status == "unconfirmed"
    press(boss, message, "settle", went_out="yes", reason="the recipient has it")
    message.refresh_from_db()
    assert message.status == "submitted"
    assert message.events.get().actor == "boss"


def test_a_failed_message_is_sent_again_by_the_provider_that_staff_choose(boss, cast):
    message = cast.message("failed")
    press(boss, message, "resend", provider=cast.plain.pk, reason="the vendor mended it")
    message.refresh_from_db()
    assert (message.status, message.pinned_provider_id) == ("queued", cast.plain.pk)


def test_two_dialogs_that_were_opened_at_once_resend_a_message_once(boss, cast):
    """Also a double click, whose second request comes when the first attempt has ended already."""
    message = cast.message("delivered", attempts_made=1)
    dialog = form_in(boss.get(reverse("admin:sms_message_resend", args=(message.pk,))).content.decode())
    press(boss, message, "resend", **dialog | {"reason": "the customer has none"})
    Message.objects.filter(pk=message.pk).update(status="submitted", attempts_made=2)
    answer = press(boss, message, "resend", **dialog | {"reason": "the customer has none"})
    message.refresh_from_db()
    assert message.status == "submitted"
    assert "The message changed at the same moment." in boss.get(answer["HX-Redirect"]).content.decode()
    assert message.events.count() == 1


def test_a_queued_message_is_canceled(boss, cast):
    message = cast.message("queued")
    press(boss, message, "cancel", reason="wrong price")
    message.refresh_from_db()
    assert message.status == "canceled"


def test_what_can_not_be_done_is_said_and_changes_nothing(boss, cast):
    message = cast.message("delivered")
    answer = press(boss, message, "cancel", reason="late")
    assert answer["HX-Redirect"] == page(message)
    assert "only a queued or held one can be canceled" in boss.get(page(message)).content.decode()


@pytest.mark.parametrize(
    ("status", "offered", "not_offered"),
    [
        ("unconfirmed", ["Resolve", "Resend"], ["Cancel message"]),
        ("queued", ["Cancel message"], ["Resolve", "Resend"]),
        ("delivered", ["Resend"], ["Resolve", "Cancel message"]),
    ],
)
def test_only_what_can_be_done_is_offered(status, offered, not_offered, boss, cast):
    told = boss.get(page(cast.message(status))).content.decode()
    for words in offered:
        assert f'hx-get="{"/admin/sms/message/"}' in told
        assert words in told
    for words in not_offered:
        assert words not in told


def test_an_address_that_is_no_message_opens_nothing(boss, cast):
    for nonsense in ("nonsense", "0" * 32):
        assert boss.get(reverse("admin:sms_message_change", args=(nonsense,))).status_code in (302, 404)


def test_hostile_texts_show_harmless_on_the_page(boss, cast):
    message = cast.message("failed", text=HOSTILE, raw_text=HOSTILE, detail=HOSTILE, code=HOSTILE, request_id=HOSTILE)
    attempt = cast.attempt(message, "refused", detail=HOSTILE, raw_response=HOSTILE, raw_request=HOSTILE)
    cast.report(attempt, detail=HOSTILE)
    press(boss, message, "reveal", reason=HOSTILE)
    told = boss.get(page(message)).content.decode()
    assert "<b x-init" not in told
    assert "\u202e" not in told
    assert "&lt;b x-init=alert(1)&gt;\\u202eevil\\u0007" in told


def test_a_click_shows_all_messages_to_the_number_without_naming_it(boss, cast):
    message = cast.message(to=PHONE)
    other = cast.message(to=PHONE)
    cast.message(to="+994559998877")
    address = re.search(r'href="([^"]*same-number-as[^"]*)"', boss.get(page(message)).content.decode())[1]
    assert "501234567" not in address
    found = boss.get(address).context["cl"].result_list
    assert {m.pk for m in found} == {message.pk, other.pk}


def test_the_vendor_can_be_asked_only_where_it_answers(boss, cast):
    message = cast.message("submitted")
    cast.attempt(message, vendor_message_id="v-1")
    press(boss, message, "ask")
    assert "does not support status queries" in boss.get(page(message)).content.decode()
    assert Message.objects.get(pk=message.pk).attempts.get().poll_at is None


def test_an_undecided_new_line_is_said_and_the_text_as_it_came_is_shown(boss, cast):
    said, raw = "may be a new line or part of a word", "Bax and/not 5"
    message = cast.message(text="Bax and\not 5", raw_text=raw, newline_is_undecided=True)
    hidden = boss.get(page(message)).content.decode()
    assert said in hidden
    assert raw not in hidden
    press(boss, message, "reveal", reason="the customer called")
    assert raw in boss.get(page(message)).content.decode()
    decided = cast.message(text="Salam\nSonra", raw_text="Salam/nSonra")
    assert said not in boss.get(page(decided)).content.decode()


# --- the latest result ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "detail", "said"),
    [
        ("undelivered", "27", "Absent subscriber.", "Absent subscriber. Code: 27."),
        ("undelivered", "27", "", "Code: 27."),
        ("undelivered", "", "Absent subscriber.", "Absent subscriber."),
        ("failed", "27", "Never left.", "Never left. Code: 27."),
    ],
)
def test_a_failure_is_explained_by_the_report_and_not_by_the_attempt(status, code, detail, said, boss, cast):
    message = cast.message(status, code=code, detail=detail)
    attempt = cast.attempt(message, "accepted", code="0", detail="Success")
    cast.report(attempt, "undelivered", code=code, detail=detail)
    happened = boss.get(page(message)).context["timeline"].remedy.happened
    assert happened.endswith(said)
    assert "Success" not in happened
    answer = boss.post("/admin/tools/search/", {"term": message.request_id}).content.decode()
    assert "Success" not in answer
    assert (detail or code) in answer


def test_a_failure_without_a_report_is_explained_by_its_last_attempt(boss, cast):
    message = cast.message("failed", code="121")
    cast.attempt(message, "refused", code="121", detail="No credit.", failure="balance")
    box = boss.get(page(message)).context["timeline"].remedy
    assert "No credit. Code: 121." in box.happened
    assert box.remedy.startswith("Top up the account")


# --- a one-time password without a report -----------------------------------------------------------

NOT_RESENT = "one-time passwords are not resent"


@pytest.mark.parametrize(
    ("reports", "strongest", "minutes", "has_box"),
    [
        ((ReportChannel.POLL,), "delivered", 11, True),
        ((ReportChannel.POLL,), "delivered", 9, False),
        ((), "submitted", 11, False),
        ((ReportChannel.POLL,), "submitted", 11, False),
    ],
)
def test_a_one_time_password_that_stays_submitted_says_what_to_do(
    reports, strongest, minutes, has_box, boss, cast, monkeypatch
):
    monkeypatch.setattr(TextVendor, "reports", frozenset(reports))
    monkeypatch.setattr(TextVendor, "strongest", strongest)
    message = cast.message("submitted", is_otp=True, created_at=now() - timedelta(minutes=minutes))
    told = boss.get(page(message)).context["timeline"]
    assert NOT_RESENT in told.next
    assert (told.remedy is not None) is has_box
    assert not has_box or NOT_RESENT in told.remedy.remedy


def test_another_message_that_stays_submitted_says_nothing_of_one_time_passwords(boss, cast):
    told = boss.get(page(cast.message("submitted", created_at=now() - timedelta(hours=1)))).context["timeline"]
    assert NOT_RESENT not in told.next
    assert told.remedy is None
