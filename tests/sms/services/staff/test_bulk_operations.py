"""Bulk operations: the check beforehand, batches, a worker's death, and what is never moved or sent twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from providers.base import Failure, Refused, Unavailable, Unconfirmed
from sms.models import BlockedNumber, BulkOperation, Message, MessageEvent, Provider, ProviderState
from sms.services.database import clock
from sms.services.queue import outbox
from sms.services.queue.errors import ActionRefused
from sms.services.staff import bulk_operations, message_actions
from sms.services.staff.bulk_operations import Plan, preview, run_batch, selected, start
from tests.sms.services.fakes import error

WHO = {"actor": "aysel", "reason": "first is down"}
WAITING = {"view": "waiting"}


def run(operation: BulkOperation, limit: int = 50) -> BulkOperation:
    """Work until it has ended."""
    for _ in range(1000):
        run_batch(limit)
        operation.refresh_from_db()
        if not operation.is_unfinished:
            return operation
    raise AssertionError("the operation does not end")


def move_to(target: Provider, **filters: str) -> Plan:
    return Plan("move", WAITING | filters, target.pk)


def test_all_waiting_messages_of_a_provider_are_moved_and_sent_once(shop, wire, work):
    messages = [shop.message(f"Salam {number}") for number in range(7)]
    shop.message("elsewhere", provider_id=shop.second.pk)
    operation = run(start(move_to(shop.second, provider=str(shop.first.pk)), **WHO), limit=3)
    assert (operation.state, operation.expected, operation.done, operation.skipped) == ("finished", 7, 7, 0)
    assert set(Message.objects.values_list("provider", flat=True)) == {shop.second.pk}
    assert MessageEvent.objects.filter(kind="moved", actor="aysel", reason__startswith="first is down").count() == 7
    work()
    assert sorted(wire.texts("second")) == sorted([*(m.text for m in messages), "elsewhere"])
    assert wire.texts("first") == []


def test_an_otp_is_moved_too_and_keeps_its_time_to_live(shop):
    otp = shop.message("Kod 1234", is_otp=True)
    run(start(move_to(shop.second), **WHO))
    moved = Message.objects.get(pk=otp.pk)
    assert (moved.provider_id, moved.expires_at) == (shop.second.pk, otp.expires_at)


def attempted(shop, wire, work, failure: Exception) -> Message:
    """A message that waits again after one attempt at `first`."""
    shop.set_route(shop.first)
    message = shop.message()
    wire.script("first.example", failure)
    work()
    message.refresh_from_db()
    return message


def test_a_message_whose_attempts_never_left_is_moved(shop, wire, work):
    message = attempted(shop, wire, work, error(Unavailable, Failure.TRANSIENT, "refused"))
    assert message.status == "queued"
    assert run(start(move_to(shop.second), **WHO)).done == 1
    work()
    assert len(wire.texts("second")) == 1


@pytest.mark.parametrize(
    ("columns", "attempt"),
    [
        ({"in_doubt": True}, {}),
        ({}, {"outcome": "unconfirmed"}),
        ({}, {"outcome": "accepted"}),
        ({}, {"outcome": None}),
    ],
)
def test_a_message_that_may_have_been_sent_is_not_moved(shop, columns, attempt):
    message = shop.message(attempts_made=1, **columns)
    now = clock.now()
    message.attempts.create(
        id=clock.new_id(),
        number=1,
        provider=shop.first,
        lease_token=clock.new_id(),
        started_at=now,
        **{"outcome": "unavailable"} | attempt,
    )
    plan = move_to(shop.second)
    assert preview(plan).possible == 0
    operation = run(start(plan, **WHO))
    assert (operation.done, operation.skipped) == (0, 1)
    assert operation.reasons == {"An earlier attempt may have sent this message: it is not moved.": 1}
    assert Message.objects.get().provider_id == shop.first.pk
    with pytest.raises(ActionRefused, match="may have sent"):
        message_actions.move(message.pk, provider_id=shop.second.pk, **WHO)


def test_a_message_that_the_target_has_rejected_is_not_moved_there(shop):
    message = shop.message(attempts_made=1)
    message.attempts.create(
        id=clock.new_id(),
        number=1,
        provider=shop.second,
        lease_token=clock.new_id(),
        started_at=clock.now(),
        outcome="refused",
        failure=Failure.CONTENT,
    )
    assert list(preview(move_to(shop.second)).reasons) == ["This provider has rejected the message already."]


def test_unconfirmed_messages_are_neither_moved_nor_resent(shop, wire, work):
    shop.message()
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS, "timeout"))
    work()
    for plan in (move_to(shop.second), Plan("resend", {"view": "unconfirmed"})):
        assert selected(plan).count() == 0
        with pytest.raises(ActionRefused, match="No messages are left"):
            start(plan, **WHO)


def test_the_check_groups_the_reasons_why_messages_could_not_go_there(shop):
    for text in ("one", "two"):
        shop.message(text)
    shop.message("in doubt", in_doubt=True)
    shown = preview(move_to(shop.second))
    assert (shown.total, shown.checked, shown.possible) == (3, 3, 2)
    Provider.objects.filter(pk=shop.second.pk).update(enabled=False)
    shop.second.refresh_from_db()
    shop.second.save()
    shown = preview(move_to(shop.second))
    assert shown.possible == 0
    [reason, other] = sorted(shown.reasons.items(), key=lambda pair: -pair[1])
    assert "second: The provider is disabled." in reason[0]
    assert (reason[1], other[1]) == (2, 1)


def test_messages_to_a_blocked_number_are_not_moved(shop):
    shop.message(to="+994501112233")
    shop.message()
    BlockedNumber.objects.create(phone="+994501112233")
    shown = preview(move_to(shop.second))
    assert (shown.possible, list(shown.reasons)) == (1, ["This number does not want messages."])
    operation = run(start(move_to(shop.second), **WHO))
    assert (operation.done, operation.skipped) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"enabled": False}, "disabled"), ({"paused": True}, "paused"), ({"breaker": "open"}, "suspended")],
)
def test_nothing_is_moved_to_a_provider_that_sends_nothing(shop, changes, problem):
    shop.message()
    if "breaker" in changes:
        ProviderState.objects.filter(provider=shop.second).update(**changes)
    else:
        Provider.objects.filter(pk=shop.second.pk).update(**changes)
    with pytest.raises(ActionRefused, match=f"second is {problem}"):
        start(move_to(shop.second), **WHO)


@pytest.mark.parametrize("went_out", [True, False])
def test_unconfirmed_messages_are_resolved_but_not_those_that_became_so_later(went_out, shop, wire, work):
    old = shop.message("old", status="unconfirmed")
    operation = start(Plan("resolve", {"view": "unconfirmed"}, went_out=went_out), **WHO)
    new = shop.message("new", status="unconfirmed", updated_at=clock.now() + timedelta(seconds=1))
    changed = Message.objects.filter(pk=old.pk)
    assert run(operation).done == 1
    assert changed.get().status == ("submitted" if went_out else "failed")
    new.refresh_from_db()
    assert new.status == "unconfirmed"


def test_failed_messages_are_resent_once_each_and_otps_are_skipped(shop, wire, work):
    wire.script("first.example", *[error(Refused, Failure.CONTENT, "bad")] * 2)
    wire.script("second.example", *[error(Refused, Failure.CONTENT, "bad")] * 2)
    shop.message("one")
    shop.message("two")
    work()
    shop.message("Kod 1", is_otp=True, status="failed")
    operation = run(start(Plan("resend", {"view": "failed"}), **WHO))
    assert (operation.done, operation.skipped) == (2, 1)
    work()
    assert sorted(Message.objects.filter(is_otp=False).values_list("status", flat=True)) == ["submitted"] * 2


def test_waiting_messages_are_canceled(shop, wire, work):
    shop.message()
    assert run(start(Plan("cancel", WAITING), **WHO)).done == 1
    work()
    assert wire.calls == []
    assert Message.objects.get().status == "canceled"


def test_after_a_workers_death_a_batch_is_done_once(shop, monkeypatch):
    for number in range(4):
        shop.message(f"Salam {number}")
    operation = start(move_to(shop.second), **WHO)
    run_batch(2)
    move, calls = message_actions.move, []

    def die(message, **words):
        move(message, **words)
        calls.append(message)
        if len(calls) == 2:
            raise OperationalError("the server closed the connection")

    monkeypatch.setattr(message_actions, "move", die)
    with pytest.raises(OperationalError):
        run_batch(2)
    operation.refresh_from_db()
    assert operation.done == 2
    assert MessageEvent.objects.filter(kind="moved").count() == 2
    assert run(operation).done == 4
    assert MessageEvent.objects.filter(kind="moved").count() == 4


def test_an_error_of_our_own_counts_as_failed_and_stops_nothing(shop, monkeypatch):
    shop.message("one")
    shop.message("two")
    cancel, first = message_actions.cancel, Message.objects.earliest("id").pk

    def stumble(message, **words):
        if message == first:
            raise RuntimeError("made up")
        cancel(message, **words)

    monkeypatch.setattr(message_actions, "cancel", stumble)
    operation = run(start(Plan("cancel", WAITING), **WHO))
    assert (operation.done, operation.failed) == (1, 1)


def test_a_move_waits_for_calls_in_progress_and_takes_those_that_fail(shop):
    shop.message("queued")
    sending = shop.message("sending")
    lease = {"lease_token": clock.new_id(), "lease_until": clock.now() + timedelta(minutes=1)}
    Message.objects.filter(pk=sending.pk).update(status="sending", **lease)
    operation = start(move_to(shop.second), **WHO)
    for _ in range(3):
        run_batch()
    operation.refresh_from_db()
    assert (operation.state, operation.done) == ("running", 1)
    Message.objects.filter(pk=sending.pk).update(status="queued", lease_token=None, lease_until=None)
    assert run(operation).done == 2


def test_a_stopped_operation_does_no_more(shop):
    for number in range(3):
        shop.message(f"Salam {number}")
    operation = start(move_to(shop.second), **WHO)
    run_batch(1)
    bulk_operations.stop(operation.pk, actor="aysel")
    assert run_batch() == 0
    operation.refresh_from_db()
    assert (operation.state, operation.done) == ("stopped", 1)
    with pytest.raises(ActionRefused, match="ended already"):
        bulk_operations.stop(operation.pk, actor="aysel")


def test_messages_that_come_after_the_start_are_left_alone(shop):
    shop.message("before")
    operation = start(move_to(shop.second), **WHO)
    late = shop.message("after", id=outbox.as_uuid("ffffffff-ffff-7fff-bfff-ffffffffffff"))
    assert run(operation).done == 1
    late.refresh_from_db()
    assert late.provider_id == shop.first.pk


@pytest.mark.parametrize(
    "filters",
    [
        {"q": "+994501234567"},
        {"view": "nowhere"},
        {"provider": "x"},
        {"is_otp": "2"},
        {"text__contains": "a"},
        {"first": "1"},
    ],
)
def test_a_filter_that_does_not_exist_is_refused(filters, shop):
    with pytest.raises(ActionRefused):
        start(Plan("cancel", filters), **WHO)
    assert not BulkOperation.objects.exists()


@pytest.mark.parametrize("plan", [Plan("move", WAITING), Plan("resolve", {"view": "unconfirmed"})])
def test_an_incomplete_plan_is_refused(plan, shop):
    with pytest.raises(ActionRefused):
        start(plan, **WHO)


def test_a_reason_is_required(shop):
    with pytest.raises(ActionRefused, match="Enter a reason"):
        start(move_to(shop.second), actor="aysel", reason=" ")


@pytest.mark.postgresql_alone
def test_two_workers_never_handle_the_same_message(shop):
    for number in range(20):
        shop.message(f"Salam {number}")
    operation = start(move_to(shop.second), **WHO)

    def work() -> None:
        try:
            for _ in range(60):
                run_batch(2)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert run(operation).done == 20
    assert MessageEvent.objects.filter(kind="moved").count() == 20
