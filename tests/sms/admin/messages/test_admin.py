"""The list of messages: views, filters, rejected requests and the export."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.http import QueryDict
from django.test import Client

from sms.admin.common import privacy
from sms.admin.common.csv_export import safe
from sms.admin.messages import bulk
from sms.models import AccessRecord
from sms.services.database.clock import now
from sms.services.database.uuid_range import min_id as oldest_id
from sms.services.queue.errors import ActionRefused
from sms.services.staff import message_filters
from tests.sms.admin.conftest import PHONE

LIST = "/admin/sms/message/"


def shown(boss, **filters) -> set:
    return {message.pk for message in boss.get(LIST, filters).context["cl"].result_list}


@pytest.fixture
def viewer(db) -> Client:
    user = get_user_model().objects.create_user("viewer", password="a long pass phrase", is_staff=True)
    names = ("view_message", "view_refusedrequest", "export_messages")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("view", "statuses"),
    [
        ("failed", {"failed", "undelivered", "expired"}),
        ("unconfirmed", {"unconfirmed"}),
        ("waiting", {"queued", "sending"}),
        ("held", {"held"}),
    ],
)
def test_a_view_is_one_click(view, statuses, boss, cast):
    cast.everything()
    page = boss.get(LIST, {"view": view})
    assert {message.status for message in page.context["cl"].result_list} == statuses


def test_no_report_lists_what_a_vendor_should_have_reported_by_now(boss, cast):
    long_ago = now() - timedelta(hours=1)
    id_then = oldest_id(long_ago)
    silent = cast.message("submitted", id=id_then, provider=cast.plain)
    cast.message("submitted", provider=cast.plain)  # a moment ago: its report may come yet
    cast.message("submitted", id=oldest_id(long_ago + timedelta(minutes=1)), provider=cast.templated)  # never reports
    assert shown(boss, view="no-report") == {silent.pk}


def test_messages_are_filtered_by_time_code_template_and_sender(boss, cast):
    old = cast.message("failed", id=oldest_id(now() - timedelta(days=3)), code="121")
    new = cast.message("failed", code="107", template_version=cast.template.current_version, sender="AKINON")
    assert shown(boss, period="24h") == {new.pk}
    assert shown(boss, code="121") == {old.pk}
    assert shown(boss, template=str(cast.template.pk)) == {new.pk}
    assert shown(boss, sender="AKINON") == {old.pk, new.pk}
    day = (now() - timedelta(days=3)).strftime("%Y-%m-%d")
    assert shown(boss, created_at_from_0=day, created_at_from_1="00:00:00", created_at_to_0=day,
                 created_at_to_1="23:59:59") == {old.pk}  # fmt: skip


def test_a_search_by_number_shows_the_calls_that_were_refused_too(boss, cast):
    cast.message(to=PHONE)
    cast.refusal(to=PHONE, nearest="order-shipped: character 7")
    page = boss.get(LIST, {"q": PHONE}).content.decode()
    assert "rejected" in page
    assert "template_not_matched" in page
    assert "order-shipped: character 7" in page
    assert "rejected" not in boss.get(LIST).content.decode()


def exported(client, **filters) -> list[dict[str, str]]:
    answer = client.get(LIST + "export/", filters)
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_what_is_filtered_is_exported_without_texts(boss, cast):
    cast.message("delivered")
    wanted = cast.message("failed", detail="=cmd|' /C calc'!A0", code="-1+1")
    rows = exported(boss, status="failed")
    assert [row["id"] for row in rows] == [str(wanted.pk)]
    assert rows[0]["detail"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["code"] == "'-1+1"
    assert rows[0]["to"] == PHONE
    assert "Aysel" not in str(rows)


def test_the_export_refuses_the_lookups_that_the_list_refuses(boss, cast):
    assert boss.get(LIST + "export/", {"text__startswith": "H"}).status_code == 400


def test_a_role_without_numbers_sees_masked_ones_everywhere(viewer, cast):
    message = cast.message("failed")
    cast.refusal()
    for address in (LIST, f"{LIST}{message.pk}/change/", "/admin/sms/refusedrequest/"):
        page = viewer.get(address).content.decode()
        assert PHONE not in page, address
        assert "+994•••••••67" in page, address
    assert exported(viewer)[0]["to"] == "+994•••••••67"


@pytest.mark.parametrize("role", ["Viewer", "Operator"])
def test_a_number_in_a_vendors_id_is_masked_by_role(role, person, cast):
    message = cast.message("delivered")
    attempt = cast.attempt(message, vendor_message_id=f"{PHONE[1:]}-77")
    report = cast.report(attempt, vendor_message_id=f"{PHONE[1:]}-77", reference=f"0{PHONE[4:]}")
    client = person(role)
    for address in (
        "/admin/sms/attempt/",
        f"/admin/sms/attempt/{attempt.pk}/change/",
        "/admin/sms/deliveryreport/",
        f"/admin/sms/deliveryreport/{report.pk}/change/",
        f"{LIST}{message.pk}/change/",
        f"{LIST}{message.pk}/explained.json",
    ):
        page = client.get(address).content.decode()
        assert "-77" in page, address
        assert (PHONE[4:] in page) is (role == "Operator"), address


def test_the_export_needs_its_permission(viewer, cast):
    user = get_user_model().objects.get(username="viewer")
    user.user_permissions.remove(Permission.objects.get(codename="export_messages"))
    assert viewer.get(LIST + "export/").status_code == 403
    assert "Export CSV" not in viewer.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        (PHONE, PHONE),
        ("Hello", "Hello"),
        (None, ""),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_a_cell_runs_nothing(cell, written):
    assert safe(cell) == written


def test_the_list_stays_within_its_budget_with_a_search(boss, cast, django_assert_max_num_queries):
    cast.everything()
    boss.get(LIST)  # reads the process's copy of the configuration
    with django_assert_max_num_queries(12):
        boss.get(LIST, {"q": PHONE})
    with django_assert_max_num_queries(12):
        boss.get(LIST, {"view": "failed", "period": "24h"})


# --- select all ----------------------------------------------------------------------------------

MATCH_ALL = "Select all rows that match the filters"


def test_select_all_takes_what_matches_the_filters_on_every_page(boss, cast):
    failed = [cast.message("failed") for _ in range(52)]
    cast.message("delivered")
    picked = {"action": "export_ticked", "_selected_action": str(failed[0].pk), "index": "0"}
    for across, count in (("0", 1), ("1", 52)):
        answer = boss.post(f"{LIST}?status=failed", picked | {"select_across": across})
        rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        assert ({row["status"] for row in rows}, len(rows)) == ({"failed"}, count)


def test_select_all_promises_no_number_and_is_offered_where_there_is_more(boss, cast):
    cast.message("failed")
    for _ in range(51):
        cast.message("delivered")
    assert MATCH_ALL in boss.get(LIST).content.decode()
    assert MATCH_ALL in boss.get(LIST, {"p": 2}).content.decode()
    assert MATCH_ALL not in boss.get(LIST, {"status": "failed"}).content.decode()
    for page in (1, 2):
        assert "10000" not in boss.get(LIST, {"p": page}).content.decode()


# --- the columns ---------------------------------------------------------------------------------


def test_a_row_has_the_facts_that_tell_messages_apart(boss, cast):
    cast.message("failed", code="121", request_id="cart-9", segments=3, to="+905321234567")
    page = boss.get(LIST).content.decode()
    for words in (">cart-9</small>", ">TR</small>", "<span>plain-az</span> <small>121</small>", ">3</td>"):
        assert words in page, words


def ask_for_texts(client):
    return client.post("/admin/sms/message/show_texts/", {"_form_submitted": "on", "reason": "A complaint."})


def test_texts_are_shown_by_permission_and_that_leaves_a_record(boss, viewer, cast):
    cast.message(text="Hello Aysel, it is on its way.")
    cast.message(text="Your code is 004217.", is_otp=True)
    assert "Hello Aysel" not in boss.get(LIST).content.decode()
    assert boss.get("/admin/sms/message/show_texts/").status_code == 200
    assert not AccessRecord.objects.exists()
    ask_for_texts(boss)
    page = boss.get(LIST).content.decode()
    assert "Hello Aysel" in page
    assert "004217" not in page
    record = AccessRecord.objects.get()
    assert (record.kind, record.actor, record.reason) == ("revealed", "boss", "A complaint.")
    assert ask_for_texts(viewer).status_code == 403
    assert "Hello Aysel" not in viewer.get(LIST).content.decode()


def test_texts_are_hidden_again_after_a_time_and_without_the_permission(person, cast, monkeypatch):
    cast.message(text="Hello Aysel, it is on its way.")
    client = person("Operator")
    ask_for_texts(client)
    assert "Hello Aysel" in client.get(LIST).content.decode()
    monkeypatch.setattr(privacy, "REVEALED_FOR", 0)
    assert "Hello Aysel" not in client.get(LIST).content.decode()
    monkeypatch.undo()
    Group.objects.get(name="Operator").permissions.remove(Permission.objects.get(codename="reveal_message"))
    assert "Hello Aysel" not in client.get(LIST).content.decode()


def test_the_list_stays_within_its_budget_with_texts(boss, cast, django_assert_max_num_queries):
    cast.everything()
    ask_for_texts(boss)
    boss.get(LIST)
    with django_assert_max_num_queries(12):
        boss.get(LIST)


# --- several statuses ----------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["status=failed&status=expired", "status=failed,expired", "status=failed,expired,x"])
def test_several_statuses_are_chosen_at_once(query, boss, cast):
    cast.everything()
    found = boss.get(f"{LIST}?{query}").context["cl"].result_list
    assert {message.status for message in found} == {"failed", "expired"}


def test_the_next_page_and_the_export_keep_several_statuses(boss, cast):
    cast.everything()
    for _ in range(50):
        cast.message("failed")
    query = "status=failed&status=expired"
    page = boss.get(f"{LIST}?{query}")
    [link] = re.findall(r'<a href="([^"]*)" rel="next"', page.content.decode())
    following = boss.get(LIST + unescape(link)).context["cl"].result_list
    assert {message.status for message in following} <= {"failed", "expired"}
    assert len(following) == 2
    rows = exported(boss, status=["failed", "expired"])
    assert {row["status"] for row in rows} == {"failed", "expired"}


def test_a_bulk_operation_finds_the_same_messages_as_the_list(cast):
    cast.everything()
    filters = bulk.filters_of(QueryDict("view=failed&status=failed&status=expired&status="))
    assert filters == {"view": "failed", "status": "failed,expired"}
    assert {message.status for message in message_filters.narrow(filters)} == {"failed", "expired"}
    with pytest.raises(ActionRefused, match="does not exist"):
        message_filters.narrow({"status": "failed,x"})
