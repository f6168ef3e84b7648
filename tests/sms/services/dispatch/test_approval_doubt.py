"""An approval in doubt: calls with it stop but for a probe, messages go elsewhere or wait, and what ends the doubt."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from providers.base import Failure, HttpResponse, Misconfigured
from providers.registry import SENDERS
from sms.models import (
    Alert,
    ApprovalDoubt,
    Breaker,
    Message,
    MessageTemplate,
    Provider,
    ProviderState,
    SenderApproval,
    TemplateApproval,
)
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import approval_doubt, rescue
from sms.services.worker import engine as worker_engine
from tests.sms.services.fakes import ApprovingVendor, TemplateVendor, error
from tests.sms.services.worker.test_engine_faults import raising_once, turn_until_idle


def approve(template, provider, vendor_template, **values):
    """An approval; the template is made if there is none, or found by its name."""
    body = values.pop("body", "Kod {code}")
    template = MessageTemplate.objects.filter(name=template).first() or MessageTemplate.objects.create(
        name=template, body=body
    )
    return TemplateApproval.objects.create(
        template=template, provider=provider, vendor_template=vendor_template, status="approved", **values
    )


@pytest.fixture
def vendor(shop, wire, monkeypatch):
    """The first provider takes templates and sender names that it knows; the second any text."""
    monkeypatch.setitem(SENDERS, TemplateVendor.slug, TemplateVendor)
    Provider.objects.filter(pk=shop.first.pk).update(vendor=TemplateVendor.slug)
    shop.first.refresh_from_db()
    SenderApproval.objects.create(sender=shop.sender, provider=shop.first, status="approved")
    vendor = wire.always["first.example"] = ApprovingVendor("7")
    return vendor


@pytest.fixture
def approval(shop, vendor):
    return approve("code", shop.first, "7")


@pytest.fixture
def only(shop, approval):
    """No other provider is on the route."""
    shop.set_route(shop.first)
    return approval


def state(message):
    message.refresh_from_db()
    return message.status


def make_due():
    """Waiting messages and probes are due."""
    now = clock.now()
    Message.objects.filter(status="queued").update(due_at=now)
    ApprovalDoubt.objects.update(probe_at=now)


def forget(vendor, *templates):
    vendor.templates.difference_update(templates or ("7",))


def doubts():
    return [(each.template_approval_id, each.sender_approval_id, each.code) for each in ApprovalDoubt.in_force()]


def open_alerts():
    return list(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


# --- what becomes of messages ------------------------------------------------------------------


def test_a_refused_template_sends_its_messages_to_the_next_provider(shop, approval, vendor, wire, work):
    forget(vendor)
    messages = [shop.message(f"Kod {number}") for number in range(5)]
    work()
    later = [shop.message(f"Kod {number}") for number in range(5, 10)]
    work()
    assert {state(each) for each in [*messages, *later]} == {"submitted"}
    assert sorted(wire.texts("second.example")) == [f"Kod {number}" for number in range(10)]
    assert len(vendor.refused) <= len(messages)
    assert doubts() == [(approval.pk, None, "no-template")]


def test_without_another_provider_they_wait_and_say_for_what(shop, only, vendor, work):
    forget(vendor)
    first = shop.message("Kod 1")
    work()
    second = shop.message("Kod 2")
    make_waiting_due_only()
    work()
    assert (state(first), state(second)) == ("queued", "queued")
    assert vendor.refused == ["7"]
    for message in (first, second):
        assert (
            message.waiting_for == "waiting for the approval of template code at first, which is in doubt (no-template)"
        )
    assert (first.attempts_made, second.attempts_made) == (1, 0)


def make_waiting_due_only():
    Message.objects.filter(status="queued").update(due_at=clock.now())


def test_a_waiting_message_expires_when_its_time_is_up(shop, only, vendor, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    Message.objects.update(expires_at=clock.now())
    rescue.expire()
    assert state(message) == "expired"


def test_refused_by_the_other_provider_it_still_waits_for_the_approval(shop, approval, vendor, wire, work):
    forget(vendor)
    wire.always["second.example"] = HttpResponse(413)
    message = shop.message("Kod 1")
    work()
    assert state(message) == "queued"
    vendor.templates.add("7")
    make_due()
    work()
    assert state(message) == "submitted"


def test_other_templates_of_the_provider_are_sent_as_before(shop, only, vendor, work):
    approve("order", shop.first, "8", body="Sifaris {order}")
    vendor.templates.add("8")
    forget(vendor, "7")
    shop.message("Kod 1")
    work()
    other = shop.message("Sifaris 5")
    work()
    assert state(other) == "submitted"
    assert ProviderState.objects.get(provider=shop.first).breaker == Breaker.CLOSED


def test_matching_goes_on(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    decision = snapshot.latest().decide(
        text="Kod 2", sender="AKINON", to="+994501234567", client=shop.client.pk, is_otp=True
    )
    assert [candidate.approval for candidate in decision.eligible] == [only.pk]


@pytest.mark.parametrize("code", ["no-address", "no-number"])
def test_a_code_that_says_nothing_of_an_approval_begins_no_doubt(shop, only, vendor, work, code):
    vendor.always = code
    message = shop.message("Kod 1")
    work()
    assert (state(message), doubts()) == ("failed", [])


def test_a_refused_sender_name_stops_all_templates_that_go_out_under_it(shop, only, vendor, work):
    approve("order", shop.first, "8", body="Sifaris {order}")
    vendor.templates.add("8")
    vendor.senders.clear()
    shop.message("Kod 1")
    work()
    other = shop.message("Sifaris 5")
    work()
    assert vendor.refused == ["7"]
    assert state(other) == "queued"
    assert other.waiting_for == "waiting for the approval of sender AKINON at first, which is in doubt (no-sender)"
    [alert] = Alert.objects.filter(closed_at=None)
    assert "sender AKINON at first" in alert.title
    assert "no-sender" in alert.title


# --- approvals that give the same text -----------------------------------------------------------


def test_of_an_old_id_and_a_new_one_the_one_that_is_not_in_doubt_is_used(shop, only, vendor, work):
    approve("code", shop.first, "9")
    vendor.templates = {"7"}
    first, second = shop.message("Kod 1"), None
    work()
    assert (state(first), vendor.refused) == ("queued", ["9"])
    second = shop.message("Kod 2")
    make_waiting_due_only()
    work()
    assert {state(first), state(second)} == {"submitted"}
    assert (vendor.taken, vendor.refused) == (["7", "7"], ["9"])


def test_another_template_that_gives_the_same_text_is_used(shop, only, vendor, work):
    approve("any-code", shop.first, "9", body="Kod{rest}")
    vendor.templates = {"9"}
    first = shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    assert state(first) == "submitted"
    assert (vendor.taken, vendor.refused) == (["9"], ["7"])
    assert first.template_version.template.name == "any-code"


def test_where_both_are_in_doubt_the_newest_is_probed(shop, only, vendor, work):
    newest = approve("code", shop.first, "9")
    vendor.templates = set()
    shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    assert vendor.refused == ["9", "7"]
    vendor.templates = {"9"}
    make_due()
    work()
    assert vendor.taken == ["9"]
    assert [each.template_approval_id for each in ApprovalDoubt.in_force()] != [newest.pk]


def test_where_both_are_in_doubt_the_older_is_probed_in_its_turn(shop, only, vendor, work):
    approve("code", shop.first, "9")
    vendor.templates = set()
    message = shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    vendor.templates = {"7"}
    make_due()
    for _ in range(2):
        make_waiting_due_only()
        work()
    assert (state(message), vendor.taken) == ("submitted", ["7"])


def in_doubt(approval, *, probe_in):
    now = clock.now()
    return ApprovalDoubt.objects.create(
        provider=approval.provider,
        template_approval=approval,
        vendor_key=approval.vendor_template,
        code="no-template",
        begun_at=now,
        probe_at=now + timedelta(seconds=probe_in),
        probe_interval=30,
    )


def test_two_templates_in_doubt_that_tie_at_one_provider_disturb_no_other(shop, approval, vendor, work):
    third = Provider.objects.create(slug="third", vendor=TemplateVendor.slug, base_url="https://third.example")
    SenderApproval.objects.create(sender=shop.sender, provider=third, status="approved")
    there = approve("code", third, "5")
    shop.set_route(shop.first, third)
    message = shop.message("Kod 1", provider_id=third.pk)
    tied = approve("same", shop.first, "9")
    in_doubt(approval, probe_in=-1)
    for each in (tied, there):
        in_doubt(each, probe_in=60)
    work()
    assert (state(message), message.crashes) == ("queued", 0)
    assert message.waiting_for == "waiting for the approval of template code at third, which is in doubt (no-template)"
    assert vendor.refused == vendor.taken == []


def test_a_new_approval_sends_what_waits_within_seconds(shop, only, vendor, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    assert state(message) == "queued"
    assert message.due_at <= clock.now() + timedelta(seconds=5)
    approve("code", shop.first, "9")
    vendor.templates.add("9")
    make_waiting_due_only()
    work()
    assert (state(message), vendor.taken) == ("submitted", ["9"])


# --- probes ------------------------------------------------------------------------------------------


def test_a_good_probe_ends_the_doubt_and_all_are_sent(shop, only, vendor, work):
    forget(vendor)
    messages = [shop.message("Kod 1")]
    work()
    messages += [shop.message(f"Kod {number}") for number in range(2, 30)]
    work()
    vendor.templates.add("7")
    make_due()
    work()
    make_due()
    work()
    assert {state(each) for each in messages} == {"submitted"}
    assert doubts() == []
    assert open_alerts() == []


def test_a_bad_probe_is_one_call_and_the_next_waits_longer(shop, only, vendor, work):
    forget(vendor)
    for number in range(20):
        shop.message(f"Kod {number}")
    work()
    calls = len(vendor.refused)
    intervals = []
    for _ in range(6):
        make_due()
        before = clock.now()
        work()
        doubt = ApprovalDoubt.objects.get()
        intervals.append(round((doubt.probe_at - before).total_seconds(), -1) if doubt.probe_at > before else 0)
        assert doubt.probe_until is None
    assert len(vendor.refused) == calls + 6
    assert intervals == [30, 60, 120, 240, 300, 300]
    assert set(Message.objects.values_list("status", flat=True)) == {"queued"}


def test_before_its_time_no_probe_is_made(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    doubt = ApprovalDoubt.objects.get()
    assert doubt.probe_at - doubt.begun_at == timedelta(seconds=15)
    make_waiting_due_only()
    work()
    assert vendor.refused == ["7"]


def test_a_probe_is_made_though_another_provider_would_take_the_message(shop, approval, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.templates.add("7")
    make_due()
    message = shop.message("Kod 2")
    work()
    assert (state(message), vendor.taken, doubts()) == ("submitted", ["7"], [])


def test_a_probe_with_another_outcome_ends_nothing(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.always = "no-number"
    make_due()
    work()
    assert doubts() == [(only.pk, None, "no-template")]
    assert ApprovalDoubt.objects.get().probe_until is None


def test_a_dispatcher_that_dies_with_the_probe_keeps_it_no_longer_than_its_lease(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.templates.add("7")
    ApprovalDoubt.objects.update(probe_until=clock.now() + timedelta(seconds=60))
    make_due()
    work()
    assert vendor.taken == []
    ApprovalDoubt.objects.update(probe_until=clock.now())
    make_due()
    work()
    assert (vendor.taken, doubts()) == (["7"], [])


def test_a_probe_that_was_never_begun_is_given_back(shop, only, vendor, wire, work):
    from providers.http import TooLate

    forget(vendor)
    shop.message("Kod 1")
    work()
    wire.script("first.example", TooLate())
    vendor.templates.add("7")
    make_due()
    work()
    assert ApprovalDoubt.objects.filter(probe_until__gt=clock.now()).count() == 0


def test_both_approvals_in_doubt_are_probed_by_one_message(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.senders.clear()
    make_due()
    work()
    assert len(doubts()) == 2
    vendor.senders.add("AKINON")
    vendor.templates.add("7")
    make_due()
    work()
    assert (vendor.taken, doubts()) == (["7"], [])


def test_a_breaker_is_probed_though_the_only_message_has_an_approval_in_doubt(shop, only, vendor, wire, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    ProviderState.objects.filter(provider=shop.first).update(breaker="open", probe_at=clock.now(), probe_interval=15)
    vendor.templates.add("7")
    make_waiting_due_only()
    work()
    assert (state(message), doubts()) == ("submitted", [])
    assert ProviderState.objects.get(provider=shop.first).breaker == Breaker.CLOSED


def test_where_the_first_provider_may_not_be_called_a_message_probes_the_doubt_at_the_second(shop, vendor, wire, work):
    approve("code", shop.first, "7")
    forget(vendor)
    shop.set_route(shop.second, shop.first)
    wire.always["second.example"] = HttpResponse(401)
    messages = [shop.message(f"Kod {number}") for number in range(3)]
    work()
    make_waiting_due_only()
    work()
    assert {state(each) for each in messages} == {"queued"}
    assert doubts()
    vendor.templates.add("7")
    for _ in range(3):
        make_due()
        work()
    assert {state(each) for each in messages} == {"submitted"}


# --- ends, and rows ------------------------------------------------------------------------------------


def confirmed(approval):
    TemplateApproval.objects.filter(pk=approval.pk).update(confirmed_at=timezone.now())


def renamed(approval):
    TemplateApproval.objects.filter(pk=approval.pk).update(vendor_template="77")


def ended(approval):
    TemplateApproval.objects.filter(pk=approval.pk).update(status="ended")


def deleted(approval):
    approval.delete()


@pytest.mark.parametrize("statement", [confirmed, renamed, ended, deleted])
def test_what_staff_state_anew_ends_the_doubt_and_its_alert(shop, only, vendor, work, statement):
    forget(vendor)
    shop.message("Kod 1")
    work()
    assert open_alerts() == [f"doubt:template:{only.pk}"]
    statement(only)
    assert doubts() == []
    approval_doubt.end_outdated()
    assert ApprovalDoubt.objects.count() == 0
    assert open_alerts() == []


def test_confirmed_wrongly_it_is_in_doubt_again(shop, only, vendor, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    confirmed(only)
    make_waiting_due_only()
    work()
    assert vendor.refused == ["7", "7"]
    assert (state(message), doubts()) == ("queued", [(only.pk, None, "no-template")])
    assert open_alerts() == [f"doubt:template:{only.pk}"]


def test_one_alert_names_the_template_the_provider_the_code_and_what_to_do(shop, only, vendor, work):
    forget(vendor)
    for number in range(3):
        shop.message(f"Kod {number}")
    work()
    [alert] = Alert.objects.all()
    assert alert.title == "The approval of template code at first is in doubt: no-template"
    assert alert.provider == shop.first
    assert "the vendor's 7" in alert.advice
    assert "end the doubt" in alert.advice


def test_a_fault_while_a_doubt_begins_leaves_neither_row_nor_alert_and_the_next_refusal_begins_it(
    shop, only, vendor, monkeypatch
):
    forget(vendor)
    monkeypatch.setattr(worker_engine, "RETRY_SECONDS", 0.0)
    engine = worker_engine.Engine(2)
    raising_once(monkeypatch, approval_doubt.alerts, "open_alert", OperationalError("gone"))
    message = shop.message("Kod 1")
    turn_until_idle(engine)
    assert (doubts(), open_alerts()) == ([], [])
    make_waiting_due_only()
    turn_until_idle(engine)
    engine.finish()
    assert doubts() == [(only.pk, None, "no-template")]
    assert state(message) == "queued"


def test_an_approval_deleted_while_its_call_was_under_way_stops_nothing(shop, only, vendor, wire, work):
    def refuse(request):
        TemplateApproval.objects.all().delete()
        return HttpResponse(422, {}, b"no-template")

    wire.script("first.example", refuse)
    message = shop.message("Kod 1")
    work()
    assert (state(message), doubts()) == ("queued", [])


def test_without_a_doubt_a_turn_asks_nothing_about_doubts(shop, only, vendor, work):
    asked = []

    def watch(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    for number in range(10):
        shop.message(f"Kod {number}")
    with connection.execute_wrapper(watch):
        work()
    about = [sql for sql in asked if "approvaldoubt" in sql and "AS one LEFT JOIN sms_providerstate" not in sql]
    assert len(vendor.taken) == 10
    # the chore that ends outdated doubts asks twice in its round
    assert len(about) <= 2


@pytest.mark.postgresql_alone
def test_many_at_once_take_one_probe(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    make_due()
    [doubt] = approval_doubt.read_doubts().templates.values()
    account = snapshot.current().accounts[shop.first.pk]
    start = threading.Barrier(4)

    def take(_):
        start.wait(30)
        try:
            return approval_doubt.take_probe([doubt], account, now=clock.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(4))) == [False, False, False, True]


@pytest.mark.postgresql_alone
def test_many_refusals_at_once_begin_one_doubt_with_one_alert(shop, only, vendor):
    account = snapshot.current().accounts[shop.first.pk]
    job = type("Job", (), {"account": account, "approval": only.pk, "doubts": (), "message": shop.message("Kod 1")})()
    refusal = error(Misconfigured, Failure.CONFIG, "no-template")
    start = threading.Barrier(4)

    def record(_):
        start.wait(30)
        try:
            approval_doubt.record_outcomes(account, [(job, refusal)])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, range(4)))
    assert doubts() == [(only.pk, None, "no-template")]
    assert Alert.objects.count() == 1
