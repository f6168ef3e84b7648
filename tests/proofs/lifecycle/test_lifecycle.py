"""Orders of steps: the same few in each run of the suite, and others by seed in `dev.py prove lifecycle`.

Bugs put in on purpose are found.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from providers.base import Failure, MessageState
from providers.registry import SENDERS
from sms.domain import lifecycle
from sms.models import Provider
from sms.services.configuration import snapshot
from sms.services.dispatch import outcomes, rescue
from sms.services.queue import claimed_messages, notify, outbox
from sms.services.reports import apply
from sms.services.staff import message_actions
from tests.sms.services.conftest import Shop
from tests.sms.services.fakes import PolledVendor, TextVendor

from .machine import Lifecycle

ASKED = os.environ.get("LIFECYCLE_EXAMPLES")
"""How many orders `dev.py prove lifecycle` tries. With derandomize, hypothesis would ignore its seed."""
EXAMPLES = int(ASKED or "12")
STEPS = 40


@pytest.fixture
def shop(transactional_db, monkeypatch, settings):
    """Two providers: one calls back for each attempt, the other is polled. An OTP may go out once more."""
    for adapter in (TextVendor, PolledVendor):
        monkeypatch.setitem(SENDERS, adapter.slug, adapter)
    monkeypatch.setattr(notify, "_notifier", SimpleNamespace(notify=lambda subject: None))
    settings.RETENTION_TEXT_DAYS = settings.RETENTION_RAW_DAYS = 0
    shop = Shop()
    Provider.objects.filter(pk=shop.second.pk).update(vendor=PolledVendor.slug)
    shop.route.resend_unconfirmed_otp = True
    shop.route.save()
    snapshot.reset_cache()
    yield shop
    snapshot.reset_cache()


@pytest.fixture
def machine(shop):
    return type("Lifecycle", (Lifecycle,), {"shop": shop})


def test_no_order_of_steps_breaks_the_model(machine):
    unchecked = [HealthCheck.too_slow, HealthCheck.data_too_large]
    chosen = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=unchecked, derandomize=ASKED is None
    )
    run_state_machine_as_test(machine, settings=chosen)


def sql(module, name, old, new):
    """The statement without a part of it."""
    statement = getattr(module, name)
    assert old in statement, (name, old)
    return mock.patch.object(module, name, statement.replace(old, new))


def lease_not_checked_at_giving_back():
    owned = "sms_message.status = 'sending' AND sms_message.lease_token = v.attempt"
    return sql(claimed_messages, "_RESCHEDULE", owned, "sms_message.status = 'sending'")


def state_not_checked_at_giving_back():
    owned = "sms_message.status = 'sending' AND sms_message.lease_token = v.attempt"
    return sql(claimed_messages, "_RESCHEDULE", owned, "v.attempt IS NOT NULL")


def lease_not_checked_at_settling():
    owned = " AND sms_message.status = 'sending' AND sms_message.lease_token = v.attempt"
    return sql(outcomes, "_SETTLE_MESSAGES", owned, "")


def claim_that_takes_nothing():
    return sql(outbox, "_MARK_ON_SQLITE", "status = 'sending'", "status = 'queued'")


def expiry_of_any_state():
    return sql(outbox, "_OVERDUE", "status IN ('queued', 'held')", "status <> 'sending'")


def retry_after_a_lost_lease():
    real = rescue.failed
    return mock.patch.object(rescue, "failed", lambda _, code, words: real(Failure.TRANSIENT, code, words))


def ambiguous_taken_for_refused():
    return mock.patch.object(lifecycle, "_after_ambiguous", lambda now, last: lifecycle._queue(now, last, 0))


def bad_report_that_sends_again():
    real = apply._apply_one
    return mock.patch.object(apply, "_apply_one", lambda batch, update: real(batch, replace(update, left=False)))


def report_that_moves_backwards():
    def after_report(*, report, **_):
        known = report in ("sent", "delivered", "undelivered")
        return lifecycle.ReportEffect(known, status=lifecycle.Status(report) if known else None)

    return mock.patch.object(apply, "after_report", after_report)


def resend_while_it_is_sent():
    return mock.patch.object(message_actions, "RESENDABLE", frozenset(lifecycle.Status))


def cancel_in_any_state():
    return mock.patch.object(message_actions, "CANCELABLE", frozenset(lifecycle.Status))


def late_give_back(machine):
    message = machine.accept(False)
    [claim] = machine.claim(knows=False).values
    machine.leases_run_out()
    machine.staff_act(message, "resent", went_out=False)
    machine.claim(knows=True)
    machine.give_back(claim, is_late=True)


def late_answer(machine):
    message = machine.accept(False)
    [job] = machine.claim(knows=True).values
    machine.leases_run_out()
    machine.staff_act(message, "resent", went_out=False)
    machine.claim(knows=True)
    machine.end(job, "accepted", is_late=False)


def two_claims(machine):
    machine.accept(False)
    machine.claim(knows=True)
    machine.claim(knows=True)


def lost_lease(machine):
    machine.accept(False)
    machine.claim(knows=True)
    machine.leases_run_out()
    machine.claim(knows=True)


def doubt(machine):
    machine.accept(False)
    [job] = machine.claim(knows=True).values
    machine.end(job, Failure.AMBIGUOUS, is_late=False)
    machine.claim(knows=True)


def reports(machine):
    message = machine.accept(False)
    [job] = machine.claim(knows=True).values
    attempt = machine.end(job, "accepted", is_late=False)
    machine.expire(message)
    machine.staff_act(message, "canceled", went_out=False)
    machine.report(attempt, MessageState.UNDELIVERED, None)
    machine.report(attempt, MessageState.DELIVERED, None)
    machine.report(attempt, MessageState.SENT, None)


def bad_report(machine):
    machine.accept(False)
    [job] = machine.claim(knows=True).values
    attempt = machine.end(job, "accepted", is_late=False)
    machine.report(attempt, MessageState.UNDELIVERED, None)
    machine.claim(knows=True)


def resend(machine):
    message = machine.accept(False)
    machine.claim(knows=True)
    machine.staff_act(message, "resent", went_out=False)


BUGS = [
    (lease_not_checked_at_giving_back, late_give_back),
    (state_not_checked_at_giving_back, late_give_back),
    (lease_not_checked_at_settling, late_answer),
    (claim_that_takes_nothing, two_claims),
    (retry_after_a_lost_lease, lost_lease),
    (ambiguous_taken_for_refused, doubt),
    (expiry_of_any_state, reports),
    (cancel_in_any_state, reports),
    (bad_report_that_sends_again, bad_report),
    (report_that_moves_backwards, reports),
    (resend_while_it_is_sent, resend),
]


@pytest.mark.any_database
@pytest.mark.parametrize(("bug", "order"), BUGS, ids=lambda each: each.__name__)
def test_a_bug_put_in_on_purpose_is_found_by_an_order_of_steps(machine, bug, order):
    for put_in in (nullcontext(), bug()):
        tried = machine()
        tried.empty()
        with put_in, nullcontext() if isinstance(put_in, nullcontext) else pytest.raises(AssertionError):
            order(tried)
