"""Which way PostgreSQL goes for the questions of every turn: statistics of a minute ago must not lead it astray."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import connection

from sms.models import Message
from sms.services import clock, gates, outbox

pytestmark = pytest.mark.postgresql_alone

BACKLOG = 5_000


@pytest.fixture
def drained(shop):
    """The tables of a backlog that was there when statistics were taken, and is gone since."""
    pattern = shop.message()
    columns = [field.column for field in Message._meta.concrete_fields]
    listed = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join("gen_random_uuid()" if name == "id" else f'"{name}"' for name in columns)
    copies = f"INSERT INTO sms_message ({listed}) SELECT {values} FROM sms_message, generate_series(1, %s)"
    attempts = """
        INSERT INTO sms_attempt (id, message_id, number, provider_id, lease_token, outcome, started_at, failure, code,
            detail, vendor_message_id, reported, polls, poll_at)
        SELECT id, id, 1, provider_id, id, 'accepted', now(), '', '', '', '', '', 0, now() FROM sms_message"""
    with connection.cursor() as cursor:
        cursor.execute(copies, [BACKLOG])
        cursor.execute(attempts)
        cursor.execute("ANALYZE sms_message, sms_attempt")
        cursor.execute("UPDATE sms_message SET status = 'delivered'")
        cursor.execute("UPDATE sms_attempt SET poll_at = NULL")
    return pattern


def plan_of(statement, parameters):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        found = cursor.fetchone()[0]
    return (found if isinstance(found, list) else json.loads(found))[0]["Plan"]


def rows_read(plan):
    """Of messages, attempts and callbacks, those that it took in its hands."""
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    mine = own if plan.get("Relation Name") in ("sms_message", "sms_attempt", "sms_callback") else 0
    return mine + sum(rows_read(part) for part in plan.get("Plans", ()))


@pytest.fixture
def asked(monkeypatch):
    """The statements of a block, not sent."""
    caught = []

    def catch(statement, parameters):
        caught.append((statement, parameters))
        return list

    monkeypatch.setattr("sms.services.together.ask", catch)
    return caught


def test_the_look_at_what_waits_reads_nothing_that_waits_no_more(drained, asked):
    gates.ask()
    outbox.lock_due(drained.provider_id, is_otp=False, limit=64)
    assert len(asked) == 3
    for statement, parameters in asked:
        assert rows_read(plan_of(statement, parameters)) <= 5, statement


@pytest.fixture
def backlog(drained):
    few = Message.objects.order_by("pk").values("pk")[:1_000]
    Message.objects.filter(pk__in=few).update(status="queued")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sms_message")
    return drained


def test_claiming_one_of_many_reads_that_one(backlog, asked):
    due = Message.objects.filter(status="queued").first()
    record = {"message": due.pk, "attempt": clock.new_id(), "number": 2, "provider": due.provider_id, "version": None}
    now = datetime.now(UTC)
    outbox.claim([{**record, "parameters": {}, "lease_until": now}], now=now)
    [(statement, parameters)] = [each for each in asked if "marked" in each[0]]
    assert rows_read(plan_of(statement, parameters)) <= 5


def test_whether_a_call_of_a_vendor_waits_reads_none_that_was_read(shop, asked):
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO sms_callback (provider_id, address_digest, body_digest, method, query, content_type, body,
                   count, note, received_at, last_received_at)
               SELECT %s, n::text, n::text, 'POST', '', '', '', 1, '', now(), now() FROM generate_series(1, %s) n""",
            [shop.first.pk, BACKLOG],
        )
        cursor.execute("ANALYZE sms_callback")
        cursor.execute("UPDATE sms_callback SET read_at = now()")
    outbox.callbacks_wait()
    outbox.lock_callbacks(100)
    assert len(asked) == 2
    for statement, parameters in asked:
        assert rows_read(plan_of(statement, parameters)) <= 5, statement
