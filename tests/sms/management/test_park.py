"""`manage.py park`: after a restore, what may have gone out is nobody's guess."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from providers.base import Failure, Unconfirmed
from sms.domain.lifecycle import Status
from sms.models import (
    Attempt,
    InboundGateway,
    InboundMessage,
    InboundPush,
    Message,
    MessageEvent,
    Partner,
    PushStatus,
)
from sms.services.database import clock
from sms.services.staff import bulk_operations, message_actions
from sms.services.worker.heartbeat import Heartbeat
from tests.sms.services.conftest import fresh, shop, wire, work  # noqa: F401 - the small shop of the services' tests
from tests.sms.services.fakes import error

REASON = "restored the backup of Friday 03:00"


def ago(seconds: float):
    return clock.now() - timedelta(seconds=seconds)


def park(before=None) -> None:
    call_command("park", before=(before or clock.now()).isoformat(), reason=REASON)


def status(message: Message) -> str:
    return Message.objects.get(pk=message.pk).status


def test_what_was_queued_or_sending_is_unconfirmed_and_nothing_sends_it(shop, wire, work, capsys):  # noqa: F811
    queued, otp = shop.message(), shop.message(is_otp=True)
    sending = shop.message(status=Status.SENDING, lease_token=clock.new_id(), lease_until=clock.now())
    park()
    assert {status(message) for message in (queued, otp, sending)} == {Status.UNCONFIRMED}
    assert "3 messages are unconfirmed now" in capsys.readouterr().out
    work()
    assert wire.calls == []
    [event] = MessageEvent.objects.filter(message=queued)
    assert (event.kind, event.actor, event.reason) == ("parked", "manage.py park", REASON)


def test_what_was_stored_after_the_restore_goes_out(shop, wire, work):  # noqa: F811
    old = shop.message("old", created_at=ago(60))
    new = shop.message("new")
    park(before=ago(30))
    work()
    assert (status(old), status(new)) == (Status.UNCONFIRMED, Status.SUBMITTED)
    assert wire.texts() == ["new"]


@pytest.mark.parametrize("end", [s for s in Status if s not in (Status.QUEUED, Status.SENDING)])
def test_what_has_a_state_of_its_own_keeps_it(shop, end):  # noqa: F811
    message = shop.message(status=end)
    park()
    assert status(message) == end


def test_an_attempt_in_flight_is_closed_as_unconfirmed(shop, wire, work):  # noqa: F811
    wire.script("first.example", error(Unconfirmed, Failure.AMBIGUOUS))
    message = shop.message()
    work()
    Attempt.objects.update(outcome=None, finished_at=None)
    Message.objects.update(status=Status.SENDING, lease_token=clock.new_id(), lease_until=clock.now())
    park()
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.code) == ("unconfirmed", "parked")
    assert attempt.finished_at


def test_staff_may_send_a_parked_message_again(shop, wire, work):  # noqa: F811
    message = shop.message()
    park()
    message_actions.resend(message.pk, actor="staff", reason="the vendor has no trace of it")
    work()
    assert status(message) == Status.SUBMITTED


def test_more_than_a_batch_is_parked(shop, monkeypatch):  # noqa: F811
    monkeypatch.setattr("sms.services.maintenance.restore.BATCH_SIZE", 3)
    for _ in range(7):
        shop.message()
    park()
    assert Message.objects.filter(status=Status.UNCONFIRMED).count() == 7


def test_waiting_pushes_fail_so_that_no_partner_gets_a_message_twice(shop):  # noqa: F811
    now = clock.now()
    gateway = InboundGateway.objects.create(slug="modem-1")
    received = InboundMessage.objects.create(
        id=clock.new_id(), gateway=gateway, sender="Instagram", to="+79088081050", text="a text", received_at=now
    )
    partner = Partner.objects.create(slug="onlinesim", vendor="onlinesim", url="https://partner.example")
    push = InboundPush.objects.create(
        id=clock.new_id(),
        message=received,
        partner=partner,
        operation_id=355,
        due_at=now,
        created_at=now,
        updated_at=now,
    )
    park()
    push.refresh_from_db()
    assert (push.status, push.due_at, push.code) == (PushStatus.FAILED, None, "parked")


def test_an_unfinished_bulk_operation_is_stopped(shop):  # noqa: F811
    failed = shop.message(status="failed")
    plan = bulk_operations.Plan("resend", {"view": "failed"})
    operation = bulk_operations.start(plan, actor="aysel", reason="the vendor is back")
    park()
    operation.refresh_from_db()
    assert operation.state == "stopped"
    assert bulk_operations.run_batch() == 0
    assert status(failed) == "failed"


def test_a_living_dispatcher_is_stopped_first(shop, wire):  # noqa: F811
    message = shop.message()
    Heartbeat(8).beat(0)
    with pytest.raises(CommandError, match="Stop every dispatcher"):
        park()
    assert status(message) == Status.QUEUED


@pytest.mark.parametrize(
    "word",
    [
        "yesterday",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-13-31T12:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_a_time_without_an_offset_is_refused(word):
    with pytest.raises(CommandError, match="write it as 2026-01-31T12:00:00Z"):
        call_command("park", "--before", word, "--reason", REASON)


@pytest.mark.django_db
def test_a_reason_is_needed():
    with pytest.raises(CommandError, match="reason"):
        call_command("park", "--before", "2026-01-31T12:00:00Z")
    with pytest.raises(CommandError, match="--reason is empty"):
        call_command("park", "--before", "2026-01-31T12:00:00Z", "--reason", "  ")
