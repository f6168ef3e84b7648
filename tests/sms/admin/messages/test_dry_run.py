"""Test a text, unmatched texts, and the template editor's preview and replay."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from sms.domain.ids import uuid7
from sms.models import Message, MessageTemplate, RefusedRequest
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.staff import dry_run
from sms.services.templates import unmatched
from tests.sms.admin.conftest import HOSTILE, PHONE
from tests.sms.admin.templates.test_editor import form

TEST = "/admin/tools/test-a-text/"
UNMATCHED = "/admin/tools/unmatched-texts/"
PREVIEW = "/admin/tools/template-preview/"
ASKED = {"client": "akinon", "sender": "AKINON", "to": PHONE, "text": "Hello Aysel, it is on its way."}


def told_of(text: str, **more) -> dry_run.Explanation:
    client = snapshot.current().clients["akinon"]
    return dry_run.explain(
        **{"raw_text": text, "sender": "AKINON", "to": PHONE, "client": client, "is_otp": False} | more
    )


# --- test a text ---------------------------------------------------------------------------


def test_a_text_is_explained_as_the_live_path_would_take_it_and_nothing_is_stored(boss, cast):
    page = unescape(boss.post(TEST, ASKED).content.decode())
    for words in ("201", "plain-az", "templated-az", "order-shipped", "GSM-7", "POST https://plain.example/send"):
        assert words in page, words
    assert "s3cret-token" not in page
    assert not Message.objects.exists()
    assert not RefusedRequest.objects.exists()


def test_the_new_line_rule_of_the_client_is_used(cast):
    assert told_of("Salut/nVezi https://shop.example/new").text == "Salut\nVezi https://shop.example/new"


def test_letters_that_force_ucs2_are_named(boss, cast):
    page = boss.post(TEST, ASKED | {"text": "Sifarişiniz hazırdır"}).content.decode()
    assert "UCS-2" in page
    assert "<code>ş</code>" in page
    assert "<code>ı</code>" in page


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "NOBODY"}, "unknown_sender"),
        ({"to": "+905321234567"}, "no_route"),
        ({"to": "+19005551234"}, "destination_not_allowed"),
        ({"to": "+19005551234"}, "Numbers of type premium_rate in US are not allowed."),
    ],
)
def test_the_code_that_a_caller_would_get_is_said(changes, code, boss, cast):
    assert code in boss.post(TEST, ASKED | changes).content.decode()


def test_where_no_template_fits_the_nearest_one_and_the_first_difference_are_named(boss, cast):
    cast.route.steps.filter(provider=cast.plain).delete()
    snapshot.reset_cache()
    told = told_of("Hello Aysel, it is on its  way.")
    assert told.code == "template_not_matched"
    assert told.near.startswith("order-shipped: ")
    assert "order-shipped" in boss.post(TEST, ASKED | {"text": "Hello Aysel, it is on its  way."}).content.decode()


@pytest.mark.parametrize(("field", "value"), [("to", "0501234567"), ("text", "a\u0007b"), ("text", "x" * 1601)])
def test_a_mistake_is_said_at_its_field(field, value, boss, cast):
    page = boss.post(TEST, ASKED | {field: value})
    assert page.status_code == 200
    assert page.context["told"] is None
    assert page.context["form"].errors[field]


def test_a_test_is_sent_through_the_intake_once_it_is_confirmed_and_is_marked(boss, cast):
    boss.post(TEST, ASKED | {"send": "1"})
    assert not Message.objects.exists()
    answer = boss.post(TEST, ASKED | {"send": "1", "confirm": "yes"})
    message = Message.objects.get()
    assert answer.headers["Location"] == reverse("admin:sms_message_change", args=(message.pk,))
    assert (message.is_test, message.status, message.provider_id) == (True, "queued", cast.plain.pk)
    assert message.request_id.startswith("admin-")


def test_a_one_time_password_is_not_sent_from_the_admin(boss, cast):
    boss.post(TEST, ASKED | {"send": "1", "confirm": "yes", "is_otp": "on"})
    assert not Message.objects.exists()


def test_asking_by_an_address_shows_nothing_but_the_form(boss, cast):
    page = boss.get(TEST, ASKED)
    assert page.context["told"] is None


def test_a_hostile_text_shows_harmless(boss, cast):
    page = boss.post(TEST, ASKED | {"text": HOSTILE.replace("\u0007", "")}).content.decode()
    assert "<b x-init" not in page
    assert "\u202e" not in page


def test_a_test_goes_by_the_chosen_provider_alone_whatever_the_routes_say(boss, cast):
    page = boss.get(f"{TEST}?provider={cast.templated.pk}").content.decode()
    assert f'<option value="{cast.templated.pk}" selected>' in page
    cast.route.delete()
    asked = ASKED | {"provider": str(cast.templated.pk)}
    page = boss.post(TEST, asked).content.decode()
    assert "templated-az" in page
    boss.post(TEST, asked | {"send": "1", "confirm": "yes"})
    message = Message.objects.get()
    assert (message.provider, message.is_test, message.status) == (cast.templated, True, "queued")
    assert [candidate["slug"] for candidate in message.decision["candidates"]] == ["templated-az"]


def test_a_test_that_its_provider_can_not_send_is_not_held(boss, cast):
    cast.shop.on_no_template = "hold"
    cast.shop.save()
    asked = ASKED | {"provider": str(cast.templated.pk), "text": "No template gives this.", "confirm": "yes"}
    boss.post(TEST, asked | {"send": "1"})
    assert not Message.objects.exists()


# --- unmatched texts ---------------------------------------------------------------------------


def refuse(cast, *texts: str) -> None:
    for text in texts:
        cast.refusal(shape=re.sub(r"\d", "#", text), nearest="order-shipped: character 1")


def test_unmatched_texts_are_grouped_counted_and_masked(boss, cast):
    refuse(cast, "Kod: 1234. Sag olun.", "Kod: 9876. Sag olun.", "Kod: 12345. Sag olun.", "Bu gun endirim var!")
    groups = unmatched.groups()
    assert groups[0].count == 3
    page = boss.get(UNMATCHED).content.decode()
    assert "Create template" in page
    assert "1234" not in page


def test_a_group_fills_the_editor_with_literals_and_placeholders(boss, cast):
    refuse(cast, "Kod: 1234. Sag olun.", "Kod: 9876. Sag olun.")
    address = unescape(re.search(r'href="([^"]*messagetemplate/add/\?[^"]*)"', boss.get(UNMATCHED).content.decode())[1])
    form = boss.get(address).context["adminform"].form
    assert re.fullmatch(r"Kod: \{\w+\}\. Sag olun\.", form.initial["body"])
    assert list(form.initial["placeholders"].values()) == ["digits"]


def test_held_messages_are_released_in_a_group_to_a_free_text_provider(boss, cast):
    held = [cast.message("held", text=f"Yeni kampaniya {n}", provider=None) for n in (1, 2)]
    skeleton = unmatched.groups()[0].skeleton
    boss.post(UNMATCHED, {"skeleton": skeleton, "provider": cast.plain.pk})
    assert Message.objects.filter(status="held").count() == 2  # no reason, nothing done
    boss.post(UNMATCHED, {"skeleton": skeleton, "provider": cast.plain.pk, "reason": "the shop asked"})
    for message in held:
        message.refresh_from_db()
        assert (message.status, message.provider_id) == ("queued", cast.plain.pk)
        assert message.events.get().actor == "boss"


# --- the editor ------------------------------------------------------------------------------------


def test_the_preview_counts_marks_and_judges_as_the_product_does(boss, cast):
    values = form("Kod: {code}. Sifariş", ("code", "digits", "", "", "", "77"))
    page = boss.post(PREVIEW, values).content.decode()
    assert '<mark title="code">77</mark>' in page
    assert "UCS-2" in page
    assert "<code>ş</code>" in page
    assert "templated-az" in page
    long = boss.post(PREVIEW, {"body": "x" * 161}).content.decode()
    assert "at most 160" in long


def test_a_placeholder_without_a_sample_stands_for_a_name_a_number_or_itself(boss, cast):
    rows = (("order", "digits"), ("short", "any", "", "3"))
    page = boss.post(PREVIEW, form("{first_name} {order} {day} {short}", *rows)).content.decode()
    for name, sample in (("first_name", "Aysel"), ("order", "482913"), ("day", "day"), ("short", "sho")):
        assert f'<mark title="{name}">{sample}</mark>' in page


def test_the_preview_says_what_is_wrong_with_a_body(boss, cast):
    assert "is not closed" in boss.post(PREVIEW, {"body": "Hello {name"}).content.decode()
    assert boss.get(PREVIEW).status_code == 405


def test_a_hostile_body_shows_harmless_in_the_preview(boss, cast):
    page = boss.post(
        PREVIEW, {"body": '"><b x-init=alert(1)>\u202e {name}', "sample_name": "<script>"}
    ).content.decode()
    assert "<b x-init" not in page
    assert "<script>" not in page
    assert "\u202e" not in page


def save(boss, template: MessageTemplate, body: str, **more):
    forms = {f"{name}-{part}_FORMS": 0 for name in ("approvals", "versions") for part in ("TOTAL", "INITIAL")}
    address = reverse("admin:sms_messagetemplate_change", args=(template.pk,))
    return boss.post(address, {"name": template.name, "body": body} | forms | more)


def approval_form(cast, **changes):
    """The stored approval as its form sends it, with these changes."""
    approval = cast.template.approvals.get()
    row = {"id": approval.pk, "template": cast.template.pk, "status": approval.status, "text": "", "note": ""}
    row |= {"parameters": [], "parameters-vendor": []} | changes
    forms = {"approvals-TOTAL_FORMS": 1, "approvals-INITIAL_FORMS": 1}
    return forms | {f"approvals-0-{key}": value for key, value in row.items()}


def test_a_change_that_loses_texts_is_saved_only_on_a_second_knowing_try(boss, cast):
    cast.message("submitted", text="Hello Aysel, it is on its way.")
    ended = approval_form(cast, status="ended")
    answer = save(boss, cast.template, cast.template.body, **ended)
    assert "Of 1 texts of the last week 1 would no longer match" in answer.content.decode()
    assert cast.template.approvals.get().status == "approved"
    save(boss, cast.template, cast.template.body, **ended, save_anyway="on")
    assert cast.template.approvals.get().status == "ended"


def test_an_edit_leaves_the_approved_text_in_use_and_loses_nothing(boss, cast):
    cast.message("submitted", text="Hello Aysel, it is on its way.")
    assert save(boss, cast.template, "Good day {name}, it is on its way.", **approval_form(cast)).status_code == 302
    cast.template.refresh_from_db()
    assert cast.template.body.startswith("Good day")
    assert cast.template.versions.first().author.username == "boss"
    assert cast.template.approvals.get().version.body.startswith("Hello")


def aged(cast, days: int, **changes) -> datetime:
    at = clock.now() - timedelta(days=days)
    cast.message(id=uuid7(int(at.timestamp() * 1000), days), created_at=at, **changes)
    return at


def days_ago(moment) -> float:
    return (clock.now() - moment) / timedelta(days=1)


@pytest.mark.parametrize(("kept", "seen", "reach"), [(3, 0, 3), (7, 1, 7), (90, 1, 7)])
def test_the_replay_reaches_a_week_back_or_as_far_as_texts_are_kept(kept, seen, reach, cast, settings):
    settings.RETENTION_TEXT_DAYS = kept
    for days in (3, 10, 20):
        aged(cast, days)
    aged(cast, 2, is_otp=True, text="Kod: 1234")
    recent = unmatched.recent_texts()
    assert recent.counts.total() == seen
    assert days_ago(recent.taken_since) == pytest.approx(reach, abs=0.1)
    assert days_ago(recent.refused_since) == pytest.approx(7, abs=0.1)


def test_the_replay_says_how_far_it_reached(boss, cast, monkeypatch):
    """Of very many messages the newest are looked at: then it reaches back to the oldest of these."""
    _, middle, _ = (aged(cast, days) for days in (2, 4, 6))
    monkeypatch.setattr(unmatched, "MOST_TEXTS", 2)
    page = boss.post(PREVIEW, {"body": "Hello {name}"}).content.decode()
    assert f"from messages since {timezone.localtime(middle):%Y-%m-%d %H:%M}" in page
    assert "rejected requests since" in page


def test_a_change_that_loses_nothing_is_saved_at_once(boss, cast):
    cast.message("submitted", text="Something else altogether")
    assert save(boss, cast.template, "Good day {name}, it is on its way.").status_code == 302


def test_an_approval_that_its_vendor_can_never_carry_is_refused_with_the_reason(boss, cast):
    forms = {f"versions-{part}_FORMS": 0 for part in ("TOTAL", "INITIAL")}
    forms |= {"approvals-TOTAL_FORMS": 1, "approvals-INITIAL_FORMS": 0}
    row = {"provider": cast.templated.pk, "status": "approved", "vendor_template": "7", "parameters": "[]", "note": ""}
    forms |= {f"approvals-0-{key}": value for key, value in row.items()}
    body = "{a} {b} {c} {d}"
    page = boss.post("/admin/sms/messagetemplate/add/", {"name": "four", "body": body, "placeholders": "{}"} | forms)
    assert "accepts at most 3" in page.content.decode()
    assert not MessageTemplate.objects.filter(name="four").exists()


@pytest.mark.parametrize("address", [TEST, UNMATCHED])
def test_the_pages_of_texts_stay_within_a_budget(address, boss, cast, django_assert_max_num_queries):
    boss.get(address)
    with django_assert_max_num_queries(12):
        assert boss.get(address).status_code == 200
