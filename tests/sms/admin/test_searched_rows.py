"""A filter without an index searches a bounded number of rows for each page, and links to the older ones."""

from __future__ import annotations

import re
from html import unescape
from itertools import combinations

import pytest
from django.db import connection

from sms.admin.common import base
from sms.domain.ids import uuid7
from sms.models import ApiClient, Attempt, DeliveryReport, Message, MessageTemplate, SenderName
from sms.services.database.clock import now
from tests.support.query_plans import read_at_most, statements

LIST = "/admin/sms/message/"
FEW = 3


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(base, "SEARCHED", FEW)


def listed(page) -> list:
    return [row.pk for row in page.context["cl"].result_list]


def older(page) -> str:
    """The address of the search in the older rows; "" without a link."""
    found = re.search(r'href="([^"]+)" rel="next">Search older rows', page.content.decode())
    return LIST + unescape(found[1]) if found else ""


def several(cast, count, status="delivered", **changes) -> list[Message]:
    """Messages, the oldest first, one a millisecond."""
    begin = int(now().timestamp() * 1000) - count
    return [cast.message(status, id=uuid7(begin + number, 0), **changes) for number in range(count)]


def test_the_links_to_older_rows_find_every_row_once(boss, cast, few):
    wanted = [message.pk for message in several(cast, 10)[::3]]
    Message.objects.filter(pk__in=wanted).update(is_otp=True)
    found, page = [], boss.get(LIST, {"is_otp": "1", "p": "1"})
    while address := older(page):
        found += listed(page)
        page = boss.get(address)
    assert found + listed(page) == wanted[::-1]


def test_a_page_says_how_many_rows_were_searched_and_since_when(boss, cast, few):
    messages = several(cast, 5)
    page = boss.get(LIST, {"is_otp": "1"})
    text = " ".join(page.content.decode().split())
    assert "3 rows were searched, the newest first." in text
    assert f"They go back to {messages[2].created_at:%Y-%m-%d} " in text


@pytest.mark.parametrize("chosen", [{}, {"view": "failed"}, {"status": "failed"}, {"code": "121"}, {"is_test": "1"},
                                    {"client": "1"}, {"period": "24h"}, {"q": "nobody", "is_otp": "1"}])  # fmt: skip
def test_a_filter_with_an_index_searches_all(chosen, boss, cast, few):
    several(cast, 5, "failed", code="121", is_test=True)
    page = boss.get(LIST, chosen)
    assert page.context["cl"].searched_to is None
    assert older(page) == ""


def test_the_best_index_of_two_finds_what_is_searched(boss, cast, few):
    wanted, *_ = several(cast, 5, "failed")
    Message.objects.filter(pk=wanted.pk).update(code="E777")
    assert listed(boss.get(LIST, {"code": "E777", "client": str(wanted.client_id), "period": "24h"})) == [wanted.pk]
    page = boss.get(LIST, {"view": "failed", "client": str(wanted.client_id), "period": "24h"})
    assert page.context["cl"].searched_to is not None


def test_filters_with_an_index_narrow_what_is_searched(boss, cast, few):
    old, *_ = several(cast, 5)
    Message.objects.filter(pk=old.pk).update(status="failed")
    assert listed(boss.get(LIST, {"view": "failed", "is_otp": "0"})) == [old.pk]
    assert listed(boss.get(LIST, {"is_otp": "0"})) != [old.pk]


@pytest.mark.parametrize("before", ["x", "", "00000000-0000-0000-0000-00000000000g"])
def test_an_invalid_key_is_ignored(before, boss, cast, few):
    message = cast.message("delivered")
    assert listed(boss.get(LIST, {"is_otp": "0", "before": before})) == [message.pk]


def test_an_export_has_all_rows_of_the_filter(boss, cast, few):
    messages = several(cast, 5)
    answer = boss.get(f"{LIST}export/", {"is_otp": "0", "before": str(messages[1].pk)})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 1 + len(messages)


@pytest.mark.parametrize(("name", "make"), [("attempt", "attempt"), ("deliveryreport", "report")])
def test_other_lists_are_bounded_too(name, make, boss, cast, few):
    rows = []
    for _ in range(5):
        attempt = cast.attempt(cast.message("sent"))
        rows.append(attempt if make == "attempt" else cast.report(attempt))
    page = boss.get(f"/admin/sms/{name}/", {"provider": str(cast.plain.pk)})
    assert page.context["cl"].searched_to == sorted(row.pk for row in rows)[-FEW]


# --- plans ---------------------------------------------------------------------------------------

ROWS, SEARCHED = 6_000, 200
COPY = """
INSERT INTO {table} ({columns}) SELECT {values} FROM {table} pattern, LATERAL (
    SELECT n, (lpad(to_hex(floor(extract(epoch FROM now()) * 1000)::bigint - n * 10), 12, '0') || '70008'
        || lpad(n::text, 15, '0'))::uuid AS key FROM generate_series(1, {rows}) n
) copy
"""
KEYS = {"id": "copy.key", "message_id": "copy.key", "attempt_id": "copy.key"}


@pytest.fixture
def many(cast, monkeypatch):
    """Delivered messages, of which a filter finds all or none; returns one value for each filter of the list."""
    monkeypatch.setattr(base, "SEARCHED", SEARCHED)
    cast.report(cast.attempt(cast.message("delivered")), "sent")
    for model, keys in ((Message, KEYS), (Attempt, KEYS), (DeliveryReport, KEYS | {"id": "1000 + n"})):
        names = [field.column for field in model._meta.concrete_fields]
        columns = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(keys.get(name, f'"{name}"') for name in names)
        with connection.cursor() as cursor:
            cursor.execute(COPY.format(table=model._meta.db_table, columns=columns, values=values, rows=ROWS))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    silent = ApiClient.objects.create(username="silent", secret_digest="0" * 64)
    unused = MessageTemplate.objects.create(name="unused", body="x")
    return {
        "view": "no-report", "status": "submitted", "period": "24h", "created_at_to_0": "2200-01-01",
        "provider": cast.templated.pk, "sender": SenderName.objects.create(name="NEVER").name, "template": unused.pk,
        "client": silent.pk, "code": "E777", "is_otp": "1", "is_test": "1",
    }  # fmt: skip


def assert_reads_few(boss, address, chosen):
    with statements() as sent:
        assert boss.get(address, chosen).status_code == 200
    read_at_most(2 * SEARCHED, [each for each in sent if each.text.startswith("SELECT")], are_kept=False)


@pytest.mark.postgresql_alone
def test_no_choice_of_filters_reads_more_messages_than_the_bound(boss, many):
    others = [{"view": "failed"}, {"view": "unconfirmed"}, {"view": "waiting"}, {"view": "otp"}, {"status": "canceled"}]
    choices = others + [dict(pair) for pair in combinations(many.items(), 2)]
    boss.get(LIST)
    for chosen in [*({name: value} for name, value in many.items()), *choices]:
        assert_reads_few(boss, LIST, chosen)


@pytest.mark.postgresql_alone
@pytest.mark.parametrize(("name", "chosen"), [
    ("attempt", {"outcome": "refused"}), ("attempt", {"failure": "balance"}), ("deliveryreport", {"status": "unknown"}),
    ("deliveryreport", {"applied": "0"}), ("deliveryreport", {"is_waiting": "1"}),
])  # fmt: skip
def test_other_lists_read_no_more_than_the_bound(name, chosen, boss, cast, many):
    boss.get(LIST)
    for found in (chosen, {"provider": many["provider"]}, {**chosen, "provider": many["provider"]}):
        assert_reads_few(boss, f"/admin/sms/{name}/", found)
