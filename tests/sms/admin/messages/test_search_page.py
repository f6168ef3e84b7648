"""The one search: whatever is pasted, what each role may search, the sentence and the one button."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.base import ReportChannel
from sms.models import InboundMessage, Message
from sms.services.database.clock import now
from sms.services.database.uuid_range import min_id
from sms.services.monitoring import status
from sms.services.staff import search
from tests.sms.admin.conftest import HOSTILE, PHONE, RENTED, TemplateVendor

SEARCH = "/admin/tools/search/"


def results(client, term: str) -> list:
    answer = client.post(SEARCH, {"term": term})
    assert answer.status_code == 200
    return answer.context["results"]


def sentences(client, term: str) -> list[str]:
    return [result.sentence for result in results(client, term)]


def body(client, term: str) -> str:
    return client.post(SEARCH, {"term": term}).content.decode()


@pytest.mark.parametrize(
    "spelling",
    [
        "+994501234567",
        "+994 50 123 45 67",
        "+994 (50) 123-45-67",
        "00994501234567",
        "994501234567",
        "tel:+994501234567",
        " \t+994501234567\r\n",
        "'+994501234567",
        "050 123 45 67",
        "0501234567",
        "50 123-45-67",
        "4567",
        "…4567",
        "*34567",
        "34567",
        "٤٥٦٧",
        "1234567",
    ],
)
def test_a_number_is_found_in_any_spelling_and_by_its_end(spelling, boss, cast):
    cast.message("delivered")
    cast.message("delivered", to="+40712345678")
    [sentence] = sentences(boss, spelling)
    assert sentence.startswith(f"Delivered to {PHONE} at ")
    assert sentence.endswith(" by plain-az.")


@pytest.mark.parametrize("number", ["+994501230002", "+994501230000", "+994501200012"])
@pytest.mark.parametrize("digits", [4, 5, 7])
def test_a_number_is_found_by_an_end_that_begins_with_zeros(number, digits, boss, cast):
    cast.message("delivered", to=number)
    cast.message("delivered", to="+40712345678")
    assert len(results(boss, number[-digits:])) == 1


@pytest.mark.parametrize(
    "spell",
    [
        str,
        lambda id: str(id).upper(),
        lambda id: id.hex,
        lambda id: id.hex.upper(),
        lambda id: f"{{{id}}}",
        lambda id: f"urn:uuid:{id}",
        lambda id: f'"{id}",',
        lambda id: f"<{id}>",
        lambda id: str(id).replace("-", " "),
        lambda id: str(id)[:18],
    ],
)
def test_an_id_is_found_in_any_spelling(spell, boss, cast):
    message = cast.message("delivered")
    assert len(results(boss, spell(message.pk))) == 1
    attempt = cast.attempt(cast.message("failed", id=Message.objects.get().pk.__class__(int=7 << 96)))
    assert len(results(boss, str(attempt.pk))) == 1


def test_request_and_vendor_ids_are_found(boss, cast):
    message = cast.message("delivered", request_id="order-48213")
    cast.attempt(message, vendor_message_id="AB12cd")
    for term in ("order-48213", "AB12cd", "  AB12cd\n", "'AB12cd'"):
        assert len(results(boss, term)) == 1, term
    upper = cast.attempt(cast.message("sent"), vendor_message_id="ABCD99")
    assert results(boss, "abcd99")[0].address.endswith(f"{upper.message_id}/change/")


def test_a_piece_of_a_text_is_found_but_never_in_an_otp(boss, cast):
    cast.message("delivered", text="Hello Aysel, it is on its way.")
    cast.message("delivered", text="Hello Aysel, your code is 1234", is_otp=True)
    assert len(results(boss, "hello aysel")) == 1
    assert results(boss, "Hello") == []


def test_a_text_that_was_rejected_names_the_nearest_template(boss, cast):
    cast.refusal()
    [result] = results(boss, "Kod: 004217")
    assert result.sentence.endswith("no approved template; nearest is order-shipped: character 1.")
    assert str(result.button.label) == "Create template"


@pytest.mark.parametrize("term", ["778811", "12 34 56", "2026-11-29", "٧٧٨٨١١", "(050) 123"])
def test_digits_alone_find_no_rejected_text_because_its_digits_are_masked(term, boss, cast):
    cast.refusal(shape="Kod: ######, ## ## ##, ####-##-##, (###) ###")
    assert results(boss, term) == []


def test_a_rejected_request_is_shown_with_its_number_and_request_id(boss, person, cast):
    cast.refusal(request_id="order-48213")
    assert PHONE in body(boss, "order-48213")
    viewer = body(person("Viewer"), "order-48213")
    assert "+994•••••••67" in viewer
    assert PHONE not in viewer


def test_a_term_that_is_too_short_for_a_text_is_said_to_be(boss, person, cast):
    cast.message("delivered", text="Hello Murad, it is on its way.")
    assert "Part of a text must have at least 6 characters." in body(boss, "Murad")
    assert "Part of a text must have" not in body(boss, "Nigar's")
    assert "Part of a text must have" not in body(person("Viewer"), "Murad")


def test_a_received_sms_is_found_by_its_numbers_and_its_id(boss, cast):
    push = cast.received()
    for term in (RENTED, PHONE, str(push.message_id), RENTED[-5:]):
        [result] = [each for each in results(boss, term) if "Received" in each.sentence]
        assert result.sentence.startswith(f"Received from {PHONE} on {RENTED} at ")
        assert str(result.button.label) == "Forward"


@pytest.mark.parametrize("role", ["Viewer", "Template editor"])
@pytest.mark.parametrize("term", [PHONE, "994501234567", "4567", "050 123 45 67", RENTED, "+994501234568", "9999"])
def test_a_role_without_numbers_can_confirm_none(role, term, person, cast):
    cast.message("delivered")
    cast.refusal()
    cast.received()
    answer = person(role).post(SEARCH, {"term": term})
    assert answer.context["results"] == []
    assert "Your role does not allow searching by number" in answer.content.decode()


@pytest.mark.parametrize("role", ["Viewer", "Template editor"])
def test_a_role_without_texts_searches_none_and_sees_masked_numbers(role, person, cast):
    message = cast.message("delivered", text="A secret text that is long")
    client = person(role)
    assert results(client, "secret text") == []
    [sentence] = sentences(client, str(message.pk))
    assert PHONE not in sentence
    assert "67 at" in sentence


def test_a_viewer_gets_no_button_and_an_operator_the_recommended_one(person, cast):
    message = cast.message("failed", code="internal_fault")
    assert results(person("Viewer"), str(message.pk))[0].button is None
    [result] = results(person("Operator"), str(message.pk))
    assert str(result.button.label) == "Resend"
    assert result.button.address.endswith(f"/{message.pk}/resend/")


def test_every_status_has_a_sentence_and_no_result_costs_a_query_each(boss, cast, monkeypatch):
    monkeypatch.setattr(status, "is_dispatcher_alive", lambda: True)
    cast.everything()
    Message.objects.update(to=PHONE)
    found = sentences(boss, PHONE)
    assert len(found) >= search.MOST
    cast.message("delivered", to="+40712345678")
    with CaptureQueriesContext(connection) as one:
        results(boss, "+40712345678")
    with CaptureQueriesContext(connection) as many:
        results(boss, PHONE)
    assert len(many) <= 20, (len(one), len(many))


def test_a_waiting_message_says_what_it_waits_for(boss, cast, monkeypatch):
    monkeypatch.setattr(status, "is_dispatcher_alive", lambda: True)
    message = cast.message("queued")
    cast.plain.state.breaker, cast.plain.state.opened_at = "open", message.created_at
    cast.plain.state.save()
    [result] = results(boss, str(message.pk))
    assert re.fullmatch(r"Waiting: plain-az is suspended since \d\d:\d\d\.", result.sentence)
    assert (str(result.button.label), result.button.is_post) == ("Probe now", True)


def test_the_status_can_be_asked_for_where_the_vendor_answers(boss, cast, monkeypatch):
    monkeypatch.setattr(TemplateVendor, "reports", frozenset({ReportChannel.POLL}))
    monkeypatch.setattr(TemplateVendor, "strongest", "delivered")
    message = cast.message("submitted", provider=cast.templated)
    cast.attempt(message, provider=cast.templated, vendor_message_id="v-1")
    assert str(results(boss, "v-1")[0].button.label) == "Check status with vendor"


@pytest.mark.parametrize("term", ["", " ", HOSTILE, "\x00", "%", "_", "' OR 1=1 --", "+", "zz", "🙂" * 900, "0" * 2000])
def test_anything_may_be_pasted(term, boss, cast):
    cast.everything()
    answer = boss.post(SEARCH, {"term": term})
    assert answer.status_code == 200
    assert "<b x-init" not in answer.content.decode()


def test_the_last_digits_are_looked_for_among_the_newest_alone(boss, cast, monkeypatch):
    monkeypatch.setattr(search, "NEWEST", 2)
    cast.message("delivered", to="+40712349999", id=min_id(now() - timedelta(hours=1)))
    for _ in range(3):
        cast.message("sent")
    assert results(boss, "9999") == []
    assert len(results(boss, "4567")) == 2
    assert not InboundMessage.objects.exists()


def test_the_box_is_on_the_dashboard_and_in_the_menu_of_every_page(boss, cast):
    assert boss.get("/admin/").content.decode().count('action="/admin/tools/search/"') == 2
    assert 'action="/admin/tools/search/"' in boss.get("/admin/sms/message/").content.decode()
