"""Retention: what is erased and deleted, and when."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from sms.models import (
    Alert,
    Attempt,
    Callback,
    DeliveryReport,
    LoginSource,
    Message,
    MessageEvent,
    RefusedRequest,
    RetentionPeriods,
    RetentionWalk,
)
from sms.services.configuration import retention_periods, snapshot
from sms.services.database import clock
from sms.services.maintenance import retention
from sms.services.queue import redaction
from sms.services.staff import message_actions
from tests.sms import cast
from tests.sms.cast import body, send


def message(caller: Client, *, age: timedelta = timedelta(0), status: str = "submitted", **changes: Any) -> Message:
    """An accepted message in a later state."""
    send(caller, body(**changes))
    found = Message.objects.order_by("-id")[0]
    then = clock.now() - age
    Message.objects.filter(pk=found.pk).update(
        created_at=then, expires_at=then + timedelta(seconds=300 if found.is_otp else 86_400), status=status
    )
    Attempt.objects.create(
        id=clock.new_id(),
        message=found,
        number=1,
        provider=found.provider,
        lease_token=uuid.uuid4(),
        outcome="accepted",
        raw_request=f"text={found.text}",
        raw_response="OK",
        started_at=then,
    )
    found.refresh_from_db()
    return found


def is_erased(found: Message) -> bool:
    found.refresh_from_db()
    attempt = found.attempts.get()
    kept = (found.text, found.raw_text, found.parameters, attempt.raw_request, attempt.raw_response)
    erased = found.erased_at is not None
    assert all((value is None) is erased for value in kept)
    return erased


def until_nothing_is_left(step: Any, limit: int = 2) -> int:
    total = 0
    for _ in range(100):
        done = step(limit)
        if not done:
            return total
        total += done
    raise AssertionError("there is always something left")


class TestOtps:
    def test_an_otp_is_erased_when_its_time_to_live_is_over_whatever_its_state(self, caller: Client) -> None:
        over = [
            message(caller, isOtp=True, age=timedelta(minutes=6), status=status, to=cast.TEMPLATE_TO)
            for status in ("submitted", "unconfirmed", "sent", "failed")
        ]
        until_nothing_is_left(retention.erase_due)
        assert all(map(is_erased, over))

    def test_before_that_it_stays(self, caller: Client) -> None:
        young = message(caller, isOtp=True, age=timedelta(minutes=4))
        other = message(caller, age=timedelta(minutes=6))
        until_nothing_is_left(retention.erase_due)
        assert not is_erased(young)
        assert not is_erased(other)

    def test_one_that_is_being_sent_is_left_to_the_end_of_its_lease(self, caller: Client) -> None:
        found = message(caller, isOtp=True, age=timedelta(minutes=6))
        lease = {"lease_token": uuid.uuid4(), "lease_until": clock.now()}
        Message.objects.filter(pk=found.pk).update(status="sending", **lease)
        until_nothing_is_left(retention.erase_due)
        assert not is_erased(found)


class TestTextsAndRawExchanges:
    def test_a_text_goes_after_its_days_and_its_raw_exchanges_with_it(self, caller: Client, settings: Any) -> None:
        settings.RETENTION_TEXT_DAYS, settings.RETENTION_RAW_DAYS = 3, 30
        old = [message(caller, age=timedelta(days=3, minutes=1)) for _ in range(5)]
        young = message(caller, age=timedelta(days=2, hours=23))
        until_nothing_is_left(retention.erase_due)
        assert all(map(is_erased, old))
        assert not is_erased(young)

    def test_raw_exchanges_go_after_theirs(self, caller: Client, settings: Any) -> None:
        settings.RETENTION_TEXT_DAYS, settings.RETENTION_RAW_DAYS = 30, 3
        old = message(caller, age=timedelta(days=3, minutes=1))
        until_nothing_is_left(retention.erase_due)
        old.refresh_from_db()
        assert old.text == cast.TEXT
        assert (old.attempts.get().raw_request, old.attempts.get().raw_response) == (None, None)

    @pytest.mark.parametrize("status", ["queued", "held"])
    def test_what_is_yet_to_be_sent_keeps_its_text(self, caller: Client, status: str) -> None:
        waiting = message(caller, age=timedelta(days=30), status=status)
        until_nothing_is_left(retention.erase_due)
        waiting.refresh_from_db()
        assert (waiting.text, waiting.erased_at) == (cast.TEXT, None)

    def test_what_a_walk_passed_while_it_was_in_use_is_found_the_day_after(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting = message(caller, age=timedelta(days=30), status="queued")
        until_nothing_is_left(retention.erase_due)
        Message.objects.update(status="expired")
        monkeypatch.setattr(retention, "SCAN_AGAIN_AFTER", timedelta(seconds=-1))
        until_nothing_is_left(retention.erase_due)
        until_nothing_is_left(retention.erase_due)
        assert is_erased(waiting)

    def test_what_is_erased_already_is_passed_a_window_at_a_time(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention, "WINDOW", 6)
        made = [message(caller, age=timedelta(days=30)) for _ in range(7)]
        until_nothing_is_left(retention.erase_due)
        RetentionWalk.objects.update(position="")
        for reached in (made[5], made[6], made[6]):
            retention.erase_due(2)
            assert RetentionWalk.objects.get(table="sms_message").position == str(reached.pk)

    def test_another_dispatcher_goes_on_where_this_one_stands_and_takes_no_step_twice(self, caller: Client) -> None:
        kept = message(caller, age=timedelta(days=30))
        texts, now = retention.SCANS[0], clock.now()
        mark = RetentionWalk.objects.create(table=texts.table, begun_at=now)
        RetentionWalk.objects.update(position=str(kept.pk))  # the other one was here in the meantime
        assert texts.step(mark, now, 7, 2) == 1
        assert not is_erased(kept)

    def test_what_is_taken_into_use_between_the_look_and_the_erasing_keeps_its_text(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = message(caller, age=timedelta(days=30))
        genuine = retention.TableScan._move

        def move(walk: retention.TableScan, mark: RetentionWalk, position: Any) -> bool:
            Message.objects.update(status="queued")  # staff sent it again
            return genuine(walk, mark, position)

        monkeypatch.setattr(retention.TableScan, "_move", move)
        until_nothing_is_left(retention.erase_due)
        kept.refresh_from_db()
        assert (kept.text, kept.erased_at) == (cast.TEXT, None)

    def test_a_window_with_more_than_a_step_takes_is_done_to_its_end(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention, "WINDOW", 6)
        made = [message(caller, age=timedelta(days=30)) for _ in range(7)]
        until_nothing_is_left(retention.erase_due, limit=2)
        assert all(map(is_erased, made))

    def test_a_raw_callback_goes_once_it_was_read(self, caller: Client) -> None:
        found = message(caller)
        then = clock.now() - timedelta(days=8)
        common = {"provider": found.provider, "address_digest": "a", "method": "POST", "body": b"x", "query": b"y"}
        times = {"received_at": then, "last_received_at": then}
        read = Callback.objects.create(body_digest="1", read_at=then, **common, **times)
        unread = Callback.objects.create(body_digest="2", **common, **times)
        until_nothing_is_left(retention.erase_due)
        read.refresh_from_db()
        unread.refresh_from_db()
        assert (read.body, bytes(read.query)) == (None, b"")
        assert bytes(unread.body or b"") == b"x"

    def test_at_its_end_a_walk_costs_one_look(self, caller: Client) -> None:
        for _ in range(5):
            message(caller)
        until_nothing_is_left(retention.erase_due)
        snapshot.latest()
        with override_settings(CONFIGURATION_MAX_AGE=60), CaptureQueriesContext(connection) as queries:
            retention.erase_due(500)
        others = 2  # OTPs that are over, and where the walks stand
        assert len([q for q in queries if " FROM " in q["sql"]]) <= len(retention.SCANS) + others


class TestRows:
    def test_a_message_goes_with_all_that_hangs_on_it(self, caller: Client) -> None:
        old = message(caller, age=timedelta(days=91))
        young = message(caller, age=timedelta(days=89))
        for found in (old, young):
            MessageEvent.objects.create(message=found, at=clock.now(), kind="resent")
            DeliveryReport.objects.create(
                provider=found.provider, message=found, attempt=found.attempts.get(), received_at=clock.now()
            )
        assert until_nothing_is_left(retention.delete_due) == 1
        assert list(Message.objects.all()) == [young]
        assert Attempt.objects.count() == MessageEvent.objects.count() == DeliveryReport.objects.count() == 1

    def test_many_go_in_small_batches(self, caller: Client) -> None:
        for _ in range(7):
            message(caller, age=timedelta(days=91))
        assert retention.delete_due(3) == 3
        assert until_nothing_is_left(retention.delete_due) == 4

    def test_a_message_that_waits_is_never_deleted(self, caller: Client) -> None:
        message(caller, age=timedelta(days=91), status="queued")
        assert until_nothing_is_left(retention.delete_due) == 0
        assert Message.objects.count() == 1

    def test_refusals_go_after_a_week_and_closed_alerts_and_old_logins_in_their_time(self, caller: Client) -> None:
        now = clock.now()
        send(caller, b"")
        RefusedRequest.objects.update(created_at=now - timedelta(days=7, minutes=1))
        send(caller, b"")
        for closed in (now - timedelta(days=91), now, None):
            Alert.objects.create(key=str(closed), severity="warning", title="x", opened_at=now, closed_at=closed)
        for account, seen in (("nobody-1", now - timedelta(days=31)), ("nobody-2", now)):
            LoginSource.objects.create(account=account, source="127.0.0.1", succeeded_at=seen)
        until_nothing_is_left(retention.delete_due)
        assert RefusedRequest.objects.count() == 1
        assert Alert.objects.count() == 2
        left = LoginSource.objects.filter(account__startswith="nobody").values_list("account", flat=True)
        assert list(left) == ["nobody-2"]


def test_a_text_that_is_sent_again_at_this_very_moment_is_kept(shop, wire, work, monkeypatch):
    message = shop.message(status="unconfirmed", in_doubt=True)
    Message.objects.update(created_at=clock.now() - timedelta(days=8))
    genuine = redaction.erase_messages

    def erase(ids, **more):
        """Staff resend the message between retention's SELECT and its UPDATE."""
        if ids:
            monkeypatch.setattr(redaction, "erase_messages", genuine)
            message_actions.resend(message.pk, actor="aysel", reason="the customer called")
        genuine(ids, **more)

    monkeypatch.setattr(redaction, "erase_messages", erase)
    while retention.erase_due():
        pass
    work()
    assert wire.texts() == ["Salam"]


def test_the_periods_build_no_snapshot_in_the_transaction_of_a_change(caller: Client) -> None:
    snapshot.reset_cache()
    with transaction.atomic():
        RetentionPeriods.objects.create(text_days=3)
        assert retention_periods.current().text == 3
    assert snapshot.cached() is None
