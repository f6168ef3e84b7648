"""Orders of steps: the same few in each run of the suite, and others by seed in `dev.py prove lifecycle`.

Bugs put in on purpose are found.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
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
from sms.services.dispatch import eligibility
from sms.services.queue import claimed_messages, notify, outbox
from sms.services.reports import apply
from sms.services.staff import message_actions
from tests.simulation.bugs import (
    claim_that_takes_nothing,
    lease_not_checked_at_settling,
    report_that_sends_again,
    retry_after_a_lost_lease,
    without_part,
)
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


def lease_not_checked_at_giving_back():
    owned = "sms_message.status = 'sending' AND sms_message.lease_token = v.attempt"
    return without_part(claimed_messages, "_RESCHEDULE", owned, "sms_message.status = 'sending'")


def state_not_checked_at_giving_back():
    owned = "sms_message.status = 'sending' AND sms_message.lease_token = v.attempt"
    return without_part(claimed_messages, "_RESCHEDULE", owned, "v.attempt IS NOT NULL")


def expiry_of_any_state():
    return without_part(outbox, "_OVERDUE", "status IN ('queued', 'held')", "status <> 'sending'")


def ambiguous_taken_for_refused():
    return mock.patch.object(lifecycle, "_after_ambiguous", lambda now, last: lifecycle._queue(now, last, 0))


def report_that_moves_backwards():
    def after_report(*, report, **_):
        known = report in ("sent", "delivered", "undelivered")
        return lifecycle.ReportEffect(known, status=lifecycle.Status(report) if known else None)

    return mock.patch.object(apply, "after_report", after_report)


def resend_while_it_is_sent():
    return mock.patch.object(message_actions, "RESENDABLE", frozenset(lifecycle.Status))


def cancel_in_any_state():
    return mock.patch.object(message_actions, "CANCELABLE", frozenset(lifecycle.Status))


@contextmanager
def doubt_forgotten_with_the_next_call():
    real = lifecycle.remaining

    def remaining(candidates, tries, **_):
        return real(candidates, tries, is_repeat=True)

    with mock.patch.object(lifecycle, "remaining", remaining), mock.patch.object(eligibility, "remaining", remaining):
        yield


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


def once_more(machine):
    machine.accept(True)
    for failure in (Failure.AMBIGUOUS, Failure.TRANSIENT):
        [job] = machine.claim(knows=True).values
        machine.end(job, failure, is_late=False)
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
    (doubt_forgotten_with_the_next_call, once_more),
    (expiry_of_any_state, reports),
    (cancel_in_any_state, reports),
    (report_that_sends_again, bad_report),
    (report_that_moves_backwards, reports),
    (resend_while_it_is_sent, resend),
]


@pytest.fixture
def empty_machine(machine):
    made = machine()
    made.empty()
    return made


@pytest.mark.any_database
@pytest.mark.parametrize("order", dict.fromkeys(order for _, order in BUGS), ids=lambda each: each.__name__)
def test_an_order_of_steps_breaks_nothing_without_a_bug(empty_machine, order):
    order(empty_machine)


@pytest.mark.any_database
@pytest.mark.parametrize(("bug", "order"), BUGS, ids=lambda each: each.__name__)
def test_a_bug_put_in_on_purpose_is_found_by_an_order_of_steps(empty_machine, bug, order):
    with bug(), pytest.raises(AssertionError, match=r"became|called"):
        order(empty_machine)
