"""Exports, searches by number and shown texts are recorded; who sees no numbers can't confirm one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from sms.models import AccessRecord, BlockedNumber, Message, RentedNumber
from sms.models.staff import ACCESS_RECORD_DAYS
from sms.services.database import clock
from sms.services.maintenance import retention
from tests.sms.admin.conftest import PHONE, RENTED

UNKNOWN = "+994509999999"
BLOCKED = "+994509998877"
LISTS = {
    "message": PHONE,
    "inboundmessage": RENTED,
    "inboundpush": RENTED,
    "rentednumber": RENTED,
    "refusedrequest": PHONE,
    "blockednumber": BLOCKED,
}
SPELLINGS = ["{}", " {} ", "00{}", "{}-"]


def listed(client, name: str, term: str):
    return client.get(reverse(f"admin:sms_{name}_changelist"), {"q": term})


@pytest.fixture
def shop(cast):
    cast.everything()
    return cast


@pytest.fixture
def peeker(person):
    """Sees every list and may export and block, but sees no numbers."""
    role = Group.objects.create(name="Peeker")
    names = [f"view_{name}" for name in LISTS] + ["export_messages", "add_blockednumber", "see_shapes", "send_test"]
    role.permissions.set(Permission.objects.filter(codename__in=names))
    return person("Peeker")


# --- records --------------------------------------------------------------------------------


def records(kind: str) -> list[AccessRecord]:
    return list(AccessRecord.objects.filter(kind=kind).exclude(actor="boss", subject="messages.csv", detail=""))


@pytest.mark.parametrize(("name", "number"), LISTS.items())
def test_a_search_by_number_is_recorded_once_and_without_the_number(person, shop, name, number):
    client = person("Operator")
    for page in ("0", "1"):
        client.get(reverse(f"admin:sms_{name}_changelist"), {"q": number, "p": page})
    listed(client, name, "no number at all")
    [record] = records("searched")
    assert (record.actor, len(record.digest), record.detail) == ("Operator", 64, "")
    assert number[1:] not in str(vars(record))


def test_an_export_is_recorded_with_its_filters(person, shop):
    client = person("Operator")
    client.get(reverse("admin:sms_message_export"), {"status": "failed", "q": PHONE})
    record = records("exported")[0]
    assert (record.actor, record.subject, record.detail) == ("Operator", "messages.csv", "status=failed, a search")
    assert len(record.digest) == 64


def test_an_export_of_selected_rows_is_recorded(person, shop):
    ticked = [str(key) for key in Message.objects.values_list("pk", flat=True)[:2]]
    values = {"action": "export_ticked", "_selected_action": ticked}
    person("Operator").post(reverse("admin:sms_message_changelist"), values)
    assert records("exported")[0].detail == "2 selected rows"


def test_a_shown_text_is_recorded_with_its_reason(person, shop):
    message = shop.message()
    at = reverse("admin:sms_message_reveal", args=(message.pk,))
    person("Operator").post(at, {"reason": "a complaint", "_form_submitted": "on"})
    [record] = records("revealed")
    assert (record.actor, record.subject, record.reason) == ("Operator", f"message {message.pk}", "a complaint")


def test_the_records_are_a_page_that_nobody_changes(boss, person, shop):
    record = AccessRecord.objects.create(kind="revealed", actor="somebody", subject="x", created_at=clock.now())
    page = reverse("admin:sms_accessrecord_changelist")
    assert "somebody" in boss.get(page).content.decode()
    assert person("Operator").get(page).status_code == 403
    for name in ("change", "delete"):
        boss.post(reverse(f"admin:sms_accessrecord_{name}", args=(record.pk,)), {"actor": "else", "post": "yes"})
    record.refresh_from_db()
    assert record.actor == "somebody"


def test_who_knows_a_number_finds_the_searches_for_it(boss, person, shop):
    listed(person("Operator"), "message", PHONE)
    assert "Operator" in listed(boss, "accessrecord", PHONE).content.decode()
    assert "Operator" not in listed(boss, "accessrecord", UNKNOWN).content.decode()


def test_records_are_kept_for_a_year(shop):
    old = clock.now() - timedelta(days=ACCESS_RECORD_DAYS + 1)
    AccessRecord.objects.create(kind="revealed", actor="a", subject="x", created_at=old)
    AccessRecord.objects.create(kind="revealed", actor="b", subject="x", created_at=clock.now())
    retention.delete_due()
    assert set(AccessRecord.objects.values_list("actor", flat=True)) == {"b", "boss"}


# --- no number is confirmed -------------------------------------------------------------------


def rows_of(response) -> list[str]:
    shown = response.context["cl"]
    refused = response.context.get("refused") or ()
    return [str(row.pk) for row in [*shown.result_list, *refused]]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("name", "number"), LISTS.items())
def test_a_number_finds_nothing_for_those_who_see_none(peeker, boss, shop, name, number, spelling):
    term = spelling.format(number).replace("00+", "00")
    assert rows_of(listed(boss, name, term))
    there, missing = listed(peeker, name, term), listed(peeker, name, spelling.format(UNKNOWN).replace("00+", "00"))
    assert rows_of(there) == rows_of(missing) == []
    assert [str(m) for m in there.context["messages"]] == [str(m) for m in missing.context["messages"]]
    assert not records("searched")[1:]


def test_an_export_by_number_is_empty_for_them(peeker, shop):
    response = peeker.get(reverse("admin:sms_message_export"), {"q": PHONE})
    assert len(b"".join(response.streaming_content).splitlines()) == 1


def test_other_searches_answer_them(peeker, shop):
    message, refused = Message.objects.first(), shop.refusal()
    assert rows_of(listed(peeker, "message", message.request_id)) == [str(message.pk)]
    assert rows_of(listed(peeker, "refusedrequest", refused.request_id)) == [str(refused.pk)]


def test_no_order_tells_them_which_number_is_larger(peeker, shop):
    BlockedNumber.objects.create(phone="+994500000001")
    RentedNumber.objects.create(phone="+994550000001", operation_id=9, partner=RentedNumber.objects.get().partner)
    for name in ("blockednumber", "rentednumber"):
        for order in ("", "0", "-0", "7", "x"):
            page = peeker.get(reverse(f"admin:sms_{name}_changelist"), {"o": order})
            keys = [row.pk for row in page.context["cl"].result_list]
            assert keys == sorted(keys, reverse=True), (name, order)


@pytest.mark.parametrize("lookup", ["to", "to__startswith", "phone__gt", "message__to", "to__in"])
def test_no_filter_by_number(peeker, shop, lookup):
    for name in LISTS:
        response = peeker.get(reverse(f"admin:sms_{name}_changelist"), {lookup: PHONE})
        assert response.status_code in (302, 400)


def test_the_block_list_does_not_confirm_one_either(peeker, shop):
    add, many = reverse("admin:sms_blockednumber_add"), reverse("admin:tools_block")
    assert peeker.post(add, {"phone": BLOCKED}).status_code == 403
    assert peeker.post(many, {"numbers": BLOCKED, "reason": "x"}).status_code == 403
    values = {"client": "akinon", "sender": "AKINON", "text": "Hello Aysel, it is on its way."}
    told = [
        peeker.post(reverse("admin:tools_dry_run"), values | {"to": to}).context["told"].code
        for to in (BLOCKED, UNKNOWN)
    ]
    assert told[0] == told[1]
    assert peeker.post(reverse("admin:tools_dry_run"), values | {"to": BLOCKED, "send": "1"}).status_code == 403


def test_the_search_of_a_form_field_is_no_way_around(peeker, boss, shop):
    at = reverse("admin:autocomplete")
    query = {"app_label": "sms", "model_name": "inboundpush", "field_name": "number", "term": RENTED}
    assert len(boss.get(at, query).json()["results"]) == 1
    assert peeker.get(at, query).json()["results"] == []
