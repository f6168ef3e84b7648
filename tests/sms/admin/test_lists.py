"""Every list of the admin opens, searches, and accepts only its own filters."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.models import DeliveryReport, Message, MessageTemplate
from sms.services.database.clock import now

from .conftest import HOSTILE, PHONE

admin.autodiscover()  # the admin is loaded where it is shown, and no page was asked for yet
OURS = [model for model in admin.site._registry if model._meta.app_label in ("sms", "auth")]


def list_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens_with_each_value_of_each_filter_within_its_budget(
    model, boss, cast, django_assert_max_num_queries
):
    cast.everything()
    address = list_of(model)
    boss.get(address)  # a process reads its copy of the configuration once per change, not once per page
    with django_assert_max_num_queries(12):
        page = boss.get(address)
    assert page.status_code == 200
    for spec in page.context["cl"].filter_specs:
        for value, _label in getattr(spec, "lookup_choices", ()):
            narrowed = boss.get(address, {spec.parameter_name: value})
            assert narrowed.status_code == 200, (spec.parameter_name, value)
    if admin.site._registry[model].search_fields:
        assert boss.get(address, {"q": "x' OR 1=1 --"}).status_code == 200


def test_every_list_stays_within_its_budget_however_many_rows_it_has(boss, cast):
    cast.everything()
    cast.many(12)
    over = {}
    for model in OURS:
        boss.get(list_of(model))
        with CaptureQueriesContext(connection) as queries:
            boss.get(list_of(model))
        if len(queries) > 12:
            over[model.__name__] = len(queries)
    assert over == {}


def test_a_dropdown_shows_what_is_chosen_and_hostile_names_as_texts(boss, cast):
    chosen, other = (MessageTemplate.objects.create(name=name, body="x") for name in ("chosen", HOSTILE))
    page = boss.get(list_of(Message), {"template": chosen.pk}).content.decode()
    assert f'<option value="{chosen.pk}" selected>chosen</option>' in page
    assert f'<option value="{other.pk}">&quot;&gt;&lt;b x-init=alert(1)&gt;\\u202eevil\\u0007</option>' in page


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_page_of_a_row_opens(model, boss, cast):
    cast.everything()
    row = model._default_manager.first()
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=(row.pk,))
    assert boss.get(address).status_code == 200


FOREIGN_LOOKUPS = (
    "credentials__startswith",
    "credentials",
    "text__regex",
    "text__startswith",
    "raw_text__contains",
    "to__startswith",
    "client__secret_digest__startswith",
    "secret_digest__startswith",
    "password__startswith",
    "status__in",
    "id__gte",
    "provider__credentials__startswith",
)


@pytest.mark.any_database  # refused before there is a query
@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_no_lookup_outside_the_list_filters_anything(model, boss, cast):
    answers = {lookup: boss.get(list_of(model), {lookup: "a"}).status_code for lookup in FOREIGN_LOOKUPS}
    assert answers == dict.fromkeys(FOREIGN_LOOKUPS, 400)


@pytest.mark.any_database
@pytest.mark.parametrize("field", ["secret_digest", "credentials", "username"])
def test_no_field_but_the_key_can_name_a_row_from_outside(field, boss, cast):
    for model in OURS:
        assert boss.get(list_of(model), {"_to_field": field}).status_code == 400


def test_an_unknown_value_of_a_filter_filters_nothing(boss, cast):
    cast.message("failed")
    page = boss.get(list_of(Message), {"status": "no-such-status"})
    assert len(page.context["cl"].result_list) == 1


def test_a_message_is_found_by_number_request_id_its_own_id_its_start_and_the_vendors_id(boss, cast):
    wanted = cast.message(to="+994559998877", request_id="cart-9")
    cast.attempt(wanted, vendor_message_id="v-4711")
    cast.message()
    digits = wanted.id.hex
    for term in ("+994559998877", "994559998877", "cart-9", str(wanted.id), digits[:20], "v-4711", f" {wanted.id} "):
        found = boss.get(list_of(Message), {"q": term}).context["cl"].result_list
        assert [message.id for message in found] == [wanted.id], term


def test_a_part_of_a_number_finds_nothing(boss, cast):
    cast.message(to=PHONE)
    for part in ("+99450", PHONE[:-1], "1234567"):
        assert not boss.get(list_of(Message), {"q": part}).context["cl"].result_list


def test_the_list_of_messages_counts_nothing(boss, cast):

    cast.everything()
    with CaptureQueriesContext(connection) as queries:
        boss.get(list_of(Message))
    counting = [q["sql"] for q in queries if "COUNT(" in q["sql"].upper() and "sms_message" in q["sql"]]
    # The menu's badge counts at most a hundred unconfirmed ones through their partial index.
    assert all("LIMIT 100" in sql for sql in counting), counting


def test_pages_follow_each_other_without_a_count(boss, cast):
    for _ in range(51):
        cast.message()
    first = boss.get(list_of(Message))
    second = boss.get(list_of(Message), {"p": 2})
    assert len(first.context["cl"].result_list) == 50
    assert len(second.context["cl"].result_list) == 1
    assert 'rel="next"' in first.content.decode()
    assert 'rel="next"' not in second.content.decode()


@pytest.mark.any_database
def test_hostile_words_show_harmless_in_every_list(boss, cast):
    attempt = cast.attempt(cast.message(sender=HOSTILE[:60], detail=HOSTILE, code=HOSTILE), detail=HOSTILE)
    cast.report(attempt, detail=HOSTILE, code=HOSTILE)
    cast.refusal(sender=HOSTILE, nearest=HOSTILE, shape=HOSTILE, request_id=HOSTILE)
    seen = 0
    for model in OURS:
        page = boss.get(list_of(model)).content.decode()
        assert "<b x-init" not in page
        assert "\u202e" not in page
        assert "\u0007" not in page
        seen += "\\u202eevil\\u0007" in page
    assert seen >= 4


def test_a_report_is_found_by_its_vendors_id_and_by_our_attempt_and_while_it_waits(boss, cast):
    attempt = cast.attempt(cast.message("sent"), vendor_message_id="v-1")
    cast.report(attempt, code="of-this")
    cast.report(cast.attempt(cast.message("sent"), vendor_message_id="v-2"), code="of-another")
    DeliveryReport.objects.create(
        provider=cast.plain, status="sent", vendor_message_id="v-3", is_waiting=True, code="it-waits", received_at=now()
    )
    found = {
        word: [code for code in ("of-this", "of-another", "it-waits") if code in shown(boss, word)]
        for word in ("v-1", "V-1", str(attempt.pk), "v-3", "nobody's")
    }
    assert found == {"v-1": ["of-this"], "V-1": [], str(attempt.pk): ["of-this"], "v-3": ["it-waits"], "nobody's": []}


def shown(client, word):
    return client.get("/admin/sms/deliveryreport/", {"q": word}).content.decode()
