"""PostgreSQL's plans for the queries of every turn: they must be right with old statistics, too."""

from __future__ import annotations

import pytest
from django.db import connection

from providers.base import Accepted, OutboundSms
from sms.models import ApiClient, Message
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import settle
from sms.services.queue import claimed_messages, client_turns, outbox, queue_state
from sms.services.queue.client_turns import ClientTurn
from sms.services.queue.jobs import Result, Send
from tests.support.query_plans import read_at_most, statements

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


def test_reading_the_queue_reads_nothing_that_waits_no_more(drained):
    with statements() as sent:
        queue_state.read_queue()
        outbox.claim(drained.provider_id, is_otp=False, attempts=[clock.new_id() for _ in range(64)], lease=20)
        outbox.lock_due(drained.provider_id, is_otp=False, limit=200)
    assert len(sent) == 3
    read_at_most(5, sent)


@pytest.fixture
def backlog(drained):
    few = Message.objects.order_by("pk").values("pk")[:1_000]
    Message.objects.filter(pk__in=few).update(status="queued", attempts_made=1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sms_message")
    return drained


def claim_one_of(backlog):
    attempts = [clock.new_id()]
    return outbox.claim(backlog.provider_id, is_otp=False, attempts=attempts, lease=20)[0][0]


def test_claiming_one_of_many_reads_that_one(backlog):
    with statements() as sent:
        claimed = claim_one_of(backlog)
    claimed_messages.give_back([claimed.attempt])  # so that the statement can be run again
    assert len(sent) == 1
    read_at_most(5, sent)


def test_a_client_in_its_turn_costs_nothing_of_anothers_backlog(shop, backlog):
    other = ApiClient.objects.create(username="other", secret_digest="0" * 64)
    shop.message(client=other)
    turns = [ClientTurn(backlog.client_id, in_flight=5)]
    attempts = [clock.new_id()]
    with statements() as sent:
        [claimed], _ = outbox.claim(backlog.provider_id, is_otp=False, attempts=attempts, lease=20, turns=turns)
        client_turns.are_several(backlog.provider_id, is_otp=False)
    assert claimed.message.client == other.pk
    claimed_messages.give_back(attempts)
    assert len(sent) == 2
    read_at_most(8, sent)


def test_giving_one_back_reads_that_one(backlog):
    attempt = claim_one_of(backlog).attempt
    with statements() as sent:
        claimed_messages.give_back([attempt])
    assert len(sent) == 2
    read_at_most(5, sent)


def test_settling_one_reads_that_one(backlog):
    claimed = claim_one_of(backlog)
    account = snapshot.current().accounts[backlog.provider_id]
    sms = OutboundSms(reference=str(claimed.attempt), to=claimed.message.to, text="Salam")
    result = Result(Send(claimed.message, claimed.attempt, account, sms, 0.0, float("inf")), value=Accepted("", ""))
    with statements() as sent:
        settle.write(settle.decide([result]))
    [statement] = [each for each in sent if "outcome" in each.text]
    read_at_most(5, [statement])


def test_whether_a_call_of_a_vendor_waits_reads_none_that_was_read(shop):
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO sms_callback (provider_id, address_digest, body_digest, method, query, content_type, body,
                   count, note, received_at, last_received_at)
               SELECT %s, n::text, n::text, 'POST', '', '', '', 1, '', now(), now() FROM generate_series(1, %s) n""",
            [shop.first.pk, BACKLOG],
        )
        cursor.execute("ANALYZE sms_callback")
        cursor.execute("UPDATE sms_callback SET read_at = now()")
    with statements() as sent:
        outbox.has_unread_callbacks()
        outbox.lock_callbacks(100)
    assert len(sent) == 2
    read_at_most(5, sent)


def test_statistics_count_statuses_that_one_message_in_a_hundred_thousand_has(db):
    """Else the list of waiting messages is searched through all others among ten million (migration 0036)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = 'sms_message'::regclass AND attname = 'status'"
        )
        assert cursor.fetchone() == (1000,)
